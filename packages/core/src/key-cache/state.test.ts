import { describe, expect, test } from 'vitest'
import {
  ageMs,
  began,
  type Decision,
  decide,
  dueAt,
  type Finding,
  type FreshnessOptions,
  failed,
  freshness,
  initialState,
  isCurrent,
  isLoading,
  type Lease,
  leaseFor,
  retryAt,
  type SourceState,
  succeeded,
  tokensIn,
  urgentRetryAt,
} from './state.ts'

const options: FreshnessOptions = {
  ttlMs: 600_000,
  staleIfErrorMs: 86_400_000,
  staleWaitMs: 100,
  maxIdleStaleMs: 3_600_000,
  cooldownMs: 5000,
  burst: 2,
  timeoutMs: 5000,
}
const at = (ms: number) => ({ mono: ms, wall: 1_000_000 + ms })
const start = initialState(options, at(0))
const lease: Lease = { loadedAt: at(0), lifetimeMs: 600_000, refreshAfterMs: 450_000, ordinal: 1 }
const loadedOnce = succeeded(began(start, 'refresh', 1, options, at(0)), 1)
const failing = failed(began(loadedOnce, 'refresh', 2, options, at(460_000)), 2, 0, at(460_000), 0)
const loading = (since: number): SourceState => began(loadedOnce, 'refresh', 2, options, at(since))
const emptyBucket: SourceState = { ...loadedOnce, bucket: { tokens: 0, at: 0 } }
const finding = (over: Partial<Finding> = {}): Finding => ({
  lease,
  known: true,
  loadsBefore: 1,
  onDemand: false,
  metered: false,
  ...over,
})
const held = finding()
const unknown = finding({ known: false })
const nothing = finding({ lease: undefined, known: false, loadsBefore: 0 })

describe('decide', () => {
  const cases: readonly [name: string, state: SourceState, finding: Finding, now: number, decision: Decision][] = [
    ['cold: load and wait', start, nothing, 0, { answer: 'wait', until: 5000, load: 'refresh' }],
    [
      'over already, but loaded since the token came: use',
      loadedOnce,
      finding({ loadsBefore: 0 }),
      700_000,
      { answer: 'use' },
    ],
    [
      'over already, but loaded since the token came, without its key: the token is to blame',
      loadedOnce,
      finding({ loadsBefore: 0, known: false }),
      700_000,
      { answer: 'missing' },
    ],
    [
      'cold, a load under way: share it',
      began(start, 'refresh', 1, options, at(0)),
      nothing,
      1000,
      { answer: 'wait', until: 6000 },
    ],
    [
      'cold, a load that died: load again',
      began(start, 'refresh', 1, options, at(0)),
      nothing,
      6000,
      { answer: 'wait', until: 11_000, load: 'refresh' },
    ],
    ['cold, failed just now: fail fast', failed(start, 1, 0, at(0), 0), nothing, 999, { answer: 'unavailable' }],
    [
      'cold, the back-off is over: load',
      failed(start, 1, 0, at(0), 0),
      nothing,
      1000,
      { answer: 'wait', until: 6000, load: 'refresh' },
    ],
    [
      'cold and metered: from the bucket',
      start,
      { ...nothing, metered: true },
      0,
      { answer: 'wait', until: 5000, load: 'unknown-kid' },
    ],
    [
      'cold and metered, bucket empty: not the token’s fault',
      { ...start, bucket: { tokens: 0, at: 0 } },
      { ...nothing, metered: true },
      0,
      { answer: 'unavailable' },
    ],
    ['fresh: use', loadedOnce, held, 449_999, { answer: 'use' }],
    ['late in the lifetime: use, and refresh ahead', loadedOnce, held, 450_000, { answer: 'use', load: 'refresh' }],
    ['late, a refresh under way: use', loading(450_000), held, 450_001, { answer: 'use' }],
    ['late, failing: use, and hold back', failing, held, 460_500, { answer: 'use' }],
    ['late, failing, the back-off is over: use, and try', failing, held, 461_000, { answer: 'use', load: 'refresh' }],
    [
      'stale after idling: refresh, wait a little',
      loadedOnce,
      held,
      600_000,
      { answer: 'wait', until: 600_100, load: 'refresh' },
    ],
    [
      'stale, refresh under way: wait out the rest',
      loading(600_000),
      held,
      600_060,
      { answer: 'wait', until: 600_100 },
    ],
    ['stale, refresh under way for long: use', loading(600_000), held, 600_100, { answer: 'use' }],
    ['stale, failing: use', failing, held, 600_000, { answer: 'use', load: 'refresh' }],
    [
      'very stale after idling: wait for the load',
      loadedOnce,
      held,
      4_200_000,
      { answer: 'wait', until: 4_205_000, load: 'refresh' },
    ],
    ['very stale, failing: use', failing, held, 4_200_000, { answer: 'use', load: 'refresh' }],
    ['expired: as cold', failing, held, 86_400_000, { answer: 'wait', until: 86_405_000, load: 'refresh' }],
    ['unknown kid: load at once', loadedOnce, unknown, 1000, { answer: 'wait', until: 6000, load: 'unknown-kid' }],
    ['unknown kid, a load under way: wait for it', loading(1000), unknown, 2000, { answer: 'wait', until: 7000 }],
    [
      'unknown kid after a load that began later than the token: refuse',
      succeeded(loading(1000), 2),
      unknown,
      1100,
      { answer: 'missing' },
    ],
    [
      'the same where keys come one at a time: that load was for another',
      succeeded(loading(1000), 2),
      { ...unknown, onDemand: true },
      1100,
      { answer: 'wait', until: 6100, load: 'unknown-kid' },
    ],
    ['unknown kid, bucket empty, last load good: refuse', emptyBucket, unknown, 4999, { answer: 'missing' }],
    [
      'unknown kid, bucket filled again: load',
      emptyBucket,
      unknown,
      5000,
      { answer: 'wait', until: 10_000, load: 'unknown-kid' },
    ],
    [
      'unknown kid, bucket empty, last load bad: not the token’s fault',
      { ...failing, bucket: { tokens: 0, at: 460_000 } },
      unknown,
      460_100,
      { answer: 'unavailable' },
    ],
    [
      'unknown kid, backing off: not the token’s fault',
      failing,
      { ...unknown, loadsBefore: 2 },
      460_500,
      { answer: 'unavailable' },
    ],
    [
      'unknown kid, the back-off is over: load',
      failing,
      { ...unknown, loadsBefore: 2 },
      461_000,
      { answer: 'wait', until: 466_000, load: 'unknown-kid' },
    ],
    [
      'unknown kid after a load that failed for it: not its fault',
      failing,
      unknown,
      470_000,
      { answer: 'unavailable' },
    ],
  ]
  test.each(cases)('%s', (_, state, found, now, decision) => {
    expect(decide(state, found, options, at(now))).toEqual(decision)
  })
})

describe('age', () => {
  test.each([
    ['both clocks agree', { mono: 100, wall: 1_000_100 }, 100],
    ['the process was frozen', { mono: 1, wall: 1_000_100 }, 100],
    ['the wall clock was set back', { mono: 100, wall: 0 }, 100],
    ['both were', { mono: -5, wall: 0 }, 0],
  ])('%s', (_, now, age) => {
    expect(ageMs(at(0), now)).toBe(age)
  })
  test.each([
    [0, 'fresh'],
    [599_999, 'fresh'],
    [600_000, 'stale'],
    [86_399_999, 'stale'],
    [86_400_000, 'expired'],
  ])('at %i ms: %s', (ms, grade) => {
    expect(freshness(lease, options, at(ms))).toBe(grade)
  })
  test('keys live out their lifetime even where none may be stale', () => {
    expect(freshness(lease, { ...options, staleIfErrorMs: 0 }, at(599_999))).toBe('fresh')
    expect(freshness(lease, { ...options, staleIfErrorMs: 0 }, at(600_000))).toBe('expired')
  })
  test('nothing was loaded', () => expect(freshness(undefined, options, at(0))).toBe('never-loaded'))
})

describe('dueAt', () => {
  const states = { start, loadedOnce, failing, 'loading since 1 s': loading(1000), emptyBucket }
  for (const [name, state] of Object.entries(states)) {
    test(`${name}: before it, a held key is used and nothing is started`, () => {
      const { mono, wall } = dueAt(lease)
      for (const now of [at(0), { mono: mono - 1, wall: wall - 1 }, { mono: mono - 1, wall: 0 }]) {
        expect(decide(state, held, options, now)).toEqual({ answer: 'use' })
      }
    })
  }

  test('either clock brings it', () => {
    const { mono, wall } = dueAt(lease)
    for (const now of [
      { mono, wall: wall - 1 },
      { mono: mono - 1, wall },
    ]) {
      expect(decide(loadedOnce, held, options, now)).toEqual({ answer: 'use', load: 'refresh' })
    }
  })
})

describe('lease', () => {
  test.each([
    ['says nothing', undefined, 600_000],
    ['says 2 min', 120_000, 120_000],
    ['says 44 days', 3_832_304_000, 600_000],
    ['says 1 s', 1000, 30_000],
    ['says no-store', 0, 30_000],
  ])('an answer that %s', (_, maxAgeMs, lifetimeMs) => {
    expect(leaseFor(maxAgeMs, options, at(0), 0, 1).lifetimeMs).toBe(lifetimeMs)
  })
  test('the floor is never above ttlMs', () => {
    expect(leaseFor(0, { ...options, ttlMs: 2000 }, at(0), 0, 1).lifetimeMs).toBe(2000)
  })
  test('the refresh is started ahead, spread by chance', () => {
    expect(leaseFor(undefined, options, at(0), 0, 1).refreshAfterMs).toBe(450_000)
    expect(leaseFor(undefined, options, at(0), 1, 1).refreshAfterMs).toBe(510_000)
  })
})

describe('back-off', () => {
  const afterFailures = (count: number, chance: number, retryAfterMs = 0): SourceState => {
    let state = start
    for (let ordinal = 1; ordinal <= count; ordinal++) state = failed(state, ordinal, retryAfterMs, at(0), chance)
    return state
  }
  test.each([
    [1, 1000, 1250],
    [2, 2000, 2500],
    [3, 4000, 5000],
    [6, 32_000, 40_000],
    [7, 60_000, 60_000],
    [100, 60_000, 60_000],
  ])('after %i failures: %i to %i ms', (count, least, most) => {
    expect(retryAt(afterFailures(count, 0))).toBe(least)
    expect(retryAt(afterFailures(count, 1))).toBe(most)
  })
  test('while nobody can be served it is 5 s at most', () => expect(urgentRetryAt(afterFailures(9, 1))).toBe(5000))
  test('the provider may ask for longer, up to 60 s', () => {
    expect(urgentRetryAt(afterFailures(1, 0, 30_000))).toBe(30_000)
    expect(retryAt(afterFailures(1, 0, 30_000))).toBe(30_000)
    expect(retryAt(afterFailures(1, 0, 3_600_000))).toBe(60_000)
  })
  test('nothing is held back where nothing failed, wherever a clock begins', () => {
    const before = at(-5_000_000)
    expect(decide(initialState(options, before), nothing, options, before).load).toBe('refresh')
    const late = { ...lease, loadedAt: at(-9_000_000) }
    expect(decide(initialState(options, before), { ...held, lease: late }, options, before).load).toBe('refresh')
  })
  test('a success ends it', () => {
    expect(retryAt(succeeded(afterFailures(3, 0), 4))).toBe(Number.NEGATIVE_INFINITY)
    expect(urgentRetryAt(start)).toBe(Number.NEGATIVE_INFINITY)
  })
})

describe('loads', () => {
  test('one for an unknown kid is paid for, a refresh is not', () => {
    expect(tokensIn(began(start, 'unknown-kid', 1, options, at(0)), options, at(0))).toBe(1)
    expect(tokensIn(began(start, 'refresh', 1, options, at(0)), options, at(0))).toBe(2)
  })
  test('the bucket fills with time, never above the burst, and never backwards', () => {
    const spent = { ...start, bucket: { tokens: 0, at: 10_000 } }
    expect(tokensIn(spent, options, at(12_500))).toBe(0.5)
    expect(tokensIn(spent, options, at(60_000))).toBe(2)
    expect(tokensIn(spent, options, at(0))).toBe(0)
  })
  test('one is under way until it ends, or is given up for dead', () => {
    expect(isLoading(loading(0), options, at(5999))).toBe(true)
    expect(isLoading(loading(0), options, at(6000))).toBe(false)
    expect(isLoading(succeeded(loading(0), 2), options, at(1))).toBe(false)
    expect(isLoading(failed(loading(0), 2, 0, at(1), 0), options, at(1))).toBe(false)
  })
  test('one that was overtaken neither counts nor ends its successor', () => {
    const second = began(loading(0), 'refresh', 3, options, at(7000))
    expect(isLoading(succeeded(second, 2), options, at(7001))).toBe(true)
    expect(isCurrent(succeeded(second, 3), 2)).toBe(false)
    expect(isCurrent(second, 2)).toBe(true)
    expect(isCurrent(succeeded(second, 3), 3)).toBe(false)
  })
})
