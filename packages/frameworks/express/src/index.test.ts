import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { VerifiedToken, Verifier } from '@keysource/core'
import { callerOf, describeHttpAuth, type HttpRouteOptions, listen } from '@keysource/testing'
import express5, { type ErrorRequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import { AuthRefusal, requireAuth, requireScopes } from './index.ts'

const express4: typeof express5 = createRequire(import.meta.url)('express4')
const MAJORS = { 'express 4': express4, 'express 5': express5 }

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
      return listen(createServer(app))
    },
  })
}

describe('requireAuth', () => {
  const token = { subject: 'ada', scopes: ['a'], provider: 'acme', claims: {} } as unknown as VerifiedToken
  const verifier = { verify: async () => token }
  const headers = { authorization: 'Bearer a.b.c' }

  it('refuses a wrong option when it is made', () => {
    expect(() => requireAuth(verifier, { scope: 'a' } as never)).toThrow(/unknown option "scope"/)
  })

  for (const [name, express] of Object.entries(MAJORS)) {
    it(`is followed by requireScopes in ${name}`, async () => {
      const app = express()
      app.get('/early', requireScopes('a'), (_req, res) => void res.send(''))
      app.use(requireAuth(verifier))
      app.get('/a', requireScopes('a'), (req, res) => void res.send(req.auth?.subject))
      app.get('/b', requireScopes('b'), (_req, res) => void res.send(''))
      app.use(((error, _req, res, _next) => void res.status(500).send(error.message)) satisfies ErrorRequestHandler)
      const { url, close } = await listen(createServer(app))
      expect(await (await fetch(`${url}/a`, { headers })).text()).toBe('ada')
      expect((await fetch(`${url}/b`, { headers })).headers.get('www-authenticate')).toBe(
        'Bearer error="insufficient_scope", scope="b"',
      )
      expect(await (await fetch(`${url}/early`, { headers })).text()).toMatch(/expected requireAuth before it/)
      await close()
    })

    it(`hands refusals, and faults of the program, to next in ${name}`, async () => {
      const app = express()
      const broken = { verify: () => Promise.reject(new TypeError('broken')) }
      app.get('/', requireAuth(verifier, { passErrors: true }), (_req, res) => void res.send(''))
      app.get('/broken', requireAuth(broken), (_req, res) => void res.send(''))
      app.use(((error, _req, res, _next) => {
        res.status(error.status ?? 500).send(error instanceof AuthRefusal ? 'refused' : error.message)
      }) satisfies ErrorRequestHandler)
      const { url, close } = await listen(createServer(app))
      const refused = await fetch(url)
      expect([refused.status, await refused.text()]).toEqual([401, 'refused'])
      const fault = await fetch(`${url}/broken`, { headers })
      expect([fault.status, await fault.text()]).toEqual([500, 'broken'])
      await close()
    })
  }
})
