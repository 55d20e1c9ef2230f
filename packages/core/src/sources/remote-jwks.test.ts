import { describe, expect, test } from 'vitest'
import { CERTIFICATE_KEY, EXPIRED_CERTIFICATE, VALID_CERTIFICATE } from '../../test/certificates.ts'
import {
  errorOf,
  eventLog,
  eventually,
  json,
  jwks,
  jwt,
  loopbackServer,
  manualClock,
  NOW,
  provider,
  signer,
  status,
  verdict,
} from '../../test/loopback-issuer.ts'
import { createVerifier, type RemoteJwksOptions, remoteJwks } from '../index.ts'

const key = signer()
const rsa = signer('RS256', 'rsa')
const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const LONG = NOW + 1_000_000

function over(url: string, options: RemoteJwksOptions = {}) {
  const events = eventLog()
  const clock = manualClock()
  const providers = [provider([], { keys: remoteJwks(url, options) })]
  return { verifier: createVerifier({ providers, clock, onEvent: events.onEvent }), events, clock }
}

describe('remoteJwks reads', () => {
  const cases: readonly (readonly [
    name: string,
    format: RemoteJwksOptions['format'],
    body: unknown,
    expected: string,
  ])[] = [
    ['a JWK Set', undefined, { keys: [key.jwk] }, 'accepted'],
    ['a JWK Set by name', 'jwks', { keys: [key.jwk] }, 'accepted'],
    ['a JWK Set with other members', 'jwks', { issuer: 'x', keys: [key.jwk] }, 'accepted'],
    ['an array, where a set is expected', 'jwks', [key.jwk], 'KEYS_UNAVAILABLE'],
    ['an array of JWKs', 'jwk-array', [rsa.jwk, key.jwk], 'accepted'],
    ['a set, where an array is expected', 'jwk-array', { keys: [key.jwk] }, 'KEYS_UNAVAILABLE'],
    ['a map of public keys in PEM', 'pem-map', { k1: pem }, 'accepted'],
    ['a map in which one is no key', 'pem-map', { other: 'garbage', more: 5, k1: pem }, 'accepted'],
    ['a map of other kids', 'pem-map', { other: pem }, 'KEY_NOT_FOUND'],
    ['a map of no keys', 'pem-map', {}, 'KEYS_UNAVAILABLE'],
    ['a map of garbage', 'pem-map', { k1: 'garbage' }, 'KEYS_UNAVAILABLE'],
    ['an array, where a map is expected', 'pem-map', [pem], 'KEYS_UNAVAILABLE'],
    ['null, where a map is expected', 'pem-map', null, 'KEYS_UNAVAILABLE'],
    ['text, where a map is expected', 'pem-map', pem, 'KEYS_UNAVAILABLE'],
  ]
  for (const [name, format, body, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      const server = await loopbackServer(json(body))
      expect(await verdict(() => over(server.url, { format }).verifier.verify(jwt(key)))).toBe(expected)
    })
  }

  for (const [format, body, message] of [
    ['jwks', [], 'expected a JWK Set, an object with an array "keys", found an array of 0'],
    ['jwk-array', { keys: [] }, 'expected an array of JWKs, found an object'],
    ['pem-map', [], 'expected an object from kid to PEM, found an array of 0'],
  ] as const) {
    test(`another body than ${format}, and says what was expected`, async () => {
      const server = await loopbackServer(json(body))
      const error = await errorOf(() => over(server.url, { format }).verifier.verify(jwt(key)))
      expect(error.message).toContain(`${server.url}: ${message}`)
    })
  }

  test('certificates in a map, with their dates', async () => {
    const server = await loopbackServer(json({ now: VALID_CERTIFICATE, past: EXPIRED_CERTIFICATE }))
    const { verifier } = over(server.url, { format: 'pem-map' })
    expect(await verdict(() => verifier.verify(jwt(CERTIFICATE_KEY, {}, { kid: 'now' })))).toBe('accepted')
    expect(await errorOf(() => verifier.verify(jwt(CERTIFICATE_KEY, {}, { kid: 'past' })))).toMatchObject({
      code: 'KEY_NOT_FOUND',
      found: expect.stringContaining('has ended'),
    })
  })

  test('a map, and says of each text that is no key what it is', async () => {
    const server = await loopbackServer(json({ bad: 'garbage', k1: pem }))
    const { verifier, events } = over(server.url, { format: 'pem-map' })
    await verifier.verify(jwt(key))
    expect(events.of('key-skipped')).toMatchObject([
      { kid: 'bad', reason: expect.stringContaining('unreadable PEM: ') },
    ])
  })
})

describe('the headers of remoteJwks', () => {
  test('are sent with each request', async () => {
    const server = await loopbackServer(jwks([key]))
    await over(server.url, { headers: { authorization: 'Bearer a', 'x-own': 'b' } }).verifier.verify(jwt(key))
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      path: '/keys',
      headers: { authorization: 'Bearer a', 'x-own': 'b', accept: 'application/json' },
    })
  })

  for (const [name, later] of [
    ['at once', false],
    ['later', true],
  ] as const) {
    test(`are made anew for each request by a function that answers ${name}`, async () => {
      const server = await loopbackServer(jwks([key], { 'cache-control': 'max-age=30' }))
      let made = 0
      const headers = () => {
        made += 1
        const value = { authorization: `Bearer ${made}` }
        return later ? Promise.resolve(value) : value
      }
      const { verifier, clock } = over(server.url, { headers })
      expect(made).toBe(0)
      await verifier.verify(jwt(key, { exp: LONG }))
      clock.advance(100_000)
      await verifier.verify(jwt(key, { exp: LONG }))
      expect(server.requests.map((request) => request.headers.authorization)).toEqual(['Bearer 1', 'Bearer 2'])
    })
  }

  test('that cannot be made are a fault of the keys, not of the token', async () => {
    const server = await loopbackServer(jwks([key]))
    const headers = async () => JSON.parse('{')
    const error = await errorOf(() => over(server.url, { headers }).verifier.verify(jwt(key)))
    expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503 })
    expect(server.requests).toHaveLength(0)
  })
})

describe('a set that did not change', () => {
  for (const [validator, value, condition] of [
    ['etag', '"v1"', 'if-none-match'],
    ['last-modified', 'Fri, 15 Jan 2027 07:00:00 GMT', 'if-modified-since'],
  ] as const) {
    test(`is asked for by its ${validator}, and 304 renews its lifetime`, async () => {
      const server = await loopbackServer(jwks([key], { [validator]: value, 'cache-control': 'max-age=60' }))
      const { verifier, events, clock } = over(server.url)
      await verifier.verify(jwt(key, { exp: LONG }))
      expect(server.requests[0]?.headers[condition]).toBeUndefined()
      server.answer = status(304, { 'cache-control': 'max-age=90' })
      clock.advance(70_000)
      await verifier.verify(jwt(key, { exp: LONG }))
      await eventually(() => events.of('refreshed').length).toBe(2)
      expect(server.requests[1]?.headers[condition]).toBe(value)
      expect(events.of('refreshed')[1]).toMatchObject({ keys: 1, notModified: true })
      expect(verifier.status()).toMatchObject([{ state: 'fresh', lifetimeMs: 90_000, keys: [{ kid: 'k1' }] }])
      expect(await verdict(() => verifier.verify(jwt(key, { exp: LONG })))).toBe('accepted')

      clock.advance(95_000) // what was held is still what is asked about
      await verifier.verify(jwt(key, { exp: LONG }))
      expect(server.requests[2]?.headers[condition]).toBe(value)
    })
  }

  test('is asked for by its etag alone, where it has both', async () => {
    const headers = { etag: '"v1"', 'last-modified': 'Fri, 15 Jan 2027 07:00:00 GMT' }
    const server = await loopbackServer(jwks([key], headers))
    const { verifier, clock } = over(server.url)
    await verifier.verify(jwt(key, { exp: LONG }))
    clock.advance(700_000)
    await verifier.verify(jwt(key, { exp: LONG }))
    expect(server.requests[1]?.headers['if-none-match']).toBe('"v1"')
    expect(server.requests[1]?.headers['if-modified-since']).toBeUndefined()
  })

  test('that changed after all replaces the old one, with its new etag', async () => {
    const next = signer('ES256', 'k2')
    const server = await loopbackServer(jwks([key], { etag: '"v1"' }))
    const { verifier, clock } = over(server.url)
    await verifier.verify(jwt(key, { exp: LONG }))
    server.answer = jwks([next], { etag: '"v2"' })
    clock.advance(700_000)
    expect(await verdict(() => verifier.verify(jwt(next, { exp: LONG })))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(key, { exp: LONG })))).toBe('KEY_NOT_FOUND')
    clock.advance(700_000)
    await verifier.verify(jwt(next, { exp: LONG }))
    expect(server.requests.at(-1)?.headers['if-none-match']).toBe('"v2"')
  })
})

describe('the options of remoteJwks', () => {
  const good = 'https://id.example/keys'
  const cases: readonly (readonly [name: string, url: unknown, options: unknown, subject: string | undefined])[] = [
    ['an https URL', good, undefined, undefined],
    ['a URL object', new URL(good), {}, undefined],
    ['http on this machine', 'http://localhost:3000/keys', {}, undefined],
    ['http elsewhere', 'http://id.example/keys', {}, 'url'],
    ['no URL', 'keys', {}, 'url'],
    ['nothing', undefined, {}, 'url'],
    ['a URL with a password', 'https://user:secret@id.example', {}, 'url'],
    ['a format that there is not', good, { format: 'xml' }, 'format'],
    ['headers as text', good, { headers: 'Bearer hunter2' }, 'headers'],
    ['a header that is no text', good, { headers: { authorization: ['hunter2'] } }, 'headers'],
    ['headers of null', good, { headers: null }, 'headers'],
    ['a misspelt option', good, { header: {} }, 'header'],
    ['options of null', good, null, 'options'],
  ]
  for (const [name, url, options, subject] of cases) {
    test(`with ${name}: ${subject ? 'refused' : 'taken'}`, async () => {
      const make = () => remoteJwks(url as string, options as never)
      if (subject === undefined) expect(await verdict(make)).toBe('accepted')
      else {
        const error = await errorOf(make)
        expect(error).toMatchObject({ code: 'CONFIG_INVALID', subject })
        if (subject === 'headers') expect(JSON.stringify(error)).not.toContain('hunter2')
      }
    })
  }
})
