import { describe, expect, test } from 'vitest'
import { type Held, heldKeys, WHOLE } from './held-keys.ts'
import type { FreshnessOptions } from './state.ts'

const options: FreshnessOptions = {
  ttlMs: 600_000,
  staleIfErrorMs: 86_400_000,
  staleWaitMs: 100,
  maxIdleStaleMs: 3_600_000,
  cooldownMs: 5000,
  burst: 2,
  timeoutMs: 5000,
}
const at = (ms: number) => ({ mono: ms, wall: ms })

/** What was loaded at 0: so many keys. */
function loaded(keys: number): Held {
  const lease = { loadedAt: at(0), lifetimeMs: 600_000, refreshAfterMs: 450_000, ordinal: 1 }
  return { loaded: { jwks: { keys: [] } }, set: { keys: Array(keys).fill({}) } as never, lease }
}

const KEY = loaded(1)
const GONE = loaded(0)

describe('keys that come one at a time', () => {
  test('are held up to their number, the newest of them', () => {
    const held = heldKeys(options, 2)
    for (const kid of ['a', 'b', 'a', 'c']) held.keep(kid, KEY)
    expect(held.entries().map(([slot]) => slot)).toEqual(['a', 'c'])
  })

  test('are not displaced by names of which there is no key, nor displace those', () => {
    const held = heldKeys(options, 2)
    for (const kid of ['a', 'b']) held.keep(kid, KEY)
    for (const kid of ['x', 'y', 'z']) held.keep(kid, GONE)
    expect(held.entries().map(([slot]) => slot)).toEqual(['a', 'b', 'y', 'z'])
    held.keep('c', KEY)
    expect(held.entries().map(([slot]) => slot)).toEqual(['b', 'y', 'z', 'c'])
  })

  test('leave a whole set alone, of any size', () => {
    const held = heldKeys(options, 1)
    held.keep(WHOLE, loaded(5))
    for (const kid of ['a', 'b']) held.keep(kid, KEY)
    expect(held.entries().map(([slot]) => slot)).toEqual([WHOLE, 'b'])
  })

  test('that are within their number are all held', () => {
    const held = heldKeys(options, 3)
    for (const kid of ['a', 'b']) held.keep(kid, KEY)
    expect(held.entries()).toHaveLength(2)
  })
})

describe('what is found', () => {
  const cases: readonly [name: string, held: Held, ms: number, found: boolean][] = [
    ['a key that is fresh', KEY, 0, true],
    ['a key that is stale', KEY, 600_000, true],
    ['a key that is long over: that is for others to judge', KEY, 90_000_000, true],
    ['that there is no such key, while that is fresh', GONE, 599_999, true],
    ['that there is no such key, once that is stale', GONE, 600_000, false],
  ]
  test.each(cases)('%s', (_, entry, ms, found) => {
    const held = heldKeys(options, 2)
    held.keep('a', entry)
    expect(held.find('a', at(ms))).toBe(found ? entry : undefined)
    expect(held.get('a')).toBe(entry)
    expect(held.find('b', at(ms))).toBeUndefined()
  })

  test('is never replaced by what only fills a gap', () => {
    const held = heldKeys(options, 2)
    held.keepIfNone('a', KEY)
    held.keepIfNone('a', GONE)
    expect(held.get('a')).toBe(KEY)
    held.keep('a', GONE)
    expect(held.get('a')).toBe(GONE)
  })
})
