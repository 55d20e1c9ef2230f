// A Fastify server that verifies a bearer token on each request, in a process of its own.
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import fastify from 'fastify'
import { inputFromParent } from '../child-process.ts'
import { keysource, PEERS, platformLimit, type Verify } from '../speed/contestants.ts'
import type { IssuedTokens } from '../speed/tokens.ts'
import type { ServerAddress, ServerInput } from './servers.ts'

const BEARER = 'Bearer '
/** Longer than a round, so that no connection is opened anew within one. */
const KEEP_ALIVE_MS = 60_000

const input = await inputFromParent<ServerInput>()
const verify = await verifyOf(input)
const app = fastify({ keepAliveTimeout: KEEP_ALIVE_MS })
app.get('/', async ({ headers: { authorization = '', 'x-index': index } }, reply) => {
  try {
    await verify(authorization.slice(BEARER.length), Number(index))
    return { ok: true }
  } catch {
    return reply.code(401).send({ ok: false })
  }
})
const url = await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ url } satisfies ServerAddress)

function verifyOf({ kind, tokens, jwks, ...rest }: ServerInput): Verify | Promise<Verify> {
  const keys = jwks.map((jwk) => ({
    kid: jwk.kid ?? '',
    jwk,
    publicKey: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }),
  }))
  const issued: IssuedTokens = { ...rest, keys, tokens }
  if (kind === 'crypto.verify') return platformLimit(issued).atOnce
  const contestant = [keysource, ...PEERS].find(({ name }) => name === kind)
  if (!contestant) throw new RangeError(`expected a contestant, found ${kind}`)
  return contestant.start(issued)
}
