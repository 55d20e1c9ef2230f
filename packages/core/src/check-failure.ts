import type { TokenErrorCode } from './errors.ts'
import { isRecord } from './record.ts'

/** What a check found. Checks return it; the verifier makes the error, with the provider's name and hint. */
export interface CheckFailure {
  readonly code: TokenErrorCode
  /** The claim or header member: `aud`, `alg`. */
  readonly subject: string
  /** What would have been accepted, in words. */
  readonly expected: string
  /** What was there: clipped and printable, never a signature. */
  readonly found: string
  /** For `TOKEN_MALFORMED`: how many parts the text has. 1 is an opaque token, 5 an encrypted one. */
  readonly parts?: number
}

/** What a check returns that found something. */
export function failure(code: TokenErrorCode, subject: string, expected: string, found: string): CheckFailure {
  return { code, subject, expected, found }
}

/** Tells a failure from what a check returns otherwise. */
export function isFailure(result: object): result is CheckFailure {
  return 'code' in result
}

/** Whether what a provider's own check returned is a failure: `true` or a promise is a fault of the check, and lets no token in. */
export function isCheckFailure(value: unknown): value is CheckFailure {
  return isRecord(value) && typeof value.code === 'string'
}
