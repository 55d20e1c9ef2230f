import { type KeysourceError, messageOf } from './errors.ts'

/** Whose event it is, and when. */
interface EventBase {
  /** Wall time in milliseconds. */
  readonly at: number
}

interface SourceEvent extends EventBase {
  /** The composed provider. */
  readonly provider: string
  /** The key source's `id`. */
  readonly source: string
}

/**
 * What happens in a verifier, for logs and metrics. No event carries a token, a signature or a secret.
 */
export type VerifierEvent =
  /** A load succeeded. `notModified` where the endpoint answered 304. */
  | (SourceEvent & {
      readonly type: 'refreshed'
      readonly keys: number
      readonly durationMs: number
      readonly notModified: boolean
    })
  /** The set has other keys than before. */
  | (SourceEvent & { readonly type: 'rotated'; readonly added: readonly string[]; readonly removed: readonly string[] })
  /** Other material under a `kid` that was held: an alarm. */
  | (SourceEvent & { readonly type: 'key-changed'; readonly kid: string })
  | (SourceEvent & {
      readonly type: 'refresh-failed'
      readonly error: KeysourceError
      readonly failures: number
      readonly retryInMs: number
    })
  /** The set is past its lifetime and serves on. */
  | (SourceEvent & { readonly type: 'stale'; readonly ageMs: number })
  /** The set is too old to serve. */
  | (SourceEvent & { readonly type: 'expired'; readonly ageMs: number })
  /** A token names a key that is not held. `kid` is clipped and printable. */
  | (SourceEvent & { readonly type: 'unknown-kid'; readonly kid: string; readonly refreshing: boolean })
  /** What a snapshot holds for this source is not used, and why. */
  | (SourceEvent & { readonly type: 'snapshot-refused'; readonly reason: string })
  /** A published key that cannot be used, and why. */
  | (SourceEvent & { readonly type: 'key-skipped'; readonly kid: string | undefined; readonly reason: string })
  | (EventBase & {
      readonly type: 'verified'
      readonly provider: string
      readonly issuer: string
      readonly kid: string | undefined
      readonly alg: string
    })
  | (EventBase & { readonly type: 'rejected'; readonly provider: string | undefined; readonly error: KeysourceError })

type Unplaced<Event> = Event extends SourceEvent ? Omit<Event, 'at' | 'provider' | 'source'> : never
/** An event of a source before it is told whose it is and when. */
export type UnplacedEvent = Unplaced<VerifierEvent>

/** Where events go. */
export type EventListener = (event: VerifierEvent) => void

/** Calls the listener. What it throws must not turn a good token away. */
export function deliver(listener: EventListener, event: VerifierEvent): void {
  try {
    listener(event)
  } catch (error) {
    warn(`onEvent threw on "${event.type}"`, error)
  }
}

/** A fault in a user's callback, which must neither refuse a token nor vanish: it becomes a warning of the runtime. */
export function warn(what: string, cause: unknown): void {
  const warning = new Error(`keysource: ${what}: ${messageOf(cause)}`, { cause })
  const { process } = globalThis as { process?: { emitWarning?: (warning: Error) => void } }
  if (process?.emitWarning) process.emitWarning(warning)
  else console.error(warning)
}
