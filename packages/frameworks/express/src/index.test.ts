import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { VerifiedToken, Verifier } from '@keysource/core'
import { callerOf, describeHttpAuth, type HttpRouteOptions, type HttpServer } from '@keysource/testing'
import express5, { type Express } from 'express'
import { describe, expect, it } from 'vitest'
import { requireAuth } from './index.ts'

const express4: typeof express5 = createRequire(import.meta.url)('express4')
const MAJORS = { 'express 4': express4, 'express 5': express5 }

function listen(app: Express): Promise<HttpServer> {
  return new Promise((resolve) => {
    const server: Server = app.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      const close = (): Promise<void> => new Promise((closed) => void server.close(() => closed()))
      resolve({ url: `http://127.0.0.1:${port}`, close })
    })
  })
}

type Routes = readonly (readonly [path: string, options: HttpRouteOptions])[]

for (const [name, express] of Object.entries(MAJORS)) {
  describeHttpAuth({
    runner: { describe, it },
    name,
    start(verifier: Verifier<VerifiedToken>, routes: Routes) {
      const app = express()
      for (const [path, options] of routes) {
        app.options(path, requireAuth(verifier, options), (_req, res) => void res.status(204).end())
        app.all(path, requireAuth(verifier, options), (req, res) => void res.json(callerOf(req.auth)))
      }
      return listen(app)
    },
  })
}

describe('requireAuth', () => {
  it('refuses a wrong option when it is made', () => {
    const verifier = { verify: async () => expect.unreachable() }
    expect(() => requireAuth(verifier, { scope: 'a' } as never)).toThrow(/unknown option "scope"/)
  })
})
