import { describe, expect, test } from 'vitest'
import {
  ENGINES,
  errorOf,
  eventLog,
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
import { createVerifier, firstOf, keyEndpoint, remoteJwks, type Snapshot, staticJwks } from '../index.ts'

const a = signer('ES256', 'a')
const b = signer('ES256', 'b')
const LONG = NOW + 100_000_000
const HOUR = 3_600_000

/** A snapshot of a process that held `a`, and the server it came from. */
async function saved() {
  const server = await loopbackServer(jwks([a]))
  const clock = manualClock()
  const source = remoteJwks(server.url)
  const first = createVerifier({ providers: [provider([], { keys: source })], clock })
  await first.ready()
  // As it comes back from a file.
  const snapshot: Snapshot = JSON.parse(JSON.stringify(first.export()))
  first.close()
  return { server, clock, source, snapshot }
}

describe.each(ENGINES)('a snapshot on the $name engine', ({ createVerifier: make }) => {
  test('verifies while the provider is down', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = status(500)
    clock.advance(HOUR)
    const verifier = make({ providers: [provider([], { keys: source })], clock, snapshot })
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('accepted')
    expect(server.requests).toHaveLength(2) // one of the first process, and one at once
  })
})

describe('a snapshot', () => {
  test('starts a load at once, which withdraws what is gone', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = jwks([b])
    const verifier = createVerifier({ providers: [provider([], { keys: source })], clock, snapshot })
    await verifier.verify(jwt(a, { exp: LONG }))
    await expect.poll(() => verifier.status()[0]?.keys.map(({ kid }) => kid)).toEqual(['b'])
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEY_NOT_FOUND')
  })

  test('keeps its age: a stale one waits a little for the load', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = jwks([b])
    clock.advance(HOUR / 2)
    const verifier = createVerifier({ providers: [provider([], { keys: source })], clock, snapshot })
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEY_NOT_FOUND')
  })

  test.each([
    ['too old', 25 * HOUR, /of at most 86400000 ms/],
    ['from the future', -HOUR, /of the past, found one of 3600000 ms from now$/],
  ])('that is %s is refused', async (_, laterMs, reason) => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = status(500)
    clock.advance(laterMs)
    const events = eventLog()
    const providers = [provider([], { keys: source })]
    const verifier = createVerifier({ providers, clock, snapshot, onEvent: events.onEvent })
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEYS_UNAVAILABLE')
    expect(events.of('snapshot-refused')).toMatchObject([{ reason: expect.stringMatching(reason) }])
  })

  test('goes through the same checks as an answer', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = status(500)
    const [entry] = snapshot.sources
    const jwks = { keys: [{ ...entry?.loaded.jwks.keys[0], d: 'AAAA' }] }
    const tampered = { ...snapshot, sources: [{ ...entry, loaded: { jwks } }] } as unknown as Snapshot
    const events = eventLog()
    const providers = [provider([], { keys: source })]
    const verifier = createVerifier({ providers, clock, snapshot: tampered, onEvent: events.onEvent })
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEYS_UNAVAILABLE')
    expect(events.of('key-skipped')).toHaveLength(1)
    expect(events.of('snapshot-refused')).toMatchObject([{ reason: expect.stringContaining('is a PRIVATE key') }])
  })

  test('is given to no other source', async () => {
    const { server, clock, snapshot } = await saved()
    const other = remoteJwks(`${server.url}/other`)
    server.answer = status(500)
    const verifier = createVerifier({ providers: [provider([], { keys: other })], clock, snapshot })
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEYS_UNAVAILABLE')
  })

  test('never replaces a newer set', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = jwks([b])
    const verifier = createVerifier({ providers: [provider([], { keys: source })], clock, snapshot })
    await verifier.ready()
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => verifier.verify(jwt(b, { exp: LONG })))).toBe('accepted')
  })

  test('serves where ready() finds the provider down', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = hang
    const providers = [provider([], { keys: source })]
    const verifier = createVerifier({ providers, clock, snapshot, cache: { timeoutMs: 50 } })
    expect(await verdict(() => verifier.ready())).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(a, { exp: LONG })))).toBe('accepted')
  })

  test('holds public members and validators alone, and nothing of keys that are in the program', async () => {
    const server = await loopbackServer(jwks([a], { etag: '"1"' }))
    const keys = firstOf(remoteJwks(server.url), staticJwks({ keys: [b.jwk] }))
    const verifier = createVerifier({ providers: [provider([], { keys })], clock: manualClock() })
    await verifier.ready()
    const { sources } = verifier.export()
    expect(sources).toHaveLength(1)
    expect(sources[0]).toMatchObject({ source: server.url, loaded: { etag: '"1"', jwks: { keys: [a.jwk] } } })
  })

  test('remembers single keys by their names', async () => {
    const server = await loopbackServer((_, response) => void response.end(JSON.stringify(a.jwk)))
    const clock = manualClock()
    const keys = keyEndpoint((kid) => `${server.url}/${kid}`, { format: 'jwk', kidPattern: /[a-z]/ })
    const first = createVerifier({ providers: [provider([], { keys })], clock })
    await first.verify(jwt(a, { exp: LONG }))
    server.answer = status(500)
    const second = createVerifier({ providers: [provider([], { keys })], clock, snapshot: first.export() })
    expect(await verdict(() => second.verify(jwt(a, { exp: LONG })))).toBe('accepted')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(server.requests.map(({ path }) => path)).toEqual(['/keys/a']) // and none of the second
  })

  test('is plain data that says when its keys were loaded, whenever it is taken', async () => {
    const server = await loopbackServer(jwks([a]))
    const clock = manualClock()
    const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    await verifier.ready()
    clock.advance(HOUR)
    const snapshot = verifier.export()
    expect(snapshot.sources).toMatchObject([{ loadedAt: NOW * 1000, lifetimeMs: 600_000 }])
    expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(snapshot)
  })

  test('is as old as it is, though the clock is set back', async () => {
    const { server, clock, source, snapshot } = await saved()
    server.answer = status(500)
    clock.advance(HOUR)
    const verifier = createVerifier({ providers: [provider([], { keys: source })], clock, snapshot })
    await verifier.verify(jwt(a, { exp: LONG }))
    clock.jump(-HOUR)
    expect(verifier.status()).toMatchObject([{ ageMs: HOUR, state: 'stale' }])
  })

  const entry = { source: 'x', loadedAt: 1, lifetimeMs: 0, loaded: { jwks: { keys: [] } } }
  const cases: readonly [name: string, snapshot: unknown, found: string | undefined][] = [
    ['one of an empty set that is over', { version: 1, sources: [entry] }, undefined],
    ['one of a single key', { version: 1, sources: [{ ...entry, kid: 'a' }] }, undefined],
    ['another version', { version: 2, sources: [] }, 'version 2'],
    ['without sources', { version: 1 }, 'an object'],
    ['without a version', { sources: [] }, 'an object'],
    ['with something else among its sources', { version: 1, sources: [entry, null] }, 'an object'],
    ['of a source without a name', { version: 1, sources: [{ ...entry, source: undefined }] }, 'an object'],
    ['of a key whose kid is no text', { version: 1, sources: [{ ...entry, kid: 5 }] }, 'an object'],
    ['of a source without age', { version: 1, sources: [{ ...entry, loadedAt: undefined }] }, 'an object'],
    ['of a source without a lifetime', { version: 1, sources: [{ ...entry, lifetimeMs: undefined }] }, 'an object'],
    ['of a lifetime below zero', { version: 1, sources: [{ ...entry, lifetimeMs: -1 }] }, 'an object'],
    ['of a source that loaded nothing', { version: 1, sources: [{ ...entry, loaded: undefined }] }, 'an object'],
    ['of a source without a key set', { version: 1, sources: [{ ...entry, loaded: {} }] }, 'an object'],
    [
      'of keys that are no array',
      { version: 1, sources: [{ ...entry, loaded: { jwks: { keys: 'a' } } }] },
      'an object',
    ],
  ]
  test.each([null, 'text', 5])('that is %s is refused at construction', async (snapshot) => {
    const make = () => createVerifier({ providers: [provider([a])], snapshot: snapshot as never })
    expect(await errorOf(make)).toMatchObject({ code: 'CONFIG_INVALID', subject: 'snapshot' })
  })
  for (const [name, snapshot, found] of cases) {
    test(`${name} is ${found === undefined ? 'taken' : 'refused'} at construction`, async () => {
      const make = () => createVerifier({ providers: [provider([a])], snapshot: snapshot as never })
      if (found === undefined) expect(await verdict(make)).toBe('accepted')
      else {
        expect(await errorOf(make)).toMatchObject({
          code: 'CONFIG_INVALID',
          message: `createVerifier: option "snapshot": expected what verifier.export() returned (version 1), got ${found}`,
          subject: 'snapshot',
        })
      }
    })
  }
})
