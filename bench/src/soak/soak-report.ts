/** What a soak is told. */
export interface SoakPlan {
  readonly seconds: number
  readonly seed: number
}

/** What it found. */
export interface SoakReport {
  /** Tokens of held keys, all of which must be accepted. */
  readonly held: number
  /** Good tokens whose key was not held for all of their way: either verdict is right. */
  readonly passing: { readonly accepted: number; readonly refused: number }
  /** Of those of held keys. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly forged: number
  /** Changes of an answer or a key set. */
  readonly troubles: number
  readonly requests: number
  /** After a forced collection, the end less the start. */
  readonly heapGrowthMiB: number
  /** Providers that verified a token of each published key within 15 s after all was well again. */
  readonly recovered: number
  readonly providers: number
  /** How often each promise was broken. */
  readonly broken: Readonly<Record<SoakPromise, number>>
  /** The first of these, in words. */
  readonly examples: readonly string[]
}

/** What the soak holds Keysource to, token by token. */
export type SoakPromise = 'held-refused' | 'held-slow' | 'forged-accepted' | 'withdrawn-accepted' | 'foreign-error'
