import { configInvalid } from '../errors.ts'
import { publicJwk } from '../key-set.ts'
import type { LoadedKeys } from '../key-source.ts'
import { printable } from '../printable.ts'
import type { Held } from './held-keys.ts'
import { ageMs, type FreshnessOptions, freshness, type Instant, type Lease, leaseFor } from './state.ts'

/**
 * The keys that a verifier holds, to be saved and given to the next process: plain data, fit for JSON. It holds public
 * keys and no secret, but whoever can change it decides which tokens are valid: store it where they cannot.
 */
export interface Snapshot {
  readonly version: 1
  readonly sources: readonly SnapshotEntry[]
}

/** What one source held. */
export interface SnapshotEntry {
  /** The key source's `id`: given back to no other. */
  readonly source: string
  /** For a source that serves one key at a time: which. */
  readonly kid?: string
  /** Wall time in milliseconds. */
  readonly loadedAt: number
  /** Milliseconds. */
  readonly lifetimeMs: number
  readonly loaded: LoadedKeys
}

/**
 * Checks what was given as `snapshot`.
 *
 * @throws `CONFIG_INVALID` for anything that `verifier.export()` did not make
 */
export function checkSnapshot(value: unknown): void {
  const { version, sources } = (value ?? {}) as Partial<Snapshot>
  if (version === 1 && Array.isArray(sources) && sources.every(isEntry)) return
  const found = version === undefined || version === 1 ? printable(value) : `version ${printable(version)}`
  throw configInvalid('createVerifier', 'snapshot', 'what verifier.export() returned (version 1)', found)
}

/** The entries of one source. */
export function snapshotEntries(snapshot: Snapshot | undefined, source: string): SnapshotEntry[] {
  return snapshot?.sources.filter((entry) => entry.source === source) ?? []
}

/** What is held now, as an entry: its usable keys, public members alone. Its age is told in wall time, which outlives a process. */
export function snapshotEntry(
  source: string,
  kid: string | undefined,
  { loaded, set, lease }: Held,
  now: Instant,
): SnapshotEntry {
  const { notModified: _answer, ...answer } = loaded
  return {
    source,
    ...(kid !== undefined && { kid }),
    loadedAt: now.wall - ageMs(lease.loadedAt, now),
    lifetimeMs: lease.lifetimeMs,
    loaded: { ...answer, jwks: { keys: set.keys.map(publicJwk) } },
  }
}

/** The lease of an entry, with the age that it has, or why it has none. */
export function leaseOf(entry: SnapshotEntry, options: FreshnessOptions, now: Instant): Lease | string {
  const age = now.wall - entry.loadedAt
  if (age < 0) return `expected a snapshot of the past, found one of ${-age} ms from now`
  const loadedAt = { wall: entry.loadedAt, mono: now.mono - age }
  const lease = { ...leaseFor(entry.lifetimeMs, options, now, 0, 0), loadedAt }
  if (freshness(lease, options, now) !== 'expired') return lease
  return `expected a snapshot of at most ${options.staleIfErrorMs} ms, found one of ${age} ms`
}

function isEntry(value: unknown): value is SnapshotEntry {
  const { source, kid, loadedAt, lifetimeMs, loaded } = (value ?? {}) as Partial<SnapshotEntry>
  const numbers = Number.isFinite(loadedAt) && Number.isFinite(lifetimeMs) && (lifetimeMs ?? -1) >= 0
  const named = typeof source === 'string' && (kid === undefined || typeof kid === 'string')
  return numbers && named && Array.isArray(loaded?.jwks?.keys)
}
