import type { KeysError } from '../errors.ts'
import type { KeyNeed, KeySet, VerificationKey } from '../key-set.ts'
import type { SourceStatus } from '../status.ts'
import type { SnapshotEntry } from './snapshot.ts'

/** A token's question, with what the cache has to know of it. */
export interface Inquiry extends KeyNeed {
  /** How many loads had begun, of all sources, when the token arrived. */
  readonly loadsBefore: number
  /** Lets a refresh outlive the request that started it, on runtimes that stop work after the response. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** A key that is published for an issuer, as `explain` shows it: no key material. */
export interface InspectedKey {
  /** The key source's `id`. */
  readonly source: string
  readonly kid: string | undefined
  readonly alg: string | undefined
  /** `RSA`, `EC P-256`; nothing for a key that could not be used. */
  readonly kind: string | undefined
  /** Whether it may have signed this token. */
  readonly fits: boolean
  /** Why not. */
  readonly reason?: string
}

/** The answer: keys to try, a wait after which to ask again, or nothing and whose fault that is. */
export type KeyAnswer =
  | { readonly keys: readonly VerificationKey[]; readonly set: KeySet }
  | { readonly wait: Promise<void> }
  | { readonly missing: KeySet | undefined; readonly source: string }
  | { readonly unavailable: KeysError }

/** What the verifier asks for keys: a cache around one source, or several combined. */
export interface KeyStore {
  /** Whether keys that may serve are held for this token. */
  holds(inquiry: Inquiry): boolean
  /** Whether a key is held that this token names, or, where it names none, that fits. */
  knows(inquiry: Inquiry): boolean
  /** Whether the last load failed, and none has succeeded since. */
  isFailing(): boolean
  /** Starts a load if one is due, and waits for nothing. */
  nudge(inquiry: Inquiry): void
  ask(inquiry: Inquiry): KeyAnswer
  /** Resolves once fresh keys are held; rejects with why they are not. */
  ready(): Promise<void>
  status(): readonly SourceStatus[]
  /** Every key that is held, seen with a token's eyes. */
  inspect(inquiry: Inquiry): readonly InspectedKey[]
  /** What is held, for a later process. */
  snapshot(): readonly SnapshotEntry[]
  close(): void
}
