import { isRecord } from './record.ts'

/** Whose fault it is: the token's, the provider's keys', or the program's own configuration or call. */
export type ErrorKind = 'token' | 'keys' | 'config'

/** The codes of a refused token. */
export type TokenErrorCode =
  | 'TOKEN_MALFORMED'
  | 'TOKEN_TOO_LARGE'
  | 'ALG_NOT_ALLOWED'
  | 'CRIT_NOT_SUPPORTED'
  | 'TYP_NOT_ALLOWED'
  | 'ISSUER_UNKNOWN'
  | 'KEY_NOT_FOUND'
  | 'SIGNATURE_INVALID'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_NOT_YET_VALID'
  | 'AUDIENCE_MISMATCH'
  | 'CLAIM_MISSING'
  | 'CLAIM_INVALID'
  | 'SCOPE_MISSING'
/** The codes of keys that could not be had: never the token's fault. */
export type KeysErrorCode = 'KEYS_UNAVAILABLE' | 'DISCOVERY_FAILED' | 'DISCOVERY_MISMATCH' | 'KEYS_NOT_LOADED'
/** The codes of a wrong option or a wrong call. */
export type ConfigErrorCode = 'CONFIG_INVALID' | 'ABORTED' | 'CLOSED' | 'SYNC_NOT_SUPPORTED'
/** What went wrong, as a constant that programs can switch on. */
export type ErrorCode = TokenErrorCode | KeysErrorCode | ConfigErrorCode

/** What an error says beside its message. */
export interface ErrorDetails {
  /** The composed provider's name. */
  readonly provider?: string | undefined
  /** The claim, header member or option that the error is about. */
  readonly subject?: string | undefined
  /** What would have been accepted, in words. */
  readonly expected?: string | undefined
  /** What was there instead, clipped and printable. */
  readonly found?: string | undefined
  /** What usually causes this, with this provider. For developers, not for the token's sender. */
  readonly hint?: string | undefined
  /** Seconds after which a retry makes sense: for a `Retry-After` header. */
  readonly retryAfterSec?: number | undefined
  /** Where several things failed: each of them. */
  readonly errors?: readonly KeysourceError[] | undefined
  readonly cause?: unknown
}

// Every other code is a token's.
const KINDS: { readonly [Code in ErrorCode]?: ErrorKind } = {
  KEYS_UNAVAILABLE: 'keys',
  DISCOVERY_FAILED: 'keys',
  DISCOVERY_MISMATCH: 'keys',
  KEYS_NOT_LOADED: 'keys',
  CONFIG_INVALID: 'config',
  ABORTED: 'config',
  CLOSED: 'config',
  SYNC_NOT_SUPPORTED: 'config',
}
const STATUS: Readonly<Record<ErrorKind, number>> = { token: 401, keys: 503, config: 500 }

// Registered, so that two copies of this package know each other's errors.
const MARKER: unique symbol = Symbol.for('@keysource/core.error')

/**
 * What every failure of Keysource is. `code` says what went wrong, `kind` whose fault it is, `status` what an HTTP
 * API should answer. Neither the message nor a field holds a token, a signature or a secret.
 */
export class KeysourceError extends Error {
  override readonly name: string = 'KeysourceError'
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly status: number
  declare readonly provider?: string
  declare readonly subject?: string
  declare readonly expected?: string
  declare readonly found?: string
  declare readonly hint?: string
  declare readonly retryAfterSec?: number
  declare readonly errors?: readonly KeysourceError[]

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...fields } = details
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.kind = KINDS[code] ?? 'token'
    this.status = code === 'SCOPE_MISSING' ? 403 : STATUS[this.kind]
    for (const [field, value] of Object.entries(fields)) {
      if (value !== undefined) Object.defineProperty(this, field, { value, enumerable: true })
    }
    Object.defineProperty(this, MARKER, { value: true })
  }
}

/** A token that is refused: 401, or 403 where only a scope is missing. */
export class TokenError extends KeysourceError {
  override readonly name: string = 'TokenError'
  declare readonly code: TokenErrorCode
  constructor(code: TokenErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** Keys that could not be had from the provider: 503, so that clients retry instead of logging their users out. */
export class KeysError extends KeysourceError {
  override readonly name: string = 'KeysError'
  declare readonly code: KeysErrorCode
  constructor(code: KeysErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** The same fault of the keys in other words: what was expected and found stays. */
export function retold(error: KeysError, message: string, more: ErrorDetails): KeysError {
  const { code, subject, expected, found, hint, retryAfterSec, cause } = error
  return new KeysError(code, message, { subject, expected, found, hint, retryAfterSec, cause, ...more })
}

/** A wrong option, found at construction, or a call that cannot be served as it was made. */
export class ConfigError extends KeysourceError {
  override readonly name: string = 'ConfigError'
  declare readonly code: ConfigErrorCode
  constructor(code: ConfigErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/**
 * Whether a caught value is one of Keysource's errors, also where two copies of the package are installed and
 * `instanceof` would say no.
 *
 * @example
 * ```ts
 * try {
 *   await verifier.verify(jwt)
 * } catch (error) {
 *   if (isKeysourceError(error)) respond(error.status, error.code)
 *   else throw error
 * }
 * ```
 */
export function isKeysourceError(value: unknown): value is KeysourceError {
  return isRecord(value) && Object.hasOwn(value, MARKER)
}

/** What was thrown, in words: anything can be. */
export function messageOf(error: unknown): unknown {
  return (error as Partial<Error> | undefined)?.message ?? error
}

/** One sentence that names the option, what is expected and what was given. */
export function configInvalid(
  owner: string,
  option: string,
  expected: string,
  found: string,
  cause?: unknown,
): ConfigError {
  return new ConfigError('CONFIG_INVALID', `${owner}: option "${option}": expected ${expected}, got ${found}`, {
    subject: option,
    expected,
    found,
    cause,
  })
}
