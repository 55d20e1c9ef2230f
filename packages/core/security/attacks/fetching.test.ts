/** Fetching and freshness: real servers on loopback, whose requests are counted. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  type CacheOptions,
  type KeySource,
  type Provider,
  remoteJwks,
  unchecked,
  type Verifier,
} from '../../src/index.ts'
import {
  type Answer,
  eventLog,
  eventually,
  hang,
  json,
  jwks,
  jwkWith,
  jwt,
  type LoopbackServer,
  loopbackServer,
  type ManualClock,
  manualClock,
  part,
  provider,
  signer,
  status,
} from '../../test/loopback-issuer.ts'
import { attackOn, type Engine, engines, record, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const next = signer('ES256', 'k2')
const evil = signer('ES256', 'k1')
/** No token of these tests is over before its keys are. */
const lasting = { exp: 1_900_000_000 }
const token = jwt(key, lasting)

interface Setting {
  readonly server: LoopbackServer
  readonly clock: ManualClock
  readonly verifier: Verifier
  readonly verdict: (jwt: string) => Promise<string>
}

/** A verifier whose keys are behind a server, and loaded. */
async function setting(
  engine: Engine,
  answer: Answer,
  cache: CacheOptions = {},
  more: { readonly tokenCache?: { readonly max: number } } = {},
): Promise<Setting> {
  const server = await loopbackServer(answer)
  const clock = manualClock()
  const providers: readonly Provider[] = [provider([], { keys: remoteJwks(server.url) })]
  const verifier = engine.createVerifier({ providers, clock, cache, ...more })
  return { server, clock, verifier, verdict: (jwt) => verdictOn(() => verifier.verify(jwt), jwt) }
}

const [, payload = '', signature = ''] = token.split('.')
/** A token that names a key that no one has. Its signature is another's: a flood takes no trouble either. */
const forged = (index: number): string => `${part({ alg: 'ES256', kid: `forged-${index}` })}.${payload}.${signature}`

attackOn(
  'CVE-2026-48524, go-oidc #482, tilegroxy #883, buildkite #496: 10,000 forged kids cost burst + time / cooldown',
  'KEY_NOT_FOUND',
  async (engine) => {
    const { server, clock, verifier, verdict } = await setting(engine, jwks([key]))
    expect(await verdict(token)).toBe('accepted')
    const before = server.requests.length
    for (let second = 0; second < 20; second++) {
      const flood = Array.from({ length: 500 }, (_, index) => verdict(forged(second * 500 + index)))
      expect(await verdict(token)).toBe('accepted')
      expect(new Set(await Promise.all(flood))).toEqual(new Set(['KEY_NOT_FOUND']))
      clock.advance(1000)
    }
    // Burst 2, one more each 5 s of the 20.
    expect(server.requests.length - before).toBeLessThanOrEqual(2 + 20 / 5)
    expect(verifier.status()).toMatchObject([{ requests: server.requests.length }])
    return verdict(forged(0))
  },
)

attackOn(
  'jwks-rsa-java #173, Engram #1641: a flood delays neither held keys nor a real rotation by more than one cooldown',
  'accepted',
  async (engine) => {
    const { server, clock, verdict } = await setting(engine, jwks([key]))
    expect(await verdict(token)).toBe('accepted')
    for (let index = 0; index < 100; index++) await verdict(forged(index))
    server.answer = jwks([key, next])
    const rotated = jwt(next, lasting)
    expect(await verdict(rotated)).toBe('KEY_NOT_FOUND')
    expect(await verdict(token)).toBe('accepted')
    clock.advance(5000)
    return verdict(rotated)
  },
)

attackOn('jwks-rsa-java #173: held keys are used while the flood’s own request hangs', 'accepted', async (engine) => {
  const { server, verdict, verifier } = await setting(engine, jwks([key]))
  expect(await verdict(token)).toBe('accepted')
  server.answer = hang
  const waiting = verdict(forged(0))
  const answer = await verdict(token)
  verifier.close()
  expect(await waiting).toBe('CLOSED')
  return answer
})

attackOn('mobula #28: an empty set does not lift the limit', 'KEYS_UNAVAILABLE', async (engine) => {
  const { server, clock, verdict } = await setting(engine, json({ keys: [] }))
  for (let index = 0; index < 500; index++) await verdict(forged(index))
  expect(server.requests.length).toBe(1)
  for (let second = 0; second < 20; second++) {
    clock.advance(1000)
    await Promise.all([verdict(forged(0)), verdict(forged(1)), verdict(token)])
  }
  // Back-off from 1 s to 5 s while there is no set.
  expect(server.requests.length).toBeLessThanOrEqual(1 + 20)
  expect(server.requests.length).toBeGreaterThan(2)
  const refused = await verdict(token)
  server.answer = jwks([key])
  clock.advance(6000)
  expect(await verdict(token)).toBe('accepted')
  return refused
})

attackOn('CVE-2026-48524: tokens that come at once share one request', 'accepted', async (engine) => {
  const { server, verdict } = await setting(engine, jwks([key]))
  const verdicts = await Promise.all(Array.from({ length: 200 }, () => verdict(token)))
  expect(server.requests.length).toBe(1)
  return verdicts.every((one) => one === 'accepted') ? 'accepted' : 'some are not'
})

const trickle: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":[')
  const more = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(more))
}
const endless: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const pour = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
  }
  response.on('drain', pour)
  pour()
}
const raw =
  (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body)

/** Answers that are no keys. The last ones are for the deadline, which they meet in real time. */
const FAILURES: readonly (readonly [name: string, answer: Answer])[] = [
  ...[201, 204, 400, 401, 403, 404, 410, 429, 500, 502, 503].map((code) => [`${code}`, status(code)] as const),
  [
    '500 with a good set',
    (_request, response) => void response.writeHead(500).end(JSON.stringify({ keys: [evil.jwk] })),
  ],
  ['an HTML page with 200', raw('<!doctype html><title>Sign in</title>', { 'content-type': 'text/html' })],
  ['an empty body', raw('')],
  ['an empty set', json({ keys: [] })],
  ['null', json(null)],
  ['an array', json([evil.jwk])],
  ['an error object', json({ error: 'server_error' })],
  ['keys that is an object', json({ keys: { k1: evil.jwk } })],
  ['a set of keys none of which serves', json({ keys: [jwkWith(evil.jwk, { use: 'enc' }), { kty: 'oct', k: 'AA' }] })],
  ['a set of nulls', json({ keys: [null, null] })],
  ['half a set', raw(JSON.stringify({ keys: [evil.jwk] }).slice(0, -10))],
  [
    'a body that breaks off',
    (_request, response) => {
      response.writeHead(200, { 'content-length': '10000' }).write('{"keys":[')
      setTimeout(() => response.destroy(), 10)
    },
  ],
  ['a connection that breaks off', (request) => void request.socket.destroy()],
  ['8 MiB', raw(Buffer.alloc(8 << 20, 0x20))],
  ['8 MiB in 8 KiB of gzip', raw(gzipSync(Buffer.alloc(8 << 20, 0x20)), { 'content-encoding': 'gzip' })],
  ['a body without an end', endless],
  ['a body deeper than any stack', raw('['.repeat(500_000))],
  ['headers that never come', hang],
  ['a body that trickles', trickle],
]
const late = ['headers that never come', 'a body that trickles']

describe('CVE-2026-48524, fastapi-zitadel #149, get-jwks: a failed refresh replaces nothing', () => {
  for (const engine of engines) {
    for (const [name, answer] of FAILURES) {
      test(`${name}, on the ${engine.name} engine`, async (context) => {
        const timeoutMs = late.includes(name) ? 200 : 5000
        const { server, clock, verifier, verdict } = await setting(engine, jwks([key]), { timeoutMs })
        expect(await verdict(token)).toBe('accepted')
        server.answer = answer
        clock.advance(600_000) // past the lifetime
        const verdicts = [await verdict(token), await verdict(token)]
        await eventually(() => verifier.status()[0]?.failures).toBe(1)
        clock.advance(86_000_000 - 600_000) // short of staleIfErrorMs
        verdicts.push(await verdict(token))
        for (const one of verdicts) {
          record(context, engine.name, 'accepted', one)
          expect(one).toBe('accepted')
        }
        expect(verifier.status()).toMatchObject([{ keys: [{ kid: 'k1' }], state: 'stale' }])
        await eventually(() => (verifier.status()[0]?.failures ?? 0) > 1).toBe(true)
        clock.advance(500_000)
        const expired = await verdict(token)
        record(context, engine.name, 'KEYS_UNAVAILABLE', expired)
        expect(expired).toBe('KEYS_UNAVAILABLE')
      })
    }
  }
})

attackOn(
  'jwks-rsa-java #239, get-jwks: a withdrawn key is refused after the next success, also for cached tokens',
  'KEY_NOT_FOUND',
  async (engine) => {
    const { server, clock, verdict } = await setting(engine, jwks([key]), {}, { tokenCache: { max: 100 } })
    for (let round = 0; round < 3; round++) expect(await verdict(token)).toBe('accepted')
    server.answer = jwks([next])
    expect(await verdict(token)).toBe('accepted')
    clock.advance(600_001)
    await verdict(token) // starts the refresh, and waits for it when the process was idle
    await eventually(() => server.requests.length).toBeGreaterThanOrEqual(2)
    expect(await verdict(jwt(next, lasting))).toBe('accepted')
    return verdict(token)
  },
)

attackOn(
  'jwks-rsa-java #239: other material under a held kid replaces it, and is told',
  'SIGNATURE_INVALID',
  async (engine) => {
    const server = await loopbackServer(jwks([key]))
    const clock = manualClock()
    const { onEvent, of } = eventLog()
    const verifier = engine.createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock,
      onEvent,
      tokenCache: { max: 10 },
    })
    const verdict = (jwt: string): Promise<string> => verdictOn(() => verifier.verify(jwt), jwt)
    expect(await verdict(token)).toBe('accepted')
    server.answer = jwks([evil])
    clock.advance(600_001)
    await verdict(token)
    await eventually(() => of('key-changed').length).toBe(1)
    expect(await verdict(jwt(evil, lasting))).toBe('accepted')
    return verdict(token)
  },
)

attackOn(
  'heimdall #3444: providers that share one source keep their own rules',
  'AUDIENCE_MISMATCH',
  async (engine) => {
    const server = await loopbackServer(jwks([key, signer('RS256', 'rsa')]))
    const keys: KeySource = remoteJwks(server.url)
    const lax = { name: 'lax', issuer: 'https://lax.example', keys, audience: unchecked('a test') } as const
    const verifier = engine.createVerifier({
      providers: [provider([], { keys, algorithms: ['ES256'] }), provider([], lax)],
      clock: manualClock(),
      tokenCache: { max: 10 },
    })
    const verdict = (jwt: string): Promise<string> => verdictOn(() => verifier.verify(jwt), jwt)
    expect(await verdict(jwt(key, { ...lasting, iss: lax.issuer, aud: 'other' }))).toBe('accepted')
    expect(await verdict(token)).toBe('accepted')
    expect(await verdict(jwt(key, lasting, { alg: 'RS256' }))).toBe('ALG_NOT_ALLOWED')
    return verdict(jwt(key, { ...lasting, aud: 'other' }))
  },
)
