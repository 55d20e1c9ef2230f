import type { KeysourceError } from './errors.ts'

/** What keys are worth by their age: `stale` ones still serve, `expired` ones do not. */
export type KeysState = 'fresh' | 'stale' | 'expired' | 'never-loaded'

/** How one key source stands. Durations in milliseconds. */
export interface SourceStatus {
  /** The key source's `id`. */
  readonly source: string
  /** `on-demand`: keys are asked for one at a time, when a token names them, and none was yet. */
  readonly state: KeysState | 'on-demand'
  /** Since the last successful load. */
  readonly ageMs: number | undefined
  readonly lifetimeMs: number | undefined
  /** Until the next verification starts a refresh (or the timer does, with `keepFresh`); 0 when it is due. */
  readonly nextRefreshInMs: number | undefined
  readonly keys: readonly KeyStatus[]
  readonly skipped: readonly { readonly kid: string | undefined; readonly reason: string }[]
  readonly lastError: KeysourceError | undefined
  /** Loads that failed since the last success. */
  readonly failures: number
  /** HTTP requests made. */
  readonly requests: number
  /** Verifications that found their key without a request. */
  readonly saved: number
}

/** One usable key. */
export interface KeyStatus {
  readonly kid: string | undefined
  readonly alg: string | undefined
  /** `RSA`, `EC P-256`, `OKP Ed25519`. */
  readonly kind: string
}

/** How one composed provider stands: the figures of its sources, made one. */
export interface ProviderStatus extends Omit<SourceStatus, 'source'> {
  readonly provider: string
  readonly issuer: readonly string[]
  /** Each source by itself: an issuer each, or the members of `firstOf` and `merge`. */
  readonly sources: readonly SourceStatus[]
}

const BEST_FIRST: readonly SourceStatus['state'][] = ['fresh', 'stale', 'on-demand', 'expired', 'never-loaded']

/** A provider is as well off as the best of its sources: one that serves is enough. */
export function providerStatus(
  provider: string,
  issuer: readonly string[],
  sources: readonly SourceStatus[],
): ProviderStatus {
  const [best] = [...sources].sort((a, b) => BEST_FIRST.indexOf(a.state) - BEST_FIRST.indexOf(b.state))
  const sum = (figure: 'failures' | 'requests' | 'saved'): number =>
    sources.reduce((total, source) => total + source[figure], 0)
  return {
    provider,
    issuer,
    state: best?.state ?? 'never-loaded',
    ageMs: best?.ageMs,
    lifetimeMs: best?.lifetimeMs,
    nextRefreshInMs: best?.nextRefreshInMs,
    keys: sources.flatMap((source) => source.keys),
    skipped: sources.flatMap((source) => source.skipped),
    lastError: sources.find((source) => source.lastError)?.lastError,
    failures: sum('failures'),
    requests: sum('requests'),
    saved: sum('saved'),
    sources,
  }
}
