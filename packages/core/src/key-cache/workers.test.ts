import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Answer,
  eventLog,
  eventually,
  hang,
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
import { type CacheOptions, createVerifier, remoteJwks } from '../index.ts'

// What Cloudflare's Workers say of themselves. There, a request must not wait for a promise of another one.
beforeEach(() => void vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' }))
afterEach(() => void vi.unstubAllGlobals())

const a = signer('ES256', 'a')
const b = signer('ES256', 'b')
const LONG = NOW + 100_000_000

const slow =
  (answer: Answer, ms: number): Answer =>
  (request, response) =>
    void setTimeout(() => answer(request, response), ms)

async function over(answer: Answer, cache: CacheOptions = {}) {
  const server = await loopbackServer(answer)
  const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], cache })
  return { server, verifier }
}

function together(times: number, work: () => unknown): Promise<string[]> {
  return Promise.all(Array.from({ length: times }, () => verdict(work)))
}

describe('on a runtime where requests share no promises', () => {
  test('requests that need keys load them themselves, as far as the budget goes, and share what came', async () => {
    const { server, verifier } = await over(slow(jwks([a]), 60))
    const verdicts = await together(20, () => verifier.verify(jwt(a, { exp: LONG })))
    expect(new Set(verdicts)).toEqual(new Set(['accepted']))
    expect(server.requests.length).toBeGreaterThan(1)
    expect(server.requests.length).toBeLessThanOrEqual(3) // the first, and the burst of two
  })

  test('a load that dies with its request holds up nobody but for the time-out', async () => {
    const { server, verifier } = await over(hang, { timeoutMs: 300, burst: 1 })
    const first = verdict(() => verifier.verify(jwt(a, { exp: LONG })))
    server.answer = jwks([a])
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('accepted')
    expect(await first).toMatch(/accepted|KEYS_UNAVAILABLE/)
  })

  test('a load that was given up and answers after all replaces nothing newer', async () => {
    let late = (): void => {}
    const server = await loopbackServer((request, response) => {
      late = () => jwks([a])(request, response)
    })
    const clock = manualClock()
    const events = eventLog()
    const providers = [provider([], { keys: remoteJwks(server.url) })]
    const verifier = createVerifier({ providers, clock, onEvent: events.onEvent })
    const first = verdict(() => verifier.verify(jwt(a, { exp: LONG })))
    await eventually(() => server.requests.length).toBe(1)
    server.answer = jwks([b])
    clock.advance(7000)
    expect(await verdict(() => verifier.verify(jwt(b, { exp: LONG })))).toBe('accepted')
    late()
    expect(await first).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(jwt(b, { exp: LONG, jti: '2' })))).toBe('accepted')
    expect(events.of('refreshed').length).toBeLessThanOrEqual(2) // that of the second token, and one that the first made anew
  })

  test('an endpoint that fails is asked no more often than elsewhere', async () => {
    const { server, verifier } = await over(slow(status(500), 20))
    const verdicts = await together(20, () => verifier.verify(jwt(a, { exp: LONG })))
    expect(new Set(verdicts)).toEqual(new Set(['KEYS_UNAVAILABLE']))
    expect(server.requests.length).toBeLessThanOrEqual(3)
  })

  test('a new key is found', async () => {
    const { server, verifier } = await over(jwks([a]))
    await verifier.verify(jwt(a, { exp: LONG }))
    server.answer = slow(jwks([a, b]), 40)
    const verdicts = await together(10, () => verifier.verify(jwt(b, { exp: LONG })))
    expect(new Set(verdicts)).toEqual(new Set(['accepted']))
    expect(server.requests.length).toBeLessThanOrEqual(3)
  })

  test('waitUntil is given the refresh that outlives its request', async () => {
    const server = await loopbackServer(jwks([a]))
    const clock = manualClock()
    const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    await verifier.verify(jwt(a, { exp: LONG }))
    clock.advance(550_000)
    const work: Promise<unknown>[] = []
    await verifier.verify(jwt(a, { exp: LONG }), { waitUntil: (one) => void work.push(one) })
    expect(work).toHaveLength(1)
    await work[0]
    expect(server.requests).toHaveLength(2)
  })
})
