// An empty server that verifies a token on each request, by a framework's package or by hand, in a process of its own.
import type { AddressInfo } from 'node:net'
import { createVerifier, defineProvider, staticJwks } from '@keysource/core'
import { requireAuth } from '@keysource/express'
import { keysource } from '@keysource/fastify'
import express from 'express'
import fastify from 'fastify'
import { inputFromParent } from '../child-process.ts'
import type { ServerAddress, ServerInput } from '../http/servers.ts'
import type { FrameworkKind } from './kinds.ts'

const BEARER = 'Bearer '
/** Longer than a round, so that no connection is opened anew within one. */
const KEEP_ALIVE_MS = 60_000

const { kind, issuer, audience, jwks } = await inputFromParent<ServerInput<FrameworkKind>>()
const acme = defineProvider({ name: 'acme', issuer, audience, keys: staticJwks({ keys: [...jwks] }) })
const verifier = createVerifier({ providers: [acme] })
await verifier.ready()
const url = await (kind.startsWith('express') ? startExpress() : startFastify())
process.send?.({ url } satisfies ServerAddress)

function startExpress(): Promise<string> {
  const app = express()
  if (kind === 'express') app.get('/', requireAuth(verifier), (req, res) => void res.json({ for: req.auth?.subject }))
  else {
    app.get('/', async (req, res) => {
      const { subject } = await verifier.verify((req.headers.authorization ?? '').slice(BEARER.length))
      res.json({ for: subject })
    })
  }
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
    server.keepAliveTimeout = KEEP_ALIVE_MS
  })
}

async function startFastify(): Promise<string> {
  const app = fastify({ keepAliveTimeout: KEEP_ALIVE_MS })
  if (kind === 'fastify') {
    await app.register(keysource, { verifier })
    app.get('/', async ({ auth }) => ({ for: auth?.subject }))
  } else {
    app.get('/', async ({ headers: { authorization = '' } }) => {
      const { subject } = await verifier.verify(authorization.slice(BEARER.length))
      return { for: subject }
    })
  }
  return app.listen({ port: 0, host: '127.0.0.1' })
}
