import { describe, expect, test } from 'vitest'
import {
  ENGINES,
  errorOf,
  eventLog,
  eventually,
  hang,
  ISSUER,
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
} from '../test/loopback-issuer.ts'
import { type CheckFailure, createVerifier, isKeysourceError, remoteJwks, staticJwks } from './index.ts'

const OTHER = 'https://other.example'
const key = signer()
const clock = manualClock()

describe('createVerifier', () => {
  test('does nothing before it is asked', async () => {
    const server = await loopbackServer(jwks([key]))
    const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })] })
    expect(verifier.status()).toMatchObject([{ provider: 'acme', state: 'never-loaded', requests: 0, keys: [] }])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.requests).toHaveLength(0)
  })

  test('cannot be changed', () => {
    expect(Object.isFrozen(createVerifier({ providers: [provider([key])] }))).toBe(true)
  })

  test('goes by the clock of the machine where none is given', async () => {
    const verifier = createVerifier({ providers: [provider([key])] })
    const now = Math.floor(Date.now() / 1000)
    expect(await verdict(() => verifier.verify(jwt(key, { iat: now, exp: now + 60 })))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(key, { iat: now, exp: now - 60 })))).toBe('TOKEN_EXPIRED')
  })

  test('takes a fetch in place of the platform’s own', async () => {
    const server = await loopbackServer(jwks([key]))
    const asked: string[] = []
    const verifier = createVerifier({
      providers: [provider([], { keys: remoteJwks('https://id.example/keys') })],
      clock,
      fetch: (input, init) => {
        asked.push(String(input))
        return fetch(server.url, init)
      },
    })
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
    expect(asked).toEqual(['https://id.example/keys'])
  })
})

for (const engine of ENGINES) {
  describe(`events on the ${engine.name} engine`, () => {
    test('tell of each token what became of it', async () => {
      const events = eventLog()
      const verifier = engine.createVerifier({ providers: [provider([key])], clock, onEvent: events.onEvent })
      await verifier.verify(jwt(key))
      const { code } = await errorOf(() => verifier.verify(jwt(key, { exp: 1 })))
      await errorOf(() => verifier.verify('opaque'))
      expect(events.of('verified')).toEqual([
        { type: 'verified', at: NOW * 1000, provider: 'acme', issuer: ISSUER, kid: 'k1', alg: 'ES256' },
      ])
      expect(events.of('rejected')).toMatchObject([
        { at: NOW * 1000, provider: 'acme', error: { code } },
        { provider: undefined, error: { code: 'TOKEN_MALFORMED' } },
      ])
      if (engine.name === 'node') {
        verifier.verifySync(jwt(key))
        expect(events.of('verified')).toHaveLength(2)
        expect(await verdict(() => verifier.verifySync('opaque'))).toBe('TOKEN_MALFORMED')
        expect(events.of('rejected')).toHaveLength(3)
      }
    })
  })
}

test('a listener that throws is a warning, and turns no token away', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error): void => void warnings.push(warning)
  process.on('warning', onWarning)
  try {
    const onEvent = () => JSON.parse('{')
    const verifier = createVerifier({ providers: [provider([key])], clock, onEvent })
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
    expect(await verdict(() => verifier.verify('opaque'))).toBe('TOKEN_MALFORMED')
    await eventually(() => warnings.length).toBeGreaterThan(1)
    expect(warnings[0]?.message).toContain('onEvent threw on')
  } finally {
    process.off('warning', onWarning)
  }
})

describe('ready', () => {
  test('loads the keys of every provider, once', async () => {
    const [a, b] = [await loopbackServer(jwks([key])), await loopbackServer(jwks([key]))]
    const verifier = createVerifier({
      providers: [
        provider([], { name: 'a', keys: remoteJwks(a.url) }),
        provider([], { name: 'b', issuer: OTHER, keys: remoteJwks(b.url) }),
      ],
      clock,
    })
    await Promise.all([verifier.ready(), verifier.ready()])
    await verifier.ready()
    expect([a.requests.length, b.requests.length]).toEqual([1, 1])
    await verifier.verify(jwt(key))
    expect(a.requests).toHaveLength(1)
  })

  test('rejects with what failed, provider by provider', async () => {
    const [good, failing, empty] = [
      await loopbackServer(jwks([key])),
      await loopbackServer(status(500, { 'retry-after': '7' })),
      await loopbackServer(json({ keys: [] })),
    ]
    const verifier = createVerifier({
      providers: [
        provider([], { name: 'good', keys: remoteJwks(good.url) }),
        provider([], { name: 'failing', issuer: OTHER, keys: remoteJwks(failing.url) }),
        provider([], { name: 'empty', issuer: 'urn:x', keys: remoteJwks(empty.url) }),
      ],
      clock,
    })
    const error = await errorOf(() => verifier.ready())
    expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503, retryAfterSec: 7 })
    expect(error.message).toMatch(/^2 of 3 providers are not ready: failing: .*found 500.*; empty: .*usable key/)
    expect(error.errors?.map((one) => one.provider)).toEqual(['failing', 'empty'])
    expect(error.errors?.every(isKeysourceError)).toBe(true)
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
  })

  test('is satisfied with one of several issuers', async () => {
    const keys = (issuer: string) =>
      issuer === ISSUER ? staticJwks({ keys: [key.jwk] }) : remoteJwks('http://127.0.0.1:1')
    const verifier = createVerifier({ providers: [provider([], { issuer: [OTHER, ISSUER], keys })], clock })
    expect(await verdict(() => verifier.ready())).toBe('accepted')
  })

  test('rejects with an error of ours where a function makes no source', async () => {
    const keys = () => JSON.parse('{')
    const verifier = createVerifier({ providers: [provider([], { keys })], clock })
    expect(await verdict(() => verifier.ready())).toMatch(/CONFIG_INVALID|KEYS_UNAVAILABLE/)
  })

  test('takes options that are as they should be', async () => {
    const verifier = createVerifier({ providers: [provider([key])], clock })
    for (const options of [null, { signal: 'x' }, { sginal: undefined }]) {
      expect(await verdict(() => verifier.ready(options as never))).toBe('CONFIG_INVALID')
    }
  })
})

describe('close', () => {
  test('refuses whatever comes after', async () => {
    const verifier = createVerifier({ providers: [provider([key])], clock })
    await verifier.verify(jwt(key))
    verifier.close()
    for (const call of [() => verifier.verify(jwt(key)), () => verifier.verifySync(jwt(key)), () => verifier.ready()]) {
      expect(await errorOf(call)).toMatchObject({ code: 'CLOSED', kind: 'config' })
    }
    expect(() => verifier.close()).not.toThrow()
    expect(verifier.status()).toHaveLength(1)
  })

  test('ends what waits for keys, and the request', async () => {
    let gone = false
    const server = await loopbackServer(
      (request) =>
        void request.on('close', () => {
          gone = true
        }),
    )
    const verifier = createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock,
      cache: { timeoutMs: 600_000 },
    })
    const waiting = verdict(() => verifier.verify(jwt(key)))
    await eventually(() => server.requests.length).toBe(1)
    verifier.close()
    expect(await waiting).toBe('CLOSED')
    await eventually(() => gone).toBe(true)
  })

  test('ends what waits in ready', async () => {
    const server = await loopbackServer(hang)
    const verifier = createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock,
      cache: { timeoutMs: 600_000 },
    })
    const waiting = verdict(() => verifier.ready())
    await eventually(() => server.requests.length).toBe(1)
    verifier.close()
    expect(await waiting).toMatch(/CLOSED|KEYS_UNAVAILABLE/)
  })
})

describe('status', () => {
  test('says how the keys of each provider stand', async () => {
    const server = await loopbackServer(jwks([key], { 'cache-control': 'max-age=100' }))
    const moving = manualClock()
    const verifier = createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock: moving,
      cache: { staleIfErrorMs: 200_000 },
    })
    await verifier.ready()
    moving.advance(40_000)
    await verifier.verify(jwt(key))
    const [first] = verifier.status()
    expect(first).toMatchObject({
      provider: 'acme',
      issuer: [ISSUER],
      state: 'fresh',
      ageMs: 40_000,
      lifetimeMs: 100_000,
      keys: [{ kid: 'k1', alg: 'ES256', kind: 'EC P-256' }],
      skipped: [],
      lastError: undefined,
      failures: 0,
      requests: 1,
      saved: 1,
      sources: [{ source: server.url, state: 'fresh' }],
    })
    expect(first?.nextRefreshInMs).toBeGreaterThanOrEqual(35_000)
    expect(first?.nextRefreshInMs).toBeLessThanOrEqual(45_000)
    server.answer = status(500)
    moving.advance(70_000)
    expect(verifier.status()).toMatchObject([{ state: 'stale', nextRefreshInMs: 0 }])
    moving.advance(100_000)
    expect(verifier.status()).toMatchObject([{ state: 'expired' }])
    await errorOf(() => verifier.verify(jwt(key)))
    expect(verifier.status()).toMatchObject([
      { state: 'expired', failures: 1, requests: 2, lastError: { code: 'KEYS_UNAVAILABLE' } },
    ])
  })

  test('adds up the sources of a provider, and is as good as the best', async () => {
    const keys = (issuer: string) =>
      issuer === ISSUER ? staticJwks({ keys: [key.jwk] }) : remoteJwks('http://127.0.0.1:1')
    const verifier = createVerifier({ providers: [provider([], { issuer: [OTHER, ISSUER], keys })], clock })
    await verifier.verify(jwt(key))
    await errorOf(() => verifier.verify(jwt(key, { iss: OTHER })))
    expect(verifier.status()).toMatchObject([
      { state: 'fresh', failures: 1, requests: 1, sources: [{ state: 'never-loaded' }, { state: 'fresh' }] },
    ])
  })
})

test('a check that returns what is no failure lets no token in', async () => {
  const check = (async () => undefined) as unknown as () => CheckFailure | undefined
  const verifier = createVerifier({ providers: [provider([key], { checks: [{ name: 'slow', check }] })], clock })
  expect(await verdict(() => verifier.verify(jwt(key)))).toBe('CONFIG_INVALID')
})

test('two verifiers share nothing', async () => {
  const server = await loopbackServer(jwks([key]))
  const keys = remoteJwks(server.url)
  for (let n = 1; n <= 2; n++) {
    const verifier = createVerifier({ providers: [provider([], { keys })], clock })
    await verifier.verify(jwt(key))
    expect(server.requests).toHaveLength(n)
  }
})
