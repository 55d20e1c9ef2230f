/**
 * How keys stay fresh: a state machine without effects. `decide` says what becomes of a token, and `began`, `succeeded` and
 * `failed` move the state on. Time and chance are parameters; cache.ts has the effects around it.
 */

/** Durations in milliseconds, as `createVerifier({ cache })` takes them. */
export interface FreshnessOptions {
  readonly ttlMs: number
  readonly staleIfErrorMs: number
  readonly staleWaitMs: number
  readonly maxIdleStaleMs: number
  readonly cooldownMs: number
  /** How many loads for unknown `kid`s may follow each other at once. */
  readonly burst: number
  readonly timeoutMs: number
}

/** One moment on both clocks. */
export interface Instant {
  readonly mono: number
  readonly wall: number
}

/** When keys were loaded and how long they serve: one for a whole set, one a `kid` where keys come one at a time. */
export interface Lease {
  readonly loadedAt: Instant
  readonly lifetimeMs: number
  /** The age from which on a refresh is started ahead. */
  readonly refreshAfterMs: number
  /** The load that brought them, counted as loads begin; 0 for keys of a snapshot. */
  readonly ordinal: number
}

/** What one source has been through. */
export interface SourceState {
  /** The load that is under way: there is at most one. */
  readonly loading: (Instant & { readonly ordinal: number }) | undefined
  /** The load before. */
  readonly last: { readonly ordinal: number; readonly ok: boolean } | undefined
  /** What failed since the last success. */
  readonly failing: Failing | undefined
  readonly bucket: Bucket
}

/** How many loads for unknown `kid`s could be made, and when that was so. Monotonic. */
interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** One bucket for several sources. */
export interface RequestBudget {
  current: Bucket
}

interface Failing {
  readonly count: number
  /** Monotonic. */
  readonly at: number
  readonly delayMs: number
  readonly retryAfterMs: number
}

/** What a token finds. */
export interface Finding {
  readonly lease: Lease | undefined
  /** The keys that are held have an answer for this token. */
  readonly known: boolean
  /** How many loads had begun when the token arrived: counted and not timed, as many things happen in one tick of a clock. */
  readonly loadsBefore: number
  /** Keys are asked for one at a time, so a load answers for one `kid` alone. */
  readonly onDemand: boolean
  /** Strangers decide how many such sources there are (tenants, keys): their first loads, too, are paid for from the bucket. */
  readonly metered: boolean
}

/** What becomes of a token. */
export interface Decision {
  /** `missing` is the token's fault (401), `unavailable` the provider's (503). */
  readonly answer: 'use' | 'wait' | 'missing' | 'unavailable'
  /** With `wait`: until the load ends, and no longer than this. Monotonic. */
  readonly until?: number
  /** A load to start now, and what for. */
  readonly load?: 'refresh' | 'unknown-kid'
}

const LIFETIME_FLOOR_MS = 30_000
const REFRESH_AHEAD = 0.75
const REFRESH_JITTER = 0.1
const FIRST_BACK_OFF_MS = 1000
const MAX_BACK_OFF_MS = 60_000
/** While nobody can be served, or a key is asked for that is not held, the next try is never further away than this. */
const MAX_URGENT_BACK_OFF_MS = 5000
// A load that outlives its time-out by this died with its request (workers) or in a frozen process.
const DEAD_LOAD_MS = 1000

/** Before anything was loaded. */
export function initialState(options: FreshnessOptions, now: Instant): SourceState {
  return { loading: undefined, last: undefined, failing: undefined, bucket: { tokens: options.burst, at: now.mono } }
}

/** How old: the larger of both clocks, as one stands still in a frozen process and the other may be set back. */
export function ageMs(since: Instant, now: Instant): number {
  return Math.max(now.mono - since.mono, now.wall - since.wall, 0)
}

/** What a set is worth by its age alone. */
export function freshness(
  lease: Lease | undefined,
  options: FreshnessOptions,
  now: Instant,
): 'never-loaded' | 'fresh' | 'stale' | 'expired' {
  if (!lease) return 'never-loaded'
  const age = ageMs(lease.loadedAt, now)
  if (age < lease.lifetimeMs) return 'fresh'
  return age < Math.max(options.staleIfErrorMs, lease.lifetimeMs) ? 'stale' : 'expired'
}

/** Before this moment, on both clocks, a held key is used and nothing is started, whatever else becomes of the source. */
export function dueAt({ loadedAt, refreshAfterMs }: Lease): Instant {
  return { mono: loadedAt.mono + refreshAfterMs, wall: loadedAt.wall + refreshAfterMs }
}

/** What becomes of a token, and whether a load is due. Nothing is changed. */
export function decide(state: SourceState, finding: Finding, options: FreshnessOptions, now: Instant): Decision {
  const { lease, known, loadsBefore } = finding
  // What was loaded since the token arrived is as current as it gets, however short its lifetime.
  if (lease && lease.ordinal > loadsBefore) return { answer: known ? 'use' : 'missing' }
  const grade = freshness(lease, options, now)
  if (!lease || grade === 'expired' || grade === 'never-loaded') return withoutKeys(state, finding, options, now)
  if (!known) return unknownKid(state, finding, options, now)
  return heldKey(state, lease, grade, options, now)
}

/** Cold start: all tokens share one load; after it failed they fail fast until the next is due. */
function withoutKeys(state: SourceState, finding: Finding, options: FreshnessOptions, now: Instant): Decision {
  if (finding.metered) return unknownKid(state, finding, options, now)
  if (isLoading(state, options, now)) return { answer: 'wait', until: loadEnd(state, options, now) }
  if (urgentRetryAt(state) > now.mono) return { answer: 'unavailable' }
  return { answer: 'wait', until: now.mono + options.timeoutMs, load: 'refresh' }
}

/** One load, at once, if the bucket has one left. The token is to blame only when the set is known to be current. */
function unknownKid(state: SourceState, finding: Finding, options: FreshnessOptions, now: Instant): Decision {
  if (isLoading(state, options, now)) return { answer: 'wait', until: loadEnd(state, options, now) }
  const { last } = state
  const refusal: Decision = { answer: last?.ok ? 'missing' : 'unavailable' }
  // Where keys come one at a time, a load after the token's arrival may have been for another kid.
  if (!finding.onDemand && last && last.ordinal > finding.loadsBefore) return refusal
  if (tokensIn(state, options, now) < 1) return refusal
  if (urgentRetryAt(state) > now.mono) return { answer: 'unavailable' }
  return { answer: 'wait', until: now.mono + options.timeoutMs, load: 'unknown-kid' }
}

/** A held key hardly ever waits. The exception is a process that was idle: the key may have been withdrawn meanwhile. */
function heldKey(
  state: SourceState,
  lease: Lease,
  grade: 'fresh' | 'stale',
  options: FreshnessOptions,
  now: Instant,
): Decision {
  const age = ageMs(lease.loadedAt, now)
  const loading = isLoading(state, options, now)
  const due = age >= lease.refreshAfterMs && !loading && retryAt(state) <= now.mono
  const load = due ? ({ load: 'refresh' } as const) : {}
  if (grade === 'fresh' || state.failing || !(loading || due)) return { answer: 'use', ...load }
  const startedAt = loading ? (state.loading?.mono ?? now.mono) : now.mono
  const patience = age >= lease.lifetimeMs + options.maxIdleStaleMs ? options.timeoutMs : options.staleWaitMs
  const until = startedAt + patience
  return until > now.mono ? { answer: 'wait', until, ...load } : { answer: 'use', ...load }
}

/** A load begins. One for an unknown `kid` is paid for from the bucket, before it is made. */
export function began(
  state: SourceState,
  load: 'refresh' | 'unknown-kid',
  ordinal: number,
  options: FreshnessOptions,
  now: Instant,
): SourceState {
  const tokens = tokensIn(state, options, now) - (load === 'unknown-kid' ? 1 : 0)
  return { ...state, loading: { ...now, ordinal }, bucket: { tokens, at: now.mono } }
}

/** A load succeeded. */
export function succeeded(state: SourceState, ordinal: number): SourceState {
  return { ...ended(state, ordinal, true), failing: undefined }
}

/** The lease of keys that were just loaded. `maxAgeMs` can only shorten it; `chance` is from 0 to 1. */
export function leaseFor(
  maxAgeMs: number | undefined,
  options: FreshnessOptions,
  now: Instant,
  chance: number,
  ordinal: number,
): Lease {
  const { ttlMs } = options
  const floor = Math.min(LIFETIME_FLOOR_MS, ttlMs)
  const lifetimeMs = maxAgeMs === undefined ? ttlMs : Math.min(Math.max(maxAgeMs, floor), ttlMs)
  return { loadedAt: now, lifetimeMs, refreshAfterMs: lifetimeMs * (REFRESH_AHEAD + REFRESH_JITTER * chance), ordinal }
}

/** A load failed. The next waits 1 s, 2 s, 4 s … up to 60 s, spread by chance, and as long as the provider asked for. */
export function failed(
  state: SourceState,
  ordinal: number,
  retryAfterMs: number,
  now: Instant,
  chance: number,
): SourceState {
  const count = (state.failing?.count ?? 0) + 1
  const delayMs = Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(count - 1, 6) * (1 + 0.25 * chance), MAX_BACK_OFF_MS)
  const failing = { count, at: now.mono, delayMs, retryAfterMs: Math.min(retryAfterMs, MAX_BACK_OFF_MS) }
  return { ...ended(state, ordinal, false), failing }
}

/** Whether a load's outcome still counts: not that of one that was given up for dead and overtaken since. */
export function isCurrent({ last }: SourceState, ordinal: number): boolean {
  return ordinal > (last?.ordinal ?? 0)
}

function ended(state: SourceState, ordinal: number, ok: boolean): SourceState {
  const loading = state.loading?.ordinal === ordinal ? undefined : state.loading
  return { ...state, loading, last: { ordinal, ok } }
}

/** When the next load may be made. Monotonic; in the endless past while nothing failed, as a clock may begin below zero. */
export function retryAt({ failing }: SourceState): number {
  return failing ? failing.at + Math.max(failing.delayMs, failing.retryAfterMs) : Number.NEGATIVE_INFINITY
}

/** The same, where a token cannot be served without it. */
export function urgentRetryAt({ failing }: SourceState): number {
  return failing
    ? failing.at + Math.max(Math.min(failing.delayMs, MAX_URGENT_BACK_OFF_MS), failing.retryAfterMs)
    : Number.NEGATIVE_INFINITY
}

/** Whether a load is under way, and alive. */
export function isLoading({ loading }: SourceState, options: FreshnessOptions, now: Instant): boolean {
  return loading !== undefined && ageMs(loading, now) < options.timeoutMs + DEAD_LOAD_MS
}

function loadEnd({ loading }: SourceState, options: FreshnessOptions, now: Instant): number {
  return (loading?.mono ?? now.mono) + options.timeoutMs + DEAD_LOAD_MS
}

/** How many loads for unknown `kid`s may be made now. */
export function tokensIn({ bucket }: SourceState, options: FreshnessOptions, now: Instant): number {
  return Math.min(options.burst, bucket.tokens + Math.max(0, now.mono - bucket.at) / Math.max(1, options.cooldownMs))
}
