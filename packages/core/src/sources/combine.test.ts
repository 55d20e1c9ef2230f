import { describe, expect, test } from 'vitest'
import {
  errorOf,
  eventLog,
  eventually,
  hang,
  json,
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
  keyEndpoint,
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
/** Serves the keys of signers one at a time, by their kid. */
function endpointOf(url: string): KeySource {
  return keyEndpoint((kid) => `${url}/${kid}`, { format: 'jwk', kidPattern: /[a-z]/ })
}

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

  test('serves them though the second holds some, too, and the first fails', async () => {
    const first = await loopbackServer(jwks([a]))
    const { verifier, clock, events } = over(firstOf(remoteJwks(first.url), fixed(b)))
    await verifier.ready()
    first.answer = status(500)
    clock.advance(1_000_000)
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    await eventually(() => events.of('refresh-failed').length).toBe(1)
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG, jti: '2' })))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).not.toBe('accepted')
  })

  test('is held up by a dead first at most once', async () => {
    const first = await loopbackServer(hang)
    const { verifier } = over(firstOf(remoteJwks(first.url), fixed(b)), { timeoutMs: 1000 })
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    const startedAt = performance.now()
    for (let n = 0; n < 20; n++) expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('accepted')
    expect(performance.now() - startedAt).toBeLessThan(900)
  })

  test('tries one that failed on the side, and answers from the other at once', async () => {
    const [first, last] = [await loopbackServer(status(500)), await loopbackServer(status(500))]
    const { verifier, clock } = over(firstOf(remoteJwks(first.url), fixed(b), remoteJwks(last.url)))
    await verifier.ready()
    first.answer = hang
    clock.advance(6000)
    expect(verifier.verifySync(tokenOf(b)).subject).toBe('user-1')
    await eventually(() => first.requests.length).toBe(2)
    expect(last.requests).toHaveLength(1) // of ready()
    verifier.close()
  })

  test('goes by an endpoint that has no such key, too', async () => {
    const first = await loopbackServer(status(404))
    const { verifier } = over(firstOf(endpointOf(first.url), fixed(b)))
    await verifier.ready()
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('KEY_NOT_FOUND')
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

  test('asks nobody for a key that one of them has', async () => {
    const servers = await Promise.all(
      [[a], [b], [signer('ES256', 'c')]].map((signers) => loopbackServer(jwks(signers))),
    )
    const [first, second, third] = servers.map(({ url }) => remoteJwks(url)) as [KeySource, KeySource, KeySource]
    const { verifier } = over(merge(merge(first, second), third))
    await verifier.ready()
    for (const by of [a, b, a]) expect(await verdict(() => verifier.verify(tokenOf(by)))).toBe('accepted')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(servers.map(({ requests }) => requests.length)).toEqual([1, 1, 1])
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
    for (const keys of [merge(remoteJwks(first.url), fixed(b)), merge(fixed(b), remoteJwks(first.url))]) {
      const { verifier } = over(keys)
      expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
    }
  })

  test('blames none either while another one says that it has no such key', async () => {
    const [first, second] = [await loopbackServer(status(404)), await loopbackServer(status(500))]
    const { verifier } = over(merge(endpointOf(first.url), remoteJwks(second.url)))
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('KEYS_UNAVAILABLE')
    second.answer = jwks([b])
    const { verifier: next } = over(merge(endpointOf(first.url), remoteJwks(second.url)))
    expect(await verdict(() => next.verify(tokenOf(a)))).toBe('KEY_NOT_FOUND')
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

  test('hold keys as soon as one of their members does', async () => {
    const dead = await loopbackServer(status(500))
    const { verifier } = over(firstOf(merge(fixed(a), remoteJwks(dead.url)), fixed(b)))
    await verifier.ready()
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(tokenOf(b)))).toBe('KEYS_UNAVAILABLE')
  })

  test('fail once all of their members do', async () => {
    const [first, second] = [await loopbackServer(status(500)), await loopbackServer(status(500))]
    const { verifier, clock } = over(firstOf(merge(remoteJwks(first.url), remoteJwks(second.url)), fixed(b)))
    await verifier.ready()
    for (const server of [first, second]) server.answer = hang
    clock.advance(6000)
    expect(verifier.verifySync(tokenOf(b)).subject).toBe('user-1')
    for (const server of [first, second]) await eventually(() => server.requests.length).toBe(2)
    verifier.close()
  })

  test('are not failing while one of their members may still have the key', async () => {
    const dead = await loopbackServer(status(500))
    const alive = await loopbackServer(json(a.jwk))
    const { verifier } = over(firstOf(merge(remoteJwks(dead.url), endpointOf(alive.url)), fixed(b)))
    await verifier.ready()
    expect(await verdict(() => verifier.verify(tokenOf(a)))).toBe('accepted')
  })

  test('are explained, and saved, with the keys of all', async () => {
    const [first, second] = [await loopbackServer(jwks([a])), await loopbackServer(jwks([b]))]
    const { verifier } = over(merge(remoteJwks(first.url), remoteJwks(second.url)))
    await verifier.ready()
    const { keys } = await verifier.explain(tokenOf(a))
    expect(keys?.map(({ source, kid, fits }) => ({ source, kid, fits }))).toEqual([
      { source: first.url, kid: 'a', fits: true },
      { source: second.url, kid: 'b', fits: false },
    ])
    expect(verifier.export().sources.map(({ source }) => source)).toEqual([first.url, second.url])
  })

  test('are named after their members', () => {
    expect(firstOf(fixed(a), merge(fixed(a), fixed(b))).id).toBe('firstOf(static:a merge(static:a static:b))')
  })

  test('end with their verifier', async () => {
    let ended = 0
    const first = await loopbackServer((_request, response) => void response.on('close', () => (ended += 1)))
    const { verifier } = over(merge(remoteJwks(first.url), remoteJwks(first.url)), { timeoutMs: 60_000 })
    const waiting = verdict(() => verifier.verify(tokenOf(a)))
    await eventually(() => first.requests.length).toBe(2)
    verifier.close()
    expect(await waiting).toBe('CLOSED')
    await eventually(() => ended).toBe(2)
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
