import type { JSONWebKeySet } from 'jose'
import type { HttpClient } from './http-client.ts'

/**
 * Where keys come from. A source knows nothing of caching, retries, tokens or claims: it loads, and the key cache
 * around it does the rest (lifetime, single flight, back-off, staleness).
 *
 * @example
 * ```ts
 * const vault: KeySource = {
 *   id: 'vault:transit/jwt',
 *   async load({ http }) {
 *     const response = await http.request({ url: 'https://vault.example.com/v1/jwks' })
 *     return { jwks: await response.json() }
 *   },
 * }
 * ```
 */
export interface KeySource {
  /** Names this source in events, errors and a shared store. Stable over restarts; holds no secret. */
  readonly id: string
  /**
   * The current key set. The key cache is its only caller, and calls it one at a time.
   * It rejects when the keys cannot be had; what it rejects with becomes the `cause` of `KEYS_UNAVAILABLE`.
   */
  load(context: LoadContext): Promise<LoadedKeys>
  /**
   * Only on sources that serve one key at a time: whether a `kid` may be asked for. With it, a load is made for the
   * `kid` of a token and never without one, and `ready()` reports the source as on demand.
   */
  accepts?(kid: string): boolean
  /** Its keys are on this machine, in the program or in a file: they cost nothing to load and are left out of snapshots. */
  readonly local?: boolean
}

/** What one load has at hand. */
export interface LoadContext {
  /** The hardened client: the only way out for a source. One load makes at most four requests within one deadline. */
  readonly http: HttpClient
  /** Aborts at the load's deadline, or when the verifier is closed. */
  readonly signal: AbortSignal
  /** The key that is wanted, for endpoints that serve one key at a time. */
  readonly kid?: string
  /** What the last successful load returned, for conditional requests (RFC 9110 section 13). */
  readonly previous?: LoadedKeys
  /** Wall time in milliseconds, from the verifier's clock; `Date.now()` where it is absent. */
  readonly now?: number
}

/** What one load returned. */
export interface LoadedKeys {
  readonly jwks: JSONWebKeySet
  /** One key of an endpoint that serves one at a time: added under its `kid`. Else the whole set is replaced. */
  readonly partial?: boolean
  /** How long the answer says it may be used, in milliseconds: `max-age` less `Age` (RFC 9111 section 4.2.1). */
  readonly maxAgeMs?: number
  readonly etag?: string
  readonly lastModified?: string
  /** The endpoint answered 304: `jwks` is that of `previous`, and its lifetime starts again. */
  readonly notModified?: boolean
  /** The keys were configured without a `kid` and fit tokens with any `kid`: a single PEM key, a certificate. */
  readonly anyKid?: boolean
}
