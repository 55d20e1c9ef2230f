import type { Clock } from '../clock.ts'
import type { EventListener } from '../events.ts'
import type { HttpSettings } from '../http-client.ts'
import type { SignatureEngine } from '../signature/engine.ts'
import type { Snapshot } from './snapshot.ts'
import type { FreshnessOptions, RequestBudget } from './state.ts'

/** What all caches of a verifier share. */
export interface CacheSettings {
  readonly engine: SignatureEngine
  readonly http: HttpSettings
  readonly clock: Clock
  /** From 0 to 1. */
  readonly chance: () => number
  readonly freshness: FreshnessOptions
  readonly maxKeys: number
  readonly keepFresh: boolean
  readonly onEvent: EventListener | undefined
  /** Counts the loads of all sources. */
  readonly loads: { begun: number }
  /** Whether one request may wait for what another one started. Cloudflare's Workers forbid it. */
  readonly sharesPromises: boolean
  /** What an earlier process knew. */
  readonly snapshot: Snapshot | undefined
  /** One request budget for all tenants of a pattern, whose number strangers decide. */
  readonly sharedBucket?: RequestBudget | undefined
}
