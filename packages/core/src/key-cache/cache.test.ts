import { describe, expect, test } from 'vitest'
import {
  type Answer,
  ENGINES,
  errorOf,
  eventLog,
  eventually,
  hang,
  json,
  jwks,
  jwt,
  loopbackServer,
  type ManualClock,
  manualClock,
  NOW,
  provider,
  type Signer,
  signer,
  status,
  verdict,
} from '../../test/loopback-issuer.ts'
import {
  anyTenant,
  type CacheOptions,
  ConfigError,
  createVerifier,
  type KeySource,
  KeysError,
  type LoadContext,
  remoteJwks,
  staticJwks,
  type Verifier,
} from '../index.ts'

const a = signer('ES256', 'a')
const b = signer('ES256', 'b')
const LONG = NOW + 100_000_000
const tokenOf = (by: Signer, header = {}): string => jwt(by, { exp: LONG }, header)
const forged = (kid: string): string => tokenOf(a, { kid })

async function over(answer: Answer, cache: CacheOptions = {}) {
  const server = await loopbackServer(answer)
  const clock = manualClock()
  const events = eventLog()
  const providers = [provider([], { keys: remoteJwks(server.url) })]
  const verifier = createVerifier({ providers, clock, cache, onEvent: events.onEvent })
  return { server, clock, events, verifier }
}

/** Lets a refresh that nobody waits for come to its end. */
async function settled(verifier: Verifier<unknown>, loads: number, events: ReturnType<typeof eventLog>): Promise<void> {
  await eventually(() => events.of('refreshed').length + events.of('refresh-failed').length).toBe(loads)
  expect(verifier.status()).toHaveLength(1)
}

describe('single flight', () => {
  for (const { name, createVerifier: make } of ENGINES) {
    test(`two hundred tokens at once cost one request, on the ${name} engine`, async () => {
      const server = await loopbackServer(
        (request, response) => void setTimeout(() => jwks([a])(request, response), 20),
      )
      const verifier = make({ providers: [provider([], { keys: remoteJwks(server.url) })], clock: manualClock() })
      const verdicts = await Promise.all(Array.from({ length: 200 }, () => verdict(() => verifier.verify(tokenOf(a)))))
      expect(new Set(verdicts)).toEqual(new Set(['accepted']))
      expect(server.requests).toHaveLength(1)
    })
  }

  test('two hundred that name a new key cost one more', async () => {
    const { server, verifier } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    server.answer = jwks([a, b])
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => verdict(() => verifier.verify(tokenOf(b)))))
    expect(new Set(verdicts)).toEqual(new Set(['accepted']))
    expect(server.requests).toHaveLength(2)
  })

  test('two hundred share the failure of a cold start', async () => {
    const { server, verifier } = await over(status(500))
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => verdict(() => verifier.verify(tokenOf(a)))))
    expect(new Set(verdicts)).toEqual(new Set(['KEYS_UNAVAILABLE']))
    expect(server.requests).toHaveLength(1)
  })
})

describe('the lifetime of a set', () => {
  const lifetimes: readonly (readonly [
    name: string,
    headers: Record<string, string>,
    ttlMs: number | undefined,
    expected: number,
  ])[] = [
    ['is ten minutes where nothing is said', {}, undefined, 600_000],
    ['is what ttlMs says', {}, 100_000, 100_000],
    ['is shortened by the answer', { 'cache-control': 'max-age=100' }, undefined, 100_000],
    ['is not made longer by the answer', { 'cache-control': 'max-age=86400' }, undefined, 600_000],
    ['is less by the age of the answer', { 'cache-control': 'max-age=100', age: '40' }, undefined, 60_000],
    ['is half a minute at least', { 'cache-control': 'max-age=1' }, undefined, 30_000],
    ['is half a minute for no-store', { 'cache-control': 'no-store' }, undefined, 30_000],
    ['is ttlMs where that is less than half a minute', { 'cache-control': 'no-store' }, 5000, 5000],
    ['is ten minutes for what cannot be read', { 'cache-control': 'max-age=soon' }, undefined, 600_000],
  ]
  for (const [name, headers, ttlMs, expected] of lifetimes) {
    test(name, async () => {
      const { verifier } = await over(jwks([a], headers), { ttlMs })
      await verifier.ready()
      expect(verifier.status()[0]?.lifetimeMs).toBe(expected)
    })
  }

  test('makes no request before three quarters of it are over, and one ahead by the end', async () => {
    const { server, clock, verifier, events } = await over(jwks([a]), { ttlMs: 100_000 })
    await verifier.verify(tokenOf(a))
    clock.advance(74_900)
    for (let n = 0; n < 10; n++) await verifier.verify(tokenOf(a))
    expect(server.requests).toHaveLength(1)
    clock.advance(15_000)
    for (let n = 0; n < 10; n++) await verifier.verify(tokenOf(a))
    await settled(verifier, 2, events)
    expect(server.requests).toHaveLength(2)
    expect(verifier.status()[0]?.ageMs).toBe(0)
  })

  test('is refreshed ahead without a wait', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { ttlMs: 100_000 })
    await verifier.verify(tokenOf(a))
    server.answer = hang
    clock.advance(90_000)
    const startedAt = performance.now()
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(performance.now() - startedAt).toBeLessThan(2000)
    await eventually(() => server.requests.length).toBe(2)
    verifier.close()
  })
})

describe('a process that was idle', () => {
  test('waits for a quick endpoint, and refuses a key that was withdrawn meanwhile', async () => {
    const { server, clock, verifier } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    server.answer = jwks([b])
    clock.advance(700_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
  })

  test('does not wait long for a slow one', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { staleWaitMs: 30 })
    await verifier.verify(tokenOf(a))
    server.answer = hang
    clock.advance(700_000)
    const startedAt = performance.now()
    const waiting = verdict(() => verifier.verify(tokenOf(a)))
    setTimeout(() => clock.advance(31), 30)
    expect(await waiting).toBe('accepted')
    expect(performance.now() - startedAt).toBeLessThan(3000)
    verifier.close()
  })

  test('waits for a slow one after an hour', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { staleWaitMs: 1 })
    await verifier.verify(tokenOf(a))
    server.answer = (request, response) => void setTimeout(() => jwks([b])(request, response), 60)
    clock.advance(600_000 + 3_600_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
  })
})

describe('an unknown kid', () => {
  test('is looked for at once, and accepted if it is there', async () => {
    const { server, verifier, events } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    server.answer = jwks([a, b])
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(server.requests).toHaveLength(2)
    expect(events.of('unknown-kid')).toMatchObject([{ kid: '"b"', refreshing: true }])
    expect(events.of('rotated')).toMatchObject([{ added: ['b'], removed: [] }])
  })

  test('is the token’s fault once the set is known to be current', async () => {
    const { server, verifier } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    expect(await errorOf(() => verifier.verify(forged('gone')))).toMatchObject({ code: 'KEY_NOT_FOUND', status: 401 })
    expect(server.requests).toHaveLength(2)
  })

  test('of a first token costs no second request', async () => {
    const { server, verifier } = await over(jwks([a]))
    expect(await verdict(() => verifier.verify(forged('gone')))).toBe('KEY_NOT_FOUND')
    expect(server.requests).toHaveLength(1)
  })

  test('costs what the bucket holds, in a flood, and delays no known one', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { burst: 3, cooldownMs: 1000 })
    await verifier.verify(tokenOf(a))
    for (let n = 0; n < 500; n++) expect(await verdict(() => verifier.verify(forged(`x${n}`)))).toBe('KEY_NOT_FOUND')
    expect(server.requests).toHaveLength(4)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    clock.advance(999)
    expect(await verdict(() => verifier.verify(forged('y')))).toBe('KEY_NOT_FOUND')
    expect(server.requests).toHaveLength(4)
    clock.advance(1)
    for (let n = 0; n < 10; n++) await verdict(() => verifier.verify(forged(`z${n}`)))
    expect(server.requests).toHaveLength(5)
    clock.advance(60_000)
    for (let n = 0; n < 100; n++) await verdict(() => verifier.verify(forged(`w${n}`)))
    expect(server.requests).toHaveLength(8)
  })

  test('that becomes real in a flood is found within one cooldown', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { burst: 2, cooldownMs: 1000 })
    await verifier.verify(tokenOf(a))
    for (let n = 0; n < 50; n++) await verdict(() => verifier.verify(forged(`x${n}`)))
    server.answer = jwks([a, b])
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('KEY_NOT_FOUND')
    clock.advance(1000)
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
  })

  test('does not empty the bucket of a timed refresh', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { burst: 1, cooldownMs: 10_000_000 })
    await verifier.verify(tokenOf(a))
    await verdict(() => verifier.verify(forged('x')))
    server.answer = jwks([b])
    clock.advance(700_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
  })

  test('is the provider’s fault while its endpoint fails', async () => {
    const { server, verifier, clock } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    server.answer = status(500)
    const error = await errorOf(() => verifier.verify(tokenOf(b)))
    expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503, provider: 'acme' })
    expect(error.retryAfterSec).toBeGreaterThanOrEqual(1)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    server.answer = jwks([a, b])
    clock.advance(6000)
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
  })

  test('is looked for though a key without kid is held', async () => {
    const { kid: _, ...unnamed } = a.jwk
    const { server, verifier } = await over(json({ keys: [unnamed] }))
    expect(await verdict(() => verifier.verify(tokenOf(a, { kid: undefined })))).toBe('accepted')
    server.answer = jwks([b])
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(server.requests).toHaveLength(2)
  })

  test('is told with whether it is looked for, and in its absence', async () => {
    const { verifier, events } = await over(jwks([a]), { burst: 1 })
    await verifier.verify(tokenOf(a))
    for (const kid of ['x', 'y', undefined]) {
      await verdict(() => verifier.verify(jwt(signer('Ed25519'), { exp: LONG }, { kid })))
    }
    expect(events.of('unknown-kid').map(({ kid, refreshing }) => [kid, refreshing])).toEqual([
      ['"x"', true],
      ['"y"', false],
      ['(none)', false],
    ])
  })

  test('that comes while it is looked for shares that load', async () => {
    const { server, verifier } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    let release = (): void => {}
    server.answer = (request, response) => {
      release = () => jwks([a, b])(request, response)
    }
    const first = verdict(() => verifier.verify(tokenOf(b)))
    await eventually(() => server.requests.length).toBe(2)
    const second = verdict(() => verifier.verify(jwt(b, { exp: LONG, jti: '2' })))
    await new Promise((resolve) => setTimeout(resolve, 20))
    release()
    expect(await Promise.all([first, second])).toEqual(['accepted', 'accepted'])
    expect(server.requests).toHaveLength(2)
  })

  test('is told once a token', async () => {
    const { verifier, events } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    await verdict(() => verifier.verify(forged('x\n')))
    expect(events.of('unknown-kid')).toMatchObject([{ kid: '"x\\n"', refreshing: true }])
  })
})

describe('a cold start that fails', () => {
  test('fails fast until the back-off is over, and then tries again', async () => {
    const { server, clock, verifier } = await over(status(500))
    const error = await errorOf(() => verifier.verify(tokenOf(a)))
    expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', kind: 'keys', status: 503, provider: 'acme' })
    expect(error.retryAfterSec).toBeGreaterThanOrEqual(1)
    expect(error.retryAfterSec).toBeLessThanOrEqual(2)
    for (let n = 0; n < 20; n++) expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
    expect(server.requests).toHaveLength(1)
    clock.advance(1300)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
    expect(server.requests).toHaveLength(2)
  })

  test('waits longer each time, but five seconds at most', async () => {
    const { server, clock, verifier, events } = await over(status(500))
    await verdict(() => verifier.verify(tokenOf(a)))
    for (let n = 2; n <= 10; n++) {
      clock.advance(5000)
      await verdict(() => verifier.verify(tokenOf(a)))
      expect(server.requests).toHaveLength(n)
    }
    const waits = events.of('refresh-failed').map(({ retryInMs }) => retryInMs)
    for (const [index, wait] of waits.slice(0, 6).entries()) {
      expect(wait).toBeGreaterThanOrEqual(1000 * 2 ** index)
      expect(wait).toBeLessThanOrEqual(1250 * 2 ** index + 1)
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000)
    expect(events.of('refresh-failed').map(({ failures }) => failures)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('fails fast for ready(), too', async () => {
    const { server, clock, verifier } = await over(status(500))
    for (let n = 0; n < 3; n++) expect(await verdict(() => verifier.ready())).toBe('KEYS_UNAVAILABLE')
    for (let n = 2; n <= 6; n++) {
      expect(server.requests).toHaveLength(n - 1)
      clock.advance(5000)
      expect(await verdict(() => verifier.ready())).toBe('KEYS_UNAVAILABLE')
    }
    expect(server.requests).toHaveLength(6)
  })

  test('heals as soon as the endpoint does', async () => {
    const { server, clock, verifier } = await over(status(500))
    await verdict(() => verifier.verify(tokenOf(a)))
    server.answer = jwks([a])
    clock.advance(5000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(verifier.status()).toMatchObject([{ failures: 0, lastError: undefined, state: 'fresh' }])
  })
})

describe('an endpoint that fails', () => {
  test('takes no key away until staleIfErrorMs is over', async () => {
    const { server, clock, verifier, events } = await over(jwks([a]), { ttlMs: 60_000, staleIfErrorMs: 3_600_000 })
    await verifier.verify(tokenOf(a))
    server.answer = status(500)
    for (let minutes = 0; minutes < 59; minutes++) {
      clock.advance(60_000)
      expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    }
    await eventually(() => events.of('refresh-failed').length).toBeGreaterThan(0)
    expect(events.of('stale')).toHaveLength(1)
    clock.advance(60_000)
    expect(await errorOf(() => verifier.verify(tokenOf(a)))).toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503 })
    expect(events.of('expired')).toMatchObject([{ ageMs: 3_600_000, provider: 'acme', source: server.url }])
    server.answer = jwks([a])
    clock.advance(61_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
  })

  test('is left alone for longer and longer, up to a minute', async () => {
    const { server, clock, verifier, events } = await over(jwks([a]), { ttlMs: 60_000 })
    await verifier.verify(tokenOf(a))
    server.answer = status(500)
    clock.advance(61_000)
    for (let seconds = 0; seconds < 300; seconds++) {
      const known = events.all.length
      expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
      if (server.requests.length > events.of('refresh-failed').length + 1)
        await eventually(() => events.all.length).toBeGreaterThan(known)
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(1000)
    }
    await eventually(() => events.of('refresh-failed').length).toBeGreaterThan(5)
    expect(server.requests.length).toBeLessThan(15)
  })

  test('with an empty set, or one without a usable key, replaces nothing', async () => {
    for (const body of [{ keys: [] }, { keys: [{ kty: 'oct', k: 'x' }] }, { keys: null }, []]) {
      const { server, clock, verifier, events } = await over(jwks([a]))
      await verifier.verify(tokenOf(a))
      server.answer = json(body)
      clock.advance(590_000)
      await verifier.verify(tokenOf(a))
      await settled(verifier, 2, events)
      expect(events.of('refresh-failed')).toMatchObject([
        { error: { code: 'KEYS_UNAVAILABLE' }, failures: 1, source: server.url },
      ])
      expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    }
  })
})

describe('a source that returns what is no key set', () => {
  for (const loaded of [
    undefined,
    null,
    {},
    { jwks: null },
    { jwks: [a.jwk] },
    { jwks: { keys: a.jwk } },
    { jwks: { keys: 'x' } },
  ]) {
    test(`as ${JSON.stringify(loaded)?.slice(0, 30)} is at fault, not the token`, async () => {
      const keys = { id: 'own', load: async () => loaded as never }
      const verifier = createVerifier({ providers: [provider([], { keys })], clock: manualClock() })
      expect(await errorOf(() => verifier.verify(tokenOf(a)))).toMatchObject({
        code: 'KEYS_UNAVAILABLE',
        message: expect.stringContaining('expected a JWK Set'),
      })
    })
  }

  const unusable: readonly (readonly [name: string, keys: readonly object[], found: string])[] = [
    ['no key', [], 'an empty set'],
    ['one key', [{ kty: 'oct', kid: 'x' }], 'none: the key "x" is a symmetric key, which must never be published'],
    [
      'one without kid',
      [{ kty: 'oct' }],
      'none: the key without a kid is a symmetric key, which must never be published',
    ],
    [
      'two',
      [{ kty: 'oct', kid: 'x' }, a.jwk].map((jwk) => ({ ...jwk, use: 'enc', kty: 'EC' })),
      'none: the key "x" has "use" "enc", expected "sig", and 1 more',
    ],
  ]
  for (const [name, jwks, found] of unusable) {
    test(`that can be used, of ${name}, says which it found`, async () => {
      const keys = { id: 'own', load: async () => ({ jwks: { keys: jwks as never } }) }
      const verifier = createVerifier({ providers: [provider([], { keys })], clock: manualClock() })
      expect(await errorOf(() => verifier.verify(tokenOf(a)))).toMatchObject({
        code: 'KEYS_UNAVAILABLE',
        message: `acme: the keys could not be had: own: expected at least one usable key, found ${found}`,
      })
    })
  }

  test('but rejects with an error of ours, is told as that error says', async () => {
    const found = { expected: 'this', found: 'that', hint: 'Look there.', retryAfterSec: 30 }
    const own = new KeysError('DISCOVERY_MISMATCH', 'not its issuer', found)
    const config = new ConfigError('CONFIG_INVALID', 'no such file')
    const cases: readonly (readonly [rejection: unknown, told: Record<string, unknown>])[] = [
      [own, { code: 'DISCOVERY_MISMATCH', message: 'acme: the keys could not be had: not its issuer', ...found }],
      [config, { code: 'KEYS_UNAVAILABLE', message: 'acme: the keys could not be had: own: no such file' }],
      [new Error('no'), { code: 'KEYS_UNAVAILABLE', message: 'acme: the keys could not be had: own: no' }],
      [undefined, { code: 'KEYS_UNAVAILABLE', message: 'acme: the keys could not be had: own: nothing' }],
    ]
    for (const [rejection, told] of cases) {
      const keys = { id: 'own', load: () => Promise.reject(rejection) }
      const verifier = createVerifier({ providers: [provider([], { keys })], clock: manualClock() })
      const error = await errorOf(() => verifier.verify(tokenOf(a)))
      expect(error).toMatchObject({ status: 503, ...told })
      const causes: unknown[] = []
      for (let cause: unknown = error; cause !== undefined; cause = (cause as Error).cause) causes.push(cause)
      if (rejection) expect(causes.at(-1)).toBe(rejection)
    }
  })

  test('but throws or rejects, is at fault with what it says', async () => {
    const fails = () => {
      throw new Error('no luck')
    }
    for (const load of [fails, async () => fails(), () => Promise.reject('no luck')]) {
      const verifier = createVerifier({
        providers: [provider([], { keys: { id: 'own', load } })],
        clock: manualClock(),
      })
      expect(await errorOf(() => verifier.verify(tokenOf(a)))).toMatchObject({
        code: 'KEYS_UNAVAILABLE',
        message: expect.stringContaining('no luck'),
      })
    }
  })
})

describe('what changes in a set', () => {
  const change = async (before: readonly Signer[], after: readonly Signer[]) => {
    const all = await over(jwks(before))
    await all.verifier.verify(tokenOf(before[0] ?? a))
    all.server.answer = jwks(after)
    all.clock.advance(700_000)
    await verdict(() => all.verifier.verify(tokenOf(after[0] ?? a)))
    return all
  }

  test('a key that is gone is refused, and that is told', async () => {
    const { verifier, events } = await change([a, b], [b])
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(events.of('rotated')).toMatchObject([{ added: [], removed: ['a'] }])
    expect(events.of('key-changed')).toEqual([])
  })

  test('a key of other material under its kid replaces the old one, and is an alarm', async () => {
    const other = signer('ES256', 'a')
    const { verifier, events } = await change([a], [other])
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('SIGNATURE_INVALID')
    expect(await verdict(() => verifier.verify(tokenOf(other)))).toBe('accepted')
    expect(events.of('key-changed')).toMatchObject([{ kid: 'a', provider: 'acme' }])
    expect(events.of('rotated')).toEqual([])
  })

  test('the same keys in another order are no change', async () => {
    const { events } = await change([a, b], [b, a])
    expect(events.of('rotated')).toEqual([])
    expect(events.of('key-changed')).toEqual([])
    expect(events.of('refreshed')).toHaveLength(2)
  })

  test('a key that was skipped before is not told again', async () => {
    const bad = { kty: 'oct', kid: 'x', k: 'y' }
    const { server, clock, verifier, events } = await over(json({ keys: [a.jwk, bad, { ...bad, kid: 'y' }] }))
    await verifier.verify(tokenOf(a))
    clock.advance(700_000)
    await verifier.verify(tokenOf(a))
    expect(server.requests).toHaveLength(2)
    expect(events.of('key-skipped')).toHaveLength(2)
    server.answer = json({ keys: [a.jwk, { ...bad, kid: 'z' }, { ...bad, kty: 'EC', kid: 'y' }] })
    clock.advance(700_000)
    await verifier.verify(tokenOf(a))
    expect(events.of('key-skipped').map(({ kid }) => kid)).toEqual(['x', 'y', 'z', 'y'])
  })
})

describe('events', () => {
  test('of a load say when, whose, and how it went', async () => {
    const { server, verifier, events } = await over(jwks([a, b]))
    await verifier.verify(tokenOf(a))
    expect(events.all).toMatchObject([
      { type: 'refreshed', at: NOW * 1000, provider: 'acme', source: server.url, keys: 2, notModified: false },
      { type: 'verified', kid: 'a' },
    ])
    expect(events.of('refreshed')[0]?.durationMs).toBe(0) // on a clock that stands still
  })

  test('that nobody listens to are no cause of a warning', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    try {
      const server = await loopbackServer(jwks([a]))
      const providers = [provider([], { keys: remoteJwks(server.url) })]
      await createVerifier({ providers, clock: manualClock() }).verify(tokenOf(a))
      await new Promise((resolve) => setTimeout(resolve, 10))
      expect(warnings).toEqual([])
    } finally {
      process.off('warning', onWarning)
    }
  })

  test('say once that keys are stale', async () => {
    const { server, clock, verifier, events } = await over(jwks([a]))
    await verifier.verify(tokenOf(a))
    server.answer = status(500)
    clock.advance(600_000)
    for (let n = 0; n < 5; n++) await verifier.verify(tokenOf(a))
    expect(events.of('stale')).toMatchObject([{ ageMs: 600_000 }])
  })
})

describe('clocks', () => {
  test('that jump while a load is under way end it, and the next one serves', async () => {
    const { server, clock, verifier, events } = await over(jwks([a]), { ttlMs: 100_000, timeoutMs: 30_000 })
    await verifier.verify(tokenOf(a))
    let ended = 0
    server.answer = (_request, response) => void response.on('close', () => (ended += 1))
    clock.advance(90_000)
    await verifier.verify(tokenOf(a))
    await eventually(() => server.requests.length).toBe(2)
    server.answer = jwks([b])
    clock.jump(3_600_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(server.requests).toHaveLength(3)
    await eventually(() => ended).toBe(1)
    expect(events.of('refresh-failed')).toEqual([])
  })

  test('that stand still in a frozen process make no key live longer', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { staleIfErrorMs: 3_600_000 })
    await verifier.verify(tokenOf(a))
    server.answer = status(500)
    clock.jump(3_600_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
  })

  test('that are set back make no key live longer', async () => {
    const { server, clock, verifier } = await over(jwks([a]), { staleIfErrorMs: 3_600_000 })
    await verifier.verify(tokenOf(a))
    server.answer = status(500)
    clock.jump(-86_400_000)
    clock.advance(3_600_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
  })
})

describe('keepFresh', () => {
  test('refreshes by itself, and stops with the verifier', async () => {
    const server = await loopbackServer(jwks([a]))
    const providers = [provider([], { keys: remoteJwks(server.url) })]
    const verifier = createVerifier({ providers, cache: { keepFresh: true, ttlMs: 40 } })
    await verifier.ready()
    await eventually(() => server.requests.length).toBeGreaterThan(3)
    verifier.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { length } = server.requests
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect(server.requests).toHaveLength(length)
  })

  test('refreshes no sooner than it is due', async () => {
    const server = await loopbackServer(jwks([a]))
    const providers = [provider([], { keys: remoteJwks(server.url) })]
    const verifier = createVerifier({ providers, cache: { keepFresh: true, ttlMs: 60_000 } })
    await verifier.ready()
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(server.requests).toHaveLength(1)
    verifier.close()
  })

  test('tries again as soon as may be after a refresh that failed', async () => {
    const { server, clock, verifier, events } = await over(jwks([a]), { keepFresh: true, ttlMs: 60_000 })
    await verifier.ready()
    server.answer = status(500)
    clock.advance(59_000)
    await verifier.verify(tokenOf(a))
    await eventually(() => events.of('refresh-failed').length).toBe(1)
    await eventually(() => server.requests.length).toBe(3)
    verifier.close()
  })

  test('begins nothing once the verifier was closed while it loaded', async () => {
    const server = await loopbackServer(hang)
    const providers = [provider([], { keys: remoteJwks(server.url) })]
    const verifier = createVerifier({ providers, cache: { keepFresh: true, ttlMs: 20 } })
    const ready = verdict(() => verifier.ready())
    await eventually(() => server.requests.length).toBe(1)
    verifier.close()
    expect(await ready).not.toBe('accepted')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(server.requests).toHaveLength(1)
  })

  test('asks for no key by itself where keys come one at a time', async () => {
    const asked: unknown[] = []
    const keys = oneAtATime([a], asked)
    const verifier = createVerifier({ providers: [provider([], { keys })], cache: { keepFresh: true, ttlMs: 20 } })
    await verifier.verify(tokenOf(a))
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(asked).toEqual(['a'])
  })

  test('is off unless it is asked for', async () => {
    const server = await loopbackServer(jwks([a]))
    const providers = [provider([], { keys: remoteJwks(server.url) })]
    const verifier = createVerifier({ providers, cache: { ttlMs: 20 } })
    await verifier.ready()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(server.requests).toHaveLength(1)
  })
})

describe('waitUntil', () => {
  test('is given the refresh that a token starts, and that alone', async () => {
    const { server, clock, verifier } = await over(jwks([a]))
    const work: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>) => void work.push(promise)
    await verifier.verify(tokenOf(a), { waitUntil })
    expect(work).toHaveLength(1)
    await verifier.verify(tokenOf(a), { waitUntil })
    expect(work).toHaveLength(1)
    clock.advance(590_000)
    await verifier.verify(tokenOf(a), { waitUntil })
    expect(work).toHaveLength(2)
    await Promise.all(work)
    expect(server.requests).toHaveLength(2)
  })

  test('is given one that never rejects', async () => {
    const { verifier } = await over(status(500))
    const work: Promise<unknown>[] = []
    await verdict(() => verifier.verify(tokenOf(a), { waitUntil: (promise) => void work.push(promise) }))
    await expect(Promise.all(work)).resolves.toBeDefined()
  })
})

describe('keys that are right for some tokens only', () => {
  const issuers = ['https://one.example', 'https://two.example'] as const
  const other: Signer = { ...b, jwk: { ...b.jwk, kid: 'a' } }
  const both = json({
    keys: [
      { ...a.jwk, issuer: issuers[0] },
      { ...other.jwk, issuer: issuers[1] },
    ],
  })

  test('each issuer has its own key under one kid, whoever came before', async () => {
    const server = await loopbackServer(both)
    const providers = [provider([], { issuer: issuers, keys: remoteJwks(server.url) })]
    const verifier = createVerifier({ providers, clock: manualClock() })
    for (const [iss, by, expected] of [
      [issuers[0], a, 'accepted'],
      [issuers[1], other, 'accepted'],
      [issuers[1], a, 'SIGNATURE_INVALID'],
      [issuers[0], other, 'SIGNATURE_INVALID'],
      [issuers[0], a, 'accepted'],
    ] as const) {
      const token = jwt(by, { iss, exp: LONG }, { kid: 'a' })
      expect(await verdict(() => verifier.verify(token))).toBe(expected)
    }
    expect(server.requests).toHaveLength(1)
  })

  test('a key ends in the midst of its set', async () => {
    const { server, clock, verifier } = await over(json({ keys: [{ ...a.jwk, exp: NOW + 60 }, b.jwk] }))
    await verifier.verify(tokenOf(a))
    clock.advance(59_000)
    await verifier.verify(tokenOf(a))
    clock.advance(2000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(server.requests.length).toBeLessThanOrEqual(2)
  })
})

/** A source that serves single keys, and shows it only by what it returns. */
function oneAtATime(signers: readonly Signer[], asked: unknown[]): KeySource {
  return {
    id: 'one at a time',
    async load({ kid }) {
      asked.push(kid)
      return { jwks: { keys: signers.filter((one) => one.kid === kid).map(({ jwk }) => jwk) }, partial: true }
    },
  }
}

describe('a source that shows only by its answers that keys come one at a time', () => {
  test('is asked once for each key, and what it has not is remembered for half a minute', async () => {
    const asked: unknown[] = []
    const clock = manualClock()
    const events = eventLog()
    const providers = [provider([], { keys: oneAtATime([a, b], asked) })]
    const verifier = createVerifier({ providers, clock, onEvent: events.onEvent, cache: { burst: 10 } })
    for (const by of [a, b, a, b]) expect(await verdict(() => verifier.verify(tokenOf(by)))).toBe('accepted')
    expect(asked).toEqual(['a', 'b'])
    for (let n = 0; n < 3; n++) expect(await verdict(() => verifier.verify(forged('c')))).toBe('KEY_NOT_FOUND')
    clock.advance(29_000)
    expect(await verdict(() => verifier.verify(forged('c')))).toBe('KEY_NOT_FOUND')
    await eventually(() => events.of('refreshed').length).toBe(4) // one ahead of the end
    clock.advance(31_000)
    expect(await verdict(() => verifier.verify(forged('c')))).toBe('KEY_NOT_FOUND')
    expect(asked).toEqual(['a', 'b', 'c', 'c', 'c'])
    expect(await verdict(() => verifier.verify(tokenOf(a, { kid: undefined })))).toBe('KEY_NOT_FOUND')
    expect(asked).toHaveLength(5)
  })
})

describe('a single key of a source that was asked for all', () => {
  test('is held as its whole set', async () => {
    let loads = 0
    const load = async () => {
      loads += 1
      return { jwks: { keys: [a.jwk] }, partial: true }
    }
    const verifier = createVerifier({ providers: [provider([], { keys: { id: 'own', load } })], clock: manualClock() })
    await verifier.ready()
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(loads).toBe(1)
  })
})

describe('what is remembered of the last token', () => {
  const setBack = (clock: ManualClock, ms: number): void => {
    clock.advance(ms)
    clock.jump(-ms)
  }
  for (const [name, move] of [
    ['that was frozen', (clock: ManualClock, ms: number) => clock.jump(ms)],
    ['whose wall clock was set back', setBack],
  ] as const) {
    test(`serves up to the moment of a refresh, in a process ${name}, too`, async () => {
      const { server, clock, verifier } = await over(jwks([a]))
      await verifier.verify(tokenOf(a))
      const { nextRefreshInMs = 0 } = verifier.status()[0] ?? {}
      await verifier.verify(jwt(a, { exp: LONG, jti: '2' }))
      expect(server.requests).toHaveLength(1)
      move(clock, nextRefreshInMs + 1)
      await verifier.verify(jwt(a, { exp: LONG, jti: '3' }))
      await eventually(() => server.requests.length).toBe(2)
    })
  }

  test('is counted as a request that was saved', async () => {
    const { verifier } = await over(jwks([a]))
    for (const jti of ['1', '2', '3']) await verifier.verify(jwt(a, { exp: LONG, jti }))
    expect(verifier.status()).toMatchObject([{ requests: 1, saved: 3 }])
  })

  test('is no answer to one of another algorithm', async () => {
    const rsa = signer('RS256', 'r')
    const { verifier } = await over(jwks([rsa]))
    const pss: Signer = { ...rsa, alg: 'PS256' }
    expect(await verdict(() => verifier.verify(tokenOf(rsa)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(pss)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(rsa)))).toBe('accepted')
  })
})

describe('what a source is given', () => {
  test('is what is wanted and what it returned before, and a signal that outlives no load', async () => {
    const contexts: LoadContext[] = []
    const loaded = { jwks: { keys: [a.jwk] }, etag: '"1"' }
    const keys: KeySource = {
      id: 'own',
      async load(context) {
        contexts.push(context)
        return contexts.length === 1 ? loaded : { jwks: { keys: [] }, notModified: true }
      },
    }
    const clock = manualClock()
    const verifier = createVerifier({ providers: [provider([], { keys })], clock, cache: { timeoutMs: 30 } })
    await verifier.ready()
    clock.advance(700_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(contexts.map((context) => Object.keys(context))).toEqual([
      ['http', 'signal', 'now'],
      ['http', 'signal', 'now', 'kid', 'previous'],
    ])
    expect(contexts[1]).toMatchObject({ kid: 'a', now: NOW * 1000 + 700_000 })
    expect(contexts[1]?.previous).toBe(loaded)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, false])
  })
})

describe('an answer that says that nothing changed', () => {
  test('makes the keys fresh again, and says so', async () => {
    const { server, clock, verifier, events } = await over(jwks([a], { etag: '"1"' }))
    await verifier.verify(tokenOf(a))
    server.answer = status(304)
    clock.advance(700_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(events.of('refreshed').map(({ notModified }) => notModified)).toEqual([false, true])
    expect(verifier.status()).toMatchObject([{ ageMs: 0, state: 'fresh' }])
  })
})

describe('tenants whose number strangers decide', () => {
  const guid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`
  const template = 'https://login.example/{tenantid}'
  const of = (n: number) => ({ iss: template.replace('{tenantid}', guid(n)), tid: guid(n), exp: LONG })

  test('share one budget of requests, and none is blamed once it is spent', async () => {
    const server = await loopbackServer(jwks([a]))
    const clock = manualClock()
    const issuer = { template, claim: 'tid', allow: anyTenant('for this test') }
    const keys = (iss: string) => remoteJwks(`${server.url}/${iss.slice(-1)}`)
    const providers = [provider([], { issuer, keys })]
    const verifier = createVerifier({ providers, clock, cache: { burst: 2, cooldownMs: 60_000 } })
    for (const n of [1, 2]) expect(await verdict(() => verifier.verify(jwt(a, of(n))))).toBe('accepted')
    expect(await errorOf(() => verifier.verify(jwt(a, of(3))))).toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      message: expect.stringContaining('nothing was loaded yet'),
    })
    expect(server.requests).toHaveLength(2)
    clock.advance(60_000)
    expect(await verdict(() => verifier.verify(jwt(a, of(3))))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(a, of(4))))).toBe('KEYS_UNAVAILABLE')
    expect(await verdict(() => verifier.verify(jwt(a, of(1))))).toBe('accepted')
    expect(server.requests).toHaveLength(3)
  })
})

describe('a source in the program', () => {
  test('is loaded once, and looks for nothing in a snapshot', async () => {
    const events = eventLog()
    const keys = staticJwks({ keys: [a.jwk] })
    const stored = { source: keys.id, loadedAt: NOW * 1000, lifetimeMs: 1000, loaded: { jwks: { keys: [b.jwk] } } }
    const snapshot = { version: 1, sources: [stored] } as const
    const providers = [provider([], { keys })]
    const verifier = createVerifier({ providers, clock: manualClock(), onEvent: events.onEvent, snapshot })
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(events.all.map(({ type }) => type)).toEqual(['refreshed', 'unknown-kid', 'rejected', 'verified'])
  })
})
