import { describe, expect, test } from 'vitest'
import {
  errorOf,
  eventLog,
  eventually,
  hang,
  jwks,
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
import {
  createVerifier,
  firstOf,
  type KeySource,
  type LoadContext,
  merge,
  pemKey,
  remoteJwks,
  staticJwks,
} from '../index.ts'

const a = signer('ES256', 'a')
const b = signer('ES256', 'b')
const LONG = NOW + 10_000_000
const tokenOf = (by: Signer): string => jwt(by, { exp: LONG })
const fixed = (by: Signer): KeySource => staticJwks({ keys: [by.jwk] })

function over(keys: KeySource, cache: object = {}) {
  const clock = manualClock()
  const events = eventLog()
  return {
    verifier: createVerifier({ providers: [provider([], { keys })], clock, cache, onEvent: events.onEvent }),
    clock,
    events,
  }
}

describe('firstOf', () => {
  test('goes by the first, and asks no other', async () => {
    const [first, second] = [await loopbackServer(jwks([a])), await loopbackServer(jwks([b]))]
    const { verifier } = over(firstOf(remoteJwks(first.url), remoteJwks(second.url)))
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('KEY_NOT_FOUND')
    expect(second.requests).toHaveLength(0)
  })

  test('falls back while the first has nothing, and to the first once it has', async () => {
    const first = await loopbackServer(status(500))
    const { verifier, clock } = over(firstOf(remoteJwks(first.url), fixed(b)))
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(first.requests).toHaveLength(1)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).not.toBe('accepted')
    first.answer = jwks([a])
    clock.advance(6000)
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted') // it tries the first, on the side
    await eventually(() => verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('KEY_NOT_FOUND')
  })

  test('does not take the fallback for a success of the first', async () => {
    const first = await loopbackServer(status(500))
    const { verifier, clock } = over(firstOf(remoteJwks(first.url), fixed(b)))
    for (let n = 0; n < 10; n++) {
      expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
      await eventually(() => verifier.status()[0]?.failures).toBe(n + 1)
      clock.advance(70_000)
    }
    expect(first.requests).toHaveLength(10)
    const sources = verifier.status()[0]?.sources
    expect(sources).toMatchObject([
      { source: first.url, state: 'never-loaded' },
      { state: expect.stringMatching(/fresh|stale/) },
    ])
    expect(sources?.[0]?.failures).toBe(10)
  })

  test('serves stale keys of the first before those of the second', async () => {
    const [first, second] = [await loopbackServer(jwks([a])), await loopbackServer(jwks([b]))]
    const { verifier, clock } = over(firstOf(remoteJwks(first.url), remoteJwks(second.url)), {
      staleIfErrorMs: 3_600_000,
    })
    await verifier.verify(tokenOf(a))
    first.answer = status(500)
    clock.advance(1_000_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(second.requests).toHaveLength(0)
    clock.advance(3_600_000)
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(a)))).not.toBe('accepted')
  })

  test('is held up by a dead first at most once', async () => {
    const first = await loopbackServer(hang)
    const { verifier } = over(firstOf(remoteJwks(first.url), fixed(b)), { timeoutMs: 1000 })
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    const startedAt = performance.now()
    for (let n = 0; n < 20; n++) expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(performance.now() - startedAt).toBeLessThan(900)
  })

  test('is unavailable where all are', async () => {
    const [first, second] = [await loopbackServer(status(500)), await loopbackServer(status(500))]
    const { verifier } = over(firstOf(remoteJwks(first.url), remoteJwks(second.url)))
    expect(await errorOf(() => verifier.verify(tokenOf(a)))).toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503 })
    expect(await verdict(() => verifier.ready())).toBe('KEYS_UNAVAILABLE')
  })

  test('is ready with one of them', async () => {
    const first = await loopbackServer(status(500))
    expect(await verdict(() => over(firstOf(remoteJwks(first.url), fixed(b))).verifier.ready())).toBe('accepted')
  })
})

describe('merge', () => {
  test('takes the keys of all', async () => {
    const [first, second] = [await loopbackServer(jwks([a])), await loopbackServer(jwks([b]))]
    const { verifier } = over(merge(remoteJwks(first.url), remoteJwks(second.url)))
    await verifier.ready()
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(signer('ES256', 'c'))))).toBe('KEY_NOT_FOUND')
    expect(verifier.status()).toMatchObject([{ keys: [{ kid: 'a' }, { kid: 'b' }] }])
  })

  test('loses nothing to a member that fails', async () => {
    const first = await loopbackServer(status(500))
    for (const keys of [merge(remoteJwks(first.url), fixed(b)), merge(fixed(b), remoteJwks(first.url))]) {
      expect(await verdict(() => over(keys).verifier.verify(tokenOf(b)))).toBe('accepted')
    }
  })

  test('answers from the other while one hangs', async () => {
    const first = await loopbackServer(hang)
    for (const keys of [merge(remoteJwks(first.url), fixed(b)), merge(fixed(b), remoteJwks(first.url))]) {
      const startedAt = performance.now()
      const { verifier } = over(keys, { timeoutMs: 5000 })
      expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
      expect(performance.now() - startedAt).toBeLessThan(4500)
      verifier.close()
    }
  })

  test('blames no token while one that may have the key fails', async () => {
    const first = await loopbackServer(status(500))
    const { verifier } = over(merge(remoteJwks(first.url), fixed(b)))
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
  })

  test('tries the keys of all for a token without kid, four at most', async () => {
    const others = [1, 2, 3].map((n) => fixed(signer('ES256', `x${n}`)))
    const token = jwt(a, {}, { kid: undefined })
    expect(await verdict(() => over(merge(...others, fixed(a))).verifier.verify(token))).toBe('accepted')
    const { verifier } = over(merge(...others, fixed(signer('ES256', 'x4')), fixed(a)))
    await verifier.ready()
    expect(await verdict(() => verifier.verify(token))).toBe('SIGNATURE_INVALID')
  })

  test('prefers the key that a token names to one that fits any', async () => {
    const pem = b.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const { verifier } = over(merge(fixed(a), pemKey(pem, { alg: 'ES256' })))
    await verifier.ready()
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
  })
})

describe('combinations', () => {
  test('may be nested', async () => {
    const dead = await loopbackServer(status(500))
    const keys = firstOf(merge(remoteJwks(dead.url), remoteJwks(dead.url)), merge(fixed(a), fixed(b)))
    const { verifier } = over(keys)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(verifier.status()[0]?.sources).toHaveLength(4)
  })

  test('are named after their members', () => {
    expect(firstOf(fixed(a), merge(fixed(a), fixed(b))).id).toBe('firstOf(static:a merge(static:a static:b))')
  })

  test('end with their verifier', async () => {
    const first = await loopbackServer(hang)
    const { verifier } = over(merge(remoteJwks(first.url), remoteJwks(first.url)))
    const waiting = verdict(() => verifier.verify(tokenOf(a)))
    await eventually(() => first.requests.length).toBe(2)
    verifier.close()
    expect(await waiting).toBe('CLOSED')
  })

  test('are of two sources at least', async () => {
    for (const combine of [firstOf, merge]) {
      for (const members of [[], [fixed(a)], [fixed(a), null], [fixed(a), { id: 'x' }], [[fixed(a), fixed(b)]]]) {
        expect(await verdict(() => combine(...(members as KeySource[])))).toBe('CONFIG_INVALID')
      }
    }
  })

  test('load by themselves, within a source of somebody else', async () => {
    const context = {} as LoadContext
    const failing: KeySource = { id: 'x', load: () => Promise.reject(new Error('no')) }
    expect((await firstOf(failing, fixed(b)).load(context)).jwks.keys).toEqual([b.jwk])
    expect((await merge(failing, fixed(a), fixed(b)).load(context)).jwks.keys).toEqual([a.jwk, b.jwk])
    for (const combine of [firstOf, merge]) {
      await expect(combine(failing, failing).load(context)).rejects.toThrow('every source failed')
    }
  })
})
