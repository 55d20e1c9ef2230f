import { isKeysourceError, KeysError, retold } from '../errors.ts'
import { deliver, type UnplacedEvent } from '../events.ts'
import type { HttpError } from '../http-client.ts'
import { type KeySet, knowsKey, selectKeys, type VerificationKey } from '../key-set.ts'
import type { KeySource } from '../key-source.ts'
import { printable } from '../printable.ts'
import type { CacheSettings } from './cache-settings.ts'
import { setChanges } from './changes.ts'
import { type Held, heldKeys, type Slot, WHOLE } from './held-keys.ts'
import { inspectKeys } from './inspect-keys.ts'
import type { Inquiry, KeyAnswer, KeyStore } from './key-store.ts'
import { type LoadRequest, loadKeys, screenLoaded } from './load-keys.ts'
import { leaseOf, type SnapshotEntry, snapshotEntries, snapshotEntry } from './snapshot.ts'
import { sourceStatus } from './source-status.ts'
import {
  ageMs,
  began,
  decide,
  dueAt,
  failed,
  freshness,
  type Instant,
  initialState,
  isCurrent,
  isLoading,
  leaseFor,
  retryAt,
  type SourceState,
  succeeded,
  tokensIn,
  urgentRetryAt,
} from './state.ts'

/** Makes the cache around one source: the effects around the state machine of state.ts. */
export function keyCache(source: KeySource, provider: string, settings: CacheSettings): KeyStore {
  const { clock, freshness: options } = settings
  const held = heldKeys(options, settings.maxKeys)
  const announced = new Map<Slot, 'stale' | 'expired'>()
  // Tokens whose unknown kid was told as an event: they ask again after each wait.
  const told = new WeakSet<Inquiry>()
  // A source may show only by what it returns that it serves one key at a time.
  let onDemand = source.accepts !== undefined
  let state: SourceState = initialState(options, instant())
  let current: { readonly work: Promise<void>; readonly ending: AbortController } | undefined
  let closed = false
  let lastError: KeysError | undefined
  let requests = 0
  let saved = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const recent = new Map<string | undefined, RecentAnswer>()
  let remembered = source.local ? [] : snapshotEntries(settings.snapshot, source.id)

  function instant(): Instant {
    return { mono: clock.monotonic(), wall: clock.now() }
  }

  function emit(event: UnplacedEvent): void {
    if (settings.onEvent) deliver(settings.onEvent, { ...event, provider, source: source.id, at: clock.now() })
  }

  function slotOf(inquiry: Inquiry): Slot {
    return onDemand && inquiry.kid !== undefined ? inquiry.kid : WHOLE
  }

  function ask(inquiry: Inquiry): KeyAnswer {
    if (remembered.length > 0) return { wait: restoreAndLoad(inquiry) }
    const now = instant()
    const earlier = recent.get(inquiry.kid)
    if (earlier && holdsFor(earlier, inquiry, now)) {
      saved += 1
      return earlier
    }
    const slot = slotOf(inquiry)
    const entry = held.find(slot, now)
    announceAge(slot, entry, now)
    if (onDemand && !mayAskFor(inquiry.kid)) return missing()
    const known = entry !== undefined && (onDemand || knowsKey(entry.set, inquiry))
    const metered = !source.local && (onDemand || settings.sharedBucket !== undefined)
    if (settings.sharedBucket) state = { ...state, bucket: settings.sharedBucket.current }
    const finding = { lease: entry?.lease, known, loadsBefore: inquiry.loadsBefore, onDemand, metered }
    const { answer, load, until = now.mono } = decide(state, finding, options, now)
    if (entry && !known) announceUnknown(inquiry, load !== undefined)
    const work = load && start(load, slot, inquiry, now)
    switch (answer) {
      case 'use':
        saved += 1
        return entry ? answerFrom(entry, inquiry) : missing()
      case 'wait':
        return { wait: waitFor(work ?? othersLoad(slot, inquiry, known, until, now), until - now.mono) }
      case 'missing':
        return missing()
      case 'unavailable':
        return { unavailable: unavailable(now) }
    }
  }

  /** The load that somebody else's token started. Where that may not be waited for: one of this token's own, or a pause. */
  function othersLoad(slot: Slot, inquiry: Inquiry, known: boolean, until: number, now: Instant): Promise<void> {
    if (settings.sharesPromises) return current?.work ?? Promise.resolve()
    if (!known && tokensIn(state, options, now) >= 1) return start('unknown-kid', slot, inquiry, now)
    return pause(Math.max(POLL_MS, (until - now.mono) / 16))
  }

  function answerFrom({ set, lease }: Held, inquiry: Inquiry): KeyAnswer {
    const { kid, alg } = inquiry
    const { mono, wall } = dueAt(lease)
    const answer = { alg, dueMono: mono, dueWall: wall, keys: selectKeys(set, inquiry), set }
    // A set whose keys fit any kid would be remembered under every kid that a stranger makes up.
    if (!set.varies && !set.anyKid) recent.set(kid, answer)
    return answer
  }

  function missing(): KeyAnswer {
    return { missing: held.get(WHOLE)?.set, source: source.id }
  }

  function mayAskFor(kid: string | undefined): boolean {
    return kid !== undefined && (source.accepts?.(kid) ?? true)
  }

  function start(
    load: 'refresh' | 'unknown-kid',
    slot: Slot,
    inquiry: Inquiry | undefined,
    now: Instant,
  ): Promise<void> {
    settings.loads.begun += 1
    const { begun } = settings.loads
    state = began(state, load, begun, options, now)
    if (settings.sharedBucket) settings.sharedBucket.current = state.bucket
    // Where a load was given up for dead, as one in a process that was frozen. What another request of a worker began stays alone.
    if (settings.sharesPromises) current?.ending.abort(new Error('the load was given up, and another one begun'))
    const ending = new AbortController()
    const work = run(slot, inquiry?.kid, begun, ending.signal).finally(() => {
      if (current?.work === work) current = undefined
    })
    current = { work, ending }
    inquiry?.waitUntil?.(work)
    return work
  }

  /** One load, to its end. Never rejects: what failed is kept in the state, and told as an event. */
  async function run(slot: Slot, kid: string | undefined, ordinal: number, ending: AbortSignal): Promise<void> {
    const startedAt = clock.monotonic()
    try {
      const answer = await loadKeys({ ...screening(slot), kid, ending, onRequest })
      if (!isCurrent(state, ordinal)) return
      state = succeeded(state, ordinal)
      if (answer.loaded.partial && kid !== undefined) onDemand = true
      keep(onDemand ? (kid ?? slot) : slot, ordinal, answer, clock.monotonic() - startedAt)
    } catch (error) {
      if (isCurrent(state, ordinal) && !ending.aborted) giveUp(error, ordinal)
    } finally {
      if (settings.keepFresh) keepFresh()
    }
  }

  function screening(slot: Slot): Pick<LoadRequest, 'source' | 'previous' | 'settings' | 'emit'> {
    return { source, previous: held.get(slot), settings, emit }
  }

  function onRequest(): void {
    requests += 1
  }

  /** What an earlier process knew serves until the first load ends, which starts at once. */
  async function restoreAndLoad(inquiry: Inquiry): Promise<void> {
    const entries = remembered
    remembered = []
    if (!onDemand) start('refresh', WHOLE, inquiry, instant())
    await restore(entries)
  }

  async function restore(entries: readonly SnapshotEntry[]): Promise<void> {
    for (const entry of entries) {
      const slot = entry.kid ?? WHOLE
      const lease = leaseOf(entry, options, instant())
      if (typeof lease === 'string') {
        emit({ type: 'snapshot-refused', reason: lease })
        continue
      }
      try {
        held.keepIfNone(slot, { loaded: entry.loaded, set: await screenLoaded(entry.loaded, screening(slot)), lease })
      } catch (error) {
        emit({ type: 'snapshot-refused', reason: asKeysError(error, source.id).message })
      }
    }
  }

  function keep(slot: Slot, ordinal: number, { loaded, set }: Omit<Held, 'lease'>, durationMs: number): void {
    const now = instant()
    const isGone = set.keys.length === 0
    const lease = leaseFor(isGone ? 0 : loaded.maxAgeMs, options, now, settings.chance(), ordinal)
    const before = held.get(slot)
    lastError = undefined
    recent.clear()
    held.keep(slot, { loaded, set, lease })
    announced.delete(slot)
    emit({ type: 'refreshed', keys: set.keys.length, durationMs, notModified: loaded.notModified === true })
    if (before && before.set !== set) for (const event of setChanges(before.set, set)) emit(event)
  }

  function giveUp(error: unknown, ordinal: number): void {
    const now = instant()
    state = failed(state, ordinal, retryAfterMsIn(error), now, settings.chance())
    lastError = asKeysError(error, source.id)
    const failures = state.failing?.count ?? 0
    emit({ type: 'refresh-failed', error: lastError, failures, retryInMs: Math.ceil(retryAt(state) - now.mono) })
  }

  function unavailable(now: Instant): KeysError {
    const why = lastError ?? new KeysError('KEYS_UNAVAILABLE', 'nothing was loaded yet')
    const retryAfterSec = Math.max(1, Math.ceil((urgentRetryAt(state) - now.mono) / 1000))
    return retold(why, `the keys could not be had: ${why.message}`, { cause: lastError, retryAfterSec })
  }

  function announceAge(slot: Slot, entry: Held | undefined, now: Instant): void {
    if (!entry || !settings.onEvent) return
    const grade = freshness(entry.lease, options, now)
    if ((grade !== 'stale' && grade !== 'expired') || announced.get(slot) === grade) return
    announced.set(slot, grade)
    emit({ type: grade, ageMs: ageMs(entry.lease.loadedAt, now) })
  }

  function announceUnknown(inquiry: Inquiry, refreshing: boolean): void {
    if (!settings.onEvent || told.has(inquiry)) return
    told.add(inquiry)
    const { kid } = inquiry
    emit({ type: 'unknown-kid', kid: kid === undefined ? '(none)' : printable(kid), refreshing })
  }

  /** A timer that holds no process open refreshes where no token does. */
  function keepFresh(): void {
    clearTimeout(timer)
    const entry = held.get(WHOLE)
    if (closed || onDemand) return
    const now = instant()
    const inMs = Math.max(
      entry ? entry.lease.refreshAfterMs - ageMs(entry.lease.loadedAt, now) : 0,
      retryAt(state) - now.mono,
      1,
    )
    timer = setTimeout(() => {
      if (!isLoading(state, options, instant())) start('refresh', WHOLE, undefined, instant())
    }, inMs)
    ;(timer as { unref?: () => void }).unref?.()
  }

  async function ready(): Promise<void> {
    if (onDemand || freshness(held.get(WHOLE)?.lease, options, instant()) === 'fresh') return
    const now = instant()
    const due = !isLoading(state, options, now) || !settings.sharesPromises
    if (due && urgentRetryAt(state) <= now.mono) await start('refresh', WHOLE, undefined, now)
    else if (settings.sharesPromises) await current?.work
    if (remembered.length > 0) await restore(remembered.splice(0))
    if (freshness(held.get(WHOLE)?.lease, options, instant()) !== 'fresh') throw unavailable(instant())
  }

  return {
    holds(inquiry) {
      const entry = held.get(slotOf(inquiry))
      const grade = freshness(entry?.lease, options, instant())
      return (grade === 'fresh' || grade === 'stale') && (entry?.set.keys.length ?? 0) > 0
    },
    knows(inquiry) {
      const entry = held.find(slotOf(inquiry), instant())
      return entry !== undefined && knowsKey(entry.set, inquiry)
    },
    isFailing: () => state.failing !== undefined,
    nudge(inquiry) {
      if (!isLoading(state, options, instant())) ask(inquiry)
    },
    ask,
    ready,
    inspect: (inquiry) => held.entries().flatMap(([, { set }]) => inspectKeys(set, inquiry, source.id)),
    status: () => [
      sourceStatus({ source: source.id, onDemand, held, state, lastError, requests, saved }, options, instant()),
    ],
    close() {
      closed = true
      clearTimeout(timer)
      current?.ending.abort(new Error('the verifier was closed'))
    },
    snapshot: () =>
      (source.local ? [] : held.entries()).map(([slot, entry]) =>
        snapshotEntry(source.id, slot === WHOLE ? undefined : slot, entry, instant()),
      ),
  }
}

/** What the last token of a `kid` was told. Tokens hardly ever differ in what they ask, so the next one is told the same. */
interface RecentAnswer {
  readonly alg: string
  readonly dueMono: number
  readonly dueWall: number
  readonly keys: readonly VerificationKey[]
  readonly set: KeySet
}

function holdsFor({ alg, dueMono, dueWall }: RecentAnswer, inquiry: Inquiry, { mono, wall }: Instant): boolean {
  return inquiry.alg === alg && mono < dueMono && wall < dueWall
}

const POLL_MS = 50

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** Until the load ends, or the patience for it does. */
function waitFor(work: Promise<void>, ms: number): Promise<void> {
  let patience: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    patience = setTimeout(resolve, ms)
  })
  return Promise.race([work, over]).finally(() => clearTimeout(patience))
}

/** How long the provider asked to be left alone, if the source passes that on. */
function retryAfterMsIn(error: unknown): number {
  const { retryAfterMs, retryAfterSec } = (error ?? {}) as Partial<HttpError>
  return retryAfterMs ?? (retryAfterSec ?? 0) * 1000
}

function asKeysError(error: unknown, source: string): KeysError {
  if (isKeysourceError(error) && error.kind === 'keys') return error as KeysError
  const message = (error as Partial<Error> | undefined)?.message ?? printable(error)
  return new KeysError('KEYS_UNAVAILABLE', `${source}: ${message}`, { cause: error })
}
