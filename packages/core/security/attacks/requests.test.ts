/** Where requests go, what they carry, and what is told of them. */
import { describe, expect, test } from 'vitest'
import { keyEndpoint, remoteJwks } from '../../src/index.ts'
import {
  errorOf,
  eventLog,
  eventually,
  json,
  jwks,
  jwt,
  loopbackServer,
  manualClock,
  provider,
  signer,
  status,
} from '../../test/loopback-issuer.ts'
import { attackOn, engines, record, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const evil = signer('ES256', 'k1')
const SECRET = 'secret-d0nt-tell-anyone-0123456789'

describe('RFC 8725 3.10, 8725bis 3.10: a redirect is not followed', () => {
  for (const { name, createVerifier } of engines) {
    for (const code of [300, 301, 302, 303, 307, 308]) {
      test(`${code}, on the ${name} engine`, async (context) => {
        const elsewhere = await loopbackServer(jwks([evil]))
        const server = await loopbackServer(status(code, { location: elsewhere.url }))
        const verifier = createVerifier({
          providers: [
            provider([], { keys: remoteJwks(server.url, { headers: { authorization: `Bearer ${SECRET}` } }) }),
          ],
          clock: manualClock(),
        })
        const verdict = await verdictOn(() => verifier.verify(jwt(evil)))
        record(context, name, 'KEYS_UNAVAILABLE', verdict)
        expect(verdict).toBe('KEYS_UNAVAILABLE')
        expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${SECRET}`])
        expect(elsewhere.requests).toEqual([])
      })
    }
  }
})

const INSECURE = [
  ...['http://id.example/keys', 'http://10.0.0.1/keys', 'http://169.254.169.254/latest', 'http://0.0.0.0/keys'],
  ...['http://127.0.0.1.evil.example/keys', 'http://localhost.evil.example/keys', 'http://[::ffff:10.0.0.1]/keys'],
  ...['ftp://id.example/keys', 'file:///etc/passwd', 'data:application/json,{}', 'javascript:0', 'id.example/keys', ''],
]
describe('RFC 8725 3.10: keys come over https, or from this machine', () => {
  for (const url of INSECURE) {
    test(`${url || '(nothing)'} is no address of keys`, async () => {
      expect(await verdictOn(() => remoteJwks(url))).toBe('CONFIG_INVALID')
    })
  }
  test('https, and http on this machine, are', async () => {
    for (const url of ['https://id.example/keys', 'http://127.0.0.1:1/keys', 'http://localhost/keys', 'http://[::1]/k'])
      expect(await verdictOn(() => remoteJwks(url))).toBe('accepted')
  })
})

attackOn(
  'RFC 8725 3.10: an address that a source makes at run time is held to the same',
  'KEYS_UNAVAILABLE',
  async (engine) => {
    const server = await loopbackServer(json(key.jwk))
    const made = (origin: string) =>
      engine.createVerifier({
        providers: [
          provider([], { keys: keyEndpoint((kid) => `${origin}/${kid}`, { format: 'jwk', kidPattern: /\w+/ }) }),
        ],
        clock: manualClock(),
        fetch: async (input, init) => fetch(String(input).replace('http://169.254.169.254', server.origin), init),
      })
    expect(await verdictOn(() => made(server.origin).verify(jwt(key)))).toBe('accepted')
    expect(server.requests.length).toBe(1)
    const refused = await verdictOn(() => made('http://169.254.169.254').verify(jwt(key)))
    expect(server.requests.length).toBe(1)
    return refused
  },
)

describe('10: a key source’s secrets are in no error, event or status', () => {
  for (const { name, createVerifier } of engines) {
    test(`whatever the endpoint answers, on the ${name} engine`, async () => {
      const echoing = await loopbackServer(jwks([key]))
      const urls = [echoing.url, `${echoing.url}?api_key=${SECRET}`]
      for (const url of urls) {
        const { all, onEvent } = eventLog()
        const clock = manualClock()
        const verifier = createVerifier({
          providers: [provider([], { keys: remoteJwks(url, { headers: { authorization: `Bearer ${SECRET}` } }) })],
          clock,
          onEvent,
          cache: { timeoutMs: 300 },
        })
        const told: unknown[] = []
        const answers = [
          status(500),
          status(302, { location: `https://evil.example/?t=${SECRET}` }),
          json({ error: `invalid token ${SECRET}` }),
          json(`Bearer ${SECRET}`),
          json([`Bearer ${SECRET}`]),
          (request: { headers: object }, response: { end: (body: string) => void }) =>
            response.end(`<p>${JSON.stringify(request.headers)}</p>`),
          () => {},
          jwks([key]),
        ]
        for (const answer of answers) {
          echoing.answer = answer as typeof echoing.answer
          await verifier.verify(jwt(key)).catch((error: unknown) => told.push(error))
          told.push(verifier.status(), await verifier.explain(jwt(key)))
          clock.advance(10_000)
        }
        expect(await verdictOn(() => verifier.verify(jwt(key)))).toBe('accepted')
        told.push(...all, verifier.export())
        expect(told.length).toBeGreaterThan(answers.length * 2)
        for (const one of told) expect(withCauses(one)).not.toContain(SECRET)
      }
    })
  }
})

test('10: a secret in an address that is refused is not told', async () => {
  for (const url of [
    `https://user:${SECRET}@id.example/keys`,
    `https://${SECRET}@id.example/keys`,
    `http://id.example/keys?api_key=${SECRET}`,
    `https://id.example/keys#${SECRET}`,
  ]) {
    const error = await errorOf(() => remoteJwks(url))
    expect([error.code, withCauses(error).includes(SECRET)]).toEqual(['CONFIG_INVALID', false])
    expect(error.message).toContain('id.example/keys')
  }
  expect(await verdictOn(() => remoteJwks(`https://id.example/keys?api_key=${SECRET}`))).toBe('accepted')
})

/** All that can be read of a value, the errors in it with their causes. */
function withCauses(value: unknown): string {
  return (
    JSON.stringify(value, (_, one) =>
      one instanceof Error ? { ...one, message: one.message, stack: one.stack, cause: one.cause } : one,
    ) ?? ''
  )
}

attackOn(
  'RFC 8725 3.10: an attacker’s provider beside a good one gets no request of it',
  'accepted',
  async (engine) => {
    const good = await loopbackServer(jwks([key]))
    const bad = await loopbackServer(jwks([evil]))
    const verifier = engine.createVerifier({
      providers: [
        provider([], { name: 'evil', issuer: 'https://evil.example', keys: remoteJwks(bad.url) }),
        provider([], { keys: remoteJwks(good.url, { headers: { authorization: SECRET } }) }),
      ],
      clock: manualClock(),
    })
    const verdict = (jwt: string): Promise<string> => verdictOn(() => verifier.verify(jwt))
    expect(await verdict(jwt(evil))).toBe('SIGNATURE_INVALID')
    expect(bad.requests).toEqual([])
    expect(await verdict(jwt(key, { iss: 'https://evil.example' }))).toBe('SIGNATURE_INVALID')
    expect(await verdict(jwt(evil, { iss: 'https://evil.example' }))).toBe('accepted')
    expect(await verdict(jwt(evil, { iss: 'https://third.example' }))).toBe('ISSUER_UNKNOWN')
    expect([good.requests.length, bad.requests.length]).toEqual([1, 1])
    expect(bad.requests[0]?.headers.authorization).toBeUndefined()
    return verdict(jwt(key))
  },
)

attackOn(
  'RFC 8725 3.8: an attacker’s provider that is down, or floods, takes nobody with it',
  'accepted',
  async (engine) => {
    const good = await loopbackServer(jwks([key]))
    const bad = await loopbackServer(status(503, { 'retry-after': '3600' }))
    const clock = manualClock()
    const verifier = engine.createVerifier({
      providers: [
        provider([], { name: 'evil', issuer: 'https://evil.example', keys: remoteJwks(bad.url) }),
        provider([], { keys: remoteJwks(good.url) }),
      ],
      clock,
    })
    const verdict = (jwt: string): Promise<string> => verdictOn(() => verifier.verify(jwt))
    for (let index = 0; index < 50; index++)
      expect(await verdict(jwt(evil, { iss: 'https://evil.example' }, { kid: `x${index}` }))).toBe('KEYS_UNAVAILABLE')
    const next = signer('ES256', 'k2')
    expect(await verdict(jwt(key))).toBe('accepted')
    good.answer = jwks([key, next])
    await eventually(() => verdict(jwt(next))).toBe('accepted')
    expect(bad.requests.length).toBe(1)
    return verdict(jwt(key))
  },
)
