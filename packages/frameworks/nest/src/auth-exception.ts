import type { AuthRefusal } from '@keysource/http'
import { HttpException } from '@nestjs/common'

/** A request that is not let in, as NestJS's own filters, and those of its drivers for GraphQL, understand it. */
export class AuthException extends HttpException {
  /** The whole refusal: its headers, its body, and the verifier's own error as `cause`. */
  readonly refusal: AuthRefusal
  /** What GraphQL adds to the error: a `code` as Apollo names them, the body as `problem`, and what HTTP says in headers. */
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(refusal: AuthRefusal) {
    super({ ...refusal.body }, refusal.status, { cause: refusal })
    this.message = refusal.message
    this.refusal = refusal
    const { 'www-authenticate': challenge, 'retry-after': retryAfter } = refusal.headers
    this.extensions = {
      code: GRAPHQL_CODES[refusal.status],
      problem: refusal.body,
      ...(challenge !== undefined && { challenge }),
      ...(retryAfter !== undefined && { retryAfter }),
    }
  }
}

const GRAPHQL_CODES = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  503: 'SERVICE_UNAVAILABLE',
} as const satisfies Record<AuthRefusal['status'], string>
