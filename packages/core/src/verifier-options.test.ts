import { describe, expect, test } from 'vitest'
import { ENGINES, errorOf, jwt, manualClock, provider, signer, verdict } from '../test/loopback-issuer.ts'

const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
const key = signer()
const good = { providers: [provider([key])], clock: manualClock() }

describe('the options of createVerifier', () => {
  const cases: readonly (readonly [name: string, changes: unknown, subject: string | undefined])[] = [
    ['providers alone', {}, undefined],
    [
      'all durations at their least',
      {
        cache: {
          ttlMs: 1,
          staleIfErrorMs: 0,
          staleWaitMs: 0,
          maxIdleStaleMs: 0,
          cooldownMs: 1,
          burst: 1,
          timeoutMs: 1,
          maxBytes: 1,
          maxKeys: 1,
          keepFresh: false,
        },
      },
      undefined,
    ],
    ['an empty cache', { cache: {} }, undefined],
    ['undefined throughout', { cache: { ttlMs: undefined }, fetch: undefined, onEvent: undefined }, undefined],
    ['no providers', { providers: undefined }, 'providers'],
    ['providers that are no array', { providers: good.providers[0] }, 'providers'],
    ['an empty array of providers', { providers: [] }, 'providers'],
    ['a misspelt option', { clockToleranceMs: 5 }, 'clockToleranceMs'],
    ['a cache that is no object', { cache: 600 }, 'cache'],
    ['a cache of null', { cache: null }, 'cache'],
    ['a misspelt cache option', { cache: { ttl: 600 } }, 'ttl'],
    ['a ttl of nothing', { cache: { ttlMs: 0 } }, 'ttlMs'],
    ['a ttl that is no number', { cache: { ttlMs: Number.NaN } }, 'ttlMs'],
    ['a ttl as text', { cache: { ttlMs: '600' } }, 'ttlMs'],
    ['a ttl without end', { cache: { ttlMs: Infinity } }, 'ttlMs'],
    ['a stale time below nothing', { cache: { staleIfErrorMs: -1 } }, 'staleIfErrorMs'],
    ['a stale wait below nothing', { cache: { staleWaitMs: -1 } }, 'staleWaitMs'],
    ['an idle time below nothing', { cache: { maxIdleStaleMs: -1 } }, 'maxIdleStaleMs'],
    ['no cooldown', { cache: { cooldownMs: 0 } }, 'cooldownMs'],
    ['no burst', { cache: { burst: 0 } }, 'burst'],
    ['a burst without end', { cache: { burst: 1001 } }, 'burst'],
    ['no time', { cache: { timeoutMs: 0 } }, 'timeoutMs'],
    ['more time than a timer takes', { cache: { timeoutMs: 2 ** 31 } }, 'timeoutMs'],
    ['no bytes', { cache: { maxBytes: 0 } }, 'maxBytes'],
    ['no keys', { cache: { maxKeys: 0 } }, 'maxKeys'],
    ['keepFresh as a number', { cache: { keepFresh: 1 } }, 'keepFresh'],
    ['a tolerance below nothing', { clockToleranceSec: -1 }, 'clockToleranceSec'],
    ['a tolerance over five minutes', { clockToleranceSec: 301 }, 'clockToleranceSec'],
    ['a tolerance that is no number', { clockToleranceSec: Number.NaN }, 'clockToleranceSec'],
    ['a token of no bytes', { maxTokenBytes: 0 }, 'maxTokenBytes'],
    ['a token of any size', { maxTokenBytes: Infinity }, 'maxTokenBytes'],
    ['a fetch that is none', { fetch: {} }, 'fetch'],
    ['a clock that is Date', { clock: Date }, 'clock'],
    ['a clock of null', { clock: null }, 'clock'],
    ['a listener that is none', { onEvent: [] }, 'onEvent'],
  ]
  for (const [name, changes, subject] of cases) {
    test(`with ${name}: ${subject ? 'refused' : 'taken'}`, async () => {
      const make = () => createVerifier({ ...good, ...(changes as object) } as never)
      if (subject === undefined) expect(await verdict(make)).toBe('accepted')
      else expect(await errorOf(make)).toMatchObject({ code: 'CONFIG_INVALID', subject })
    })
  }

  test('are checked whatever they are', async () => {
    for (const options of [undefined, null, 'x', 5, []]) {
      expect(await verdict(() => createVerifier(options as never))).toBe('CONFIG_INVALID')
    }
  })
})

describe('the options of verify', () => {
  const cases: readonly (readonly [name: string, call: unknown, subject: string | undefined])[] = [
    ['none', {}, undefined],
    [
      'undefined throughout',
      { scopes: undefined, audience: undefined, signal: undefined, provider: undefined },
      undefined,
    ],
    ['no scopes', { scopes: [] }, undefined],
    ['a misspelt option', { scope: 'read' }, 'scope'],
    ['scopes that are an object', { scopes: { read: true } }, 'scopes'],
    ['an empty scope', { scopes: '' }, 'scopes'],
    ['an empty scope among others', { scopes: ['read', ''] }, 'scopes'],
    ['scopes of null', { scopes: null }, 'scopes'],
    ['an empty audience', { audience: '' }, 'audience'],
    ['no audience among several', { audience: [] }, 'audience'],
    ['an audience of null', { audience: null }, 'audience'],
    ['an empty provider', { provider: '' }, 'provider'],
    ['a signal that is none', { signal: { aborted: false } }, 'signal'],
    ['a waitUntil that is no function', { waitUntil: true }, 'waitUntil'],
    ['null for all', null, 'options'],
    ['text for all', 'read', 'options'],
  ]
  const verifier = createVerifier(good)
  for (const [name, call, subject] of cases) {
    test(`with ${name}: ${subject ? 'refused' : 'taken'}`, async () => {
      await verifier.ready()
      for (const run of [
        () => verifier.verify(jwt(key), call as never),
        () => verifier.verifySync(jwt(key), call as never),
      ]) {
        if (subject === undefined) expect(await verdict(run)).toBe('accepted')
        else expect(await errorOf(run)).toMatchObject({ code: 'CONFIG_INVALID', subject })
      }
    })
  }
})
