import type { KeysError } from '../errors.ts'
import { keyKind } from '../key-set.ts'
import type { SourceStatus } from '../status.ts'
import { type HeldKeys, WHOLE } from './held-keys.ts'
import { ageMs, type FreshnessOptions, freshness, type Instant, retryAt, type SourceState } from './state.ts'

/** What the status of a source is made from. */
export interface SourceFigures {
  readonly source: string
  readonly onDemand: boolean
  readonly held: HeldKeys
  readonly state: SourceState
  readonly lastError: KeysError | undefined
  readonly requests: number
  readonly saved: number
}

/** How one source stands. Where keys come one at a time, ages are those of the newest. */
export function sourceStatus(figures: SourceFigures, options: FreshnessOptions, now: Instant): SourceStatus {
  const { source, onDemand, held, state, lastError, requests, saved } = figures
  const entries = held.entries().map(([, entry]) => entry)
  const lease = (held.get(WHOLE) ?? entries.at(-1))?.lease
  const age = lease && ageMs(lease.loadedAt, now)
  return {
    source,
    state: onDemand && !lease ? 'on-demand' : freshness(lease, options, now),
    ageMs: age,
    lifetimeMs: lease?.lifetimeMs,
    nextRefreshInMs: lease && Math.max(0, lease.refreshAfterMs - (age ?? 0), retryAt(state) - now.mono),
    keys: entries.flatMap(({ set }) => set.keys).map(({ kid, alg, jwk }) => ({ kid, alg, kind: keyKind(jwk) })),
    skipped: entries.flatMap(({ set }) => set.skipped),
    lastError,
    failures: state.failing?.count ?? 0,
    requests,
    saved,
  }
}
