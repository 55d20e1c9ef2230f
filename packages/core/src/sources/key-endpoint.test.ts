import { describe, expect, test } from 'vitest'
import {
  type Answer,
  errorOf,
  eventLog,
  eventually,
  jwt,
  loopbackServer,
  manualClock,
  NOW,
  provider,
  type Signer,
  signer,
  status,
  verdict,
} from '../../test/loopback-issuer.ts'
import { createVerifier, type KeyEndpointOptions, keyEndpoint } from '../index.ts'

const a = signer('ES256', 'a1')
const b = signer('ES256', 'b2')
const LONG = NOW + 1_000_000

/** Serves each key by itself under its kid, in JSON or PEM, and 404 for another. */
function keysOf(signers: readonly Signer[], format: 'jwk' | 'pem', headers: Record<string, string> = {}): Answer {
  return (request, response) => {
    const by = signers.find(({ kid }) => request.url === `/keys/${kid}`)
    if (!by) return void response.writeHead(404).end()
    const pem = by.publicKey.export({ format: 'pem', type: 'spki' })
    response.writeHead(200, headers).end(format === 'jwk' ? JSON.stringify(by.jwk) : pem)
  }
}

function over(url: string, options: Partial<KeyEndpointOptions> = {}, cache: object = {}) {
  const clock = manualClock()
  const events = eventLog()
  const keys = keyEndpoint((kid) => `${url}/${kid}`, { format: 'jwk', kidPattern: /[a-z]\d+/, ...options })
  const providers = [provider([], { keys })]
  return { verifier: createVerifier({ providers, clock, cache, onEvent: events.onEvent }), clock, events }
}

for (const format of ['jwk', 'pem'] as const) {
  describe(`keyEndpoint in ${format}`, () => {
    test('asks for the key that a token names, once', async () => {
      const server = await loopbackServer(keysOf([a, b], format))
      const { verifier } = over(server.url, { format })
      for (const by of [a, a, b, a, b]) expect(await verdict(() => verifier.verify(jwt(by)))).toBe('accepted')
      expect(server.requests.map(({ path }) => path)).toEqual(['/keys/a1', '/keys/b2'])
      expect(verifier.status()).toMatchObject([{ keys: [{ kid: 'a1' }, { kid: 'b2' }], requests: 2 }])
    })

    test('knows a key by the kid it was asked for, and no other', async () => {
      const server = await loopbackServer(keysOf([a], format))
      const { verifier } = over(server.url, { format })
      expect(await verdict(() => verifier.verify(jwt(b, {}, { kid: 'a1' })))).toBe('SIGNATURE_INVALID')
      expect(await verdict(() => verifier.verify(jwt(a, {}, { kid: 'b2' })))).toBe('KEY_NOT_FOUND')
    })

    test('takes garbage for a fault of the provider', async () => {
      for (const body of ['garbage', '', 'null', '[]', '{}', '"x"']) {
        const server = await loopbackServer((_, response) => void response.end(body))
        expect(await verdict(() => over(server.url, { format }).verifier.verify(jwt(a)))).toBe('KEYS_UNAVAILABLE')
      }
    })
  })
}

describe('a key that the endpoint does not have', () => {
  test('is KEY_NOT_FOUND, and that is remembered', async () => {
    const server = await loopbackServer(keysOf([a], 'jwk'))
    const { verifier, clock } = over(server.url, {}, { ttlMs: 60_000 })
    for (let n = 0; n < 5; n++)
      expect(await errorOf(() => verifier.verify(jwt(b)))).toMatchObject({ code: 'KEY_NOT_FOUND', status: 401 })
    expect(server.requests).toHaveLength(1)
    expect(await verdict(() => verifier.verify(jwt(a)))).toBe('accepted')
    expect(server.requests).toHaveLength(2)
    server.answer = keysOf([a, b], 'jwk')
    clock.advance(61_000)
    expect(await verdict(() => verifier.verify(jwt(b)))).toBe('accepted')
  })

  test('and was there before is refused once a refresh says so', async () => {
    const server = await loopbackServer(keysOf([a, b], 'jwk'))
    const { verifier, clock, events } = over(server.url)
    await verifier.verify(jwt(a, { exp: LONG }))
    await verifier.verify(jwt(b, { exp: LONG }))
    server.answer = keysOf([b], 'jwk')
    clock.advance(590_000)
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('accepted')
    await eventually(() => events.of('refreshed').length).toBe(3)
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(jwt(b, { exp: LONG })))).toBe('accepted')
  })

  test('costs a bounded number of requests, however many are named', async () => {
    const server = await loopbackServer(keysOf([a], 'jwk'))
    const { verifier, clock } = over(server.url, {}, { burst: 2, cooldownMs: 5000 })
    await verifier.verify(jwt(a))
    for (let n = 0; n < 200; n++) await verdict(() => verifier.verify(jwt(a, {}, { kid: `x${n}` })))
    expect(server.requests.length).toBeLessThanOrEqual(3)
    expect(await verdict(() => verifier.verify(jwt(a)))).toBe('accepted')
    clock.advance(5000)
    for (let n = 0; n < 50; n++) await verdict(() => verifier.verify(jwt(a, {}, { kid: `y${n}` })))
    expect(server.requests.length).toBeLessThanOrEqual(4)
  })

  test('because the endpoint fails is KEYS_UNAVAILABLE', async () => {
    const server = await loopbackServer(status(500))
    expect(await errorOf(() => over(server.url).verifier.verify(jwt(a)))).toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      status: 503,
    })
  })
})

describe('a kid that is off the pattern', () => {
  const kids: readonly (string | undefined)[] = [
    '',
    'a',
    '1',
    'a1x!',
    'xa1',
    'a1\n',
    'a1/../b2',
    '../a1',
    '.',
    '..',
    'a1?x',
    'a1#',
    'a1%2f',
    'A1',
    undefined,
    '__proto__',
    'http://evil.example/a1',
  ]
  test('makes no request', async () => {
    const server = await loopbackServer(keysOf([a], 'jwk'))
    const { verifier } = over(server.url)
    for (const kid of kids) {
      expect([kid, await verdict(() => verifier.verify(jwt(a, {}, { kid })))]).toEqual([kid, 'KEY_NOT_FOUND'])
    }
    expect(server.requests).toHaveLength(0)
    expect(await verdict(() => verifier.verify(jwt(a)))).toBe('accepted')
  })

  test('makes none either where the pattern is one of two', async () => {
    const server = await loopbackServer(keysOf([a], 'jwk'))
    const { verifier } = over(server.url, { kidPattern: /a1|zz/ })
    for (const kid of ['a1x', 'xzz', 'xa1'])
      expect(await verdict(() => verifier.verify(jwt(a, {}, { kid })))).toBe('KEY_NOT_FOUND')
    expect(server.requests).toHaveLength(0)
    expect(await verdict(() => verifier.verify(jwt(a)))).toBe('accepted')
  })

  test('is encoded, and goes no way up, where the pattern lets it through', async () => {
    const server = await loopbackServer(status(404))
    const { verifier, clock } = over(server.url, { kidPattern: /.*/s })
    for (const kid of ['.', '..'])
      expect(await verdict(() => verifier.verify(jwt(a, {}, { kid })))).toBe('KEY_NOT_FOUND')
    expect(server.requests).toHaveLength(0)
    for (const kid of ['../x', 'a/b', 'a?b#c', 'é \n', '%2e%2e']) {
      clock.advance(5000)
      expect(await verdict(() => verifier.verify(jwt(a, {}, { kid })))).toBe('KEY_NOT_FOUND')
    }
    expect(server.requests.map(({ path }) => path)).toEqual(
      ['..%2Fx', 'a%2Fb', 'a%3Fb%23c', '%C3%A9%20%0A', '%252e%252e'].map((kid) => `/keys/${kid}`),
    )
  })

  test('is judged anew each time, whatever flags the pattern has', async () => {
    const server = await loopbackServer(keysOf([a, b], 'jwk'))
    const { verifier } = over(server.url, { kidPattern: /[a-z]\d/gy })
    for (const by of [a, b, a, b]) expect(await verdict(() => verifier.verify(jwt(by)))).toBe('accepted')
  })
})

describe('keyEndpoint', () => {
  test('is ready at once, and says that keys come on demand', async () => {
    const server = await loopbackServer(keysOf([a], 'jwk'))
    const { verifier } = over(server.url)
    await verifier.ready()
    expect(server.requests).toHaveLength(0)
    expect(verifier.status()).toMatchObject([{ state: 'on-demand' }])
  })

  test('takes the screening as it is', async () => {
    const server = await loopbackServer((_, response) => void response.end(JSON.stringify({ ...a.jwk, use: 'enc' })))
    expect(await verdict(() => over(server.url).verifier.verify(jwt(a)))).toBe('KEYS_UNAVAILABLE')
  })

  const good = { format: 'jwk', kidPattern: /x/ }
  const cases: readonly (readonly [name: string, urlOf: unknown, options: unknown, subject: string | undefined])[] = [
    ['what it needs', () => 'https://id.example', good, undefined],
    ['a URL', 'https://id.example', good, 'url'],
    ['no format', () => 'https://id.example', { kidPattern: /x/ }, 'format'],
    ['a format that there is not', () => 'https://id.example', { ...good, format: 'jwks' }, 'format'],
    ['no pattern', () => 'https://id.example', { format: 'jwk' }, 'kidPattern'],
    ['a pattern as text', () => 'https://id.example', { ...good, kidPattern: 'x' }, 'kidPattern'],
    ['a misspelt option', () => 'https://id.example', { ...good, pattern: /x/ }, 'pattern'],
    ['no options', () => 'https://id.example', undefined, 'options'],
  ]
  for (const [name, urlOf, options, subject] of cases) {
    test(`with ${name}: ${subject ? 'refused' : 'taken'}`, async () => {
      const make = () => keyEndpoint(urlOf as never, options as never)
      if (subject === undefined) expect(await verdict(make)).toBe('accepted')
      else expect(await errorOf(make)).toMatchObject({ code: 'CONFIG_INVALID', subject })
    })
  }
})
