import type { AuthRefusal } from '@keysource/http'
import { HttpException } from '@nestjs/common'

/** A request that is not let in, as NestJS's own filters, and those of its drivers for GraphQL, understand it. */
export class AuthException extends HttpException {
  /** The whole refusal: its headers, its body, and the verifier's own error as `cause`. */
  readonly refusal: AuthRefusal

  constructor(refusal: AuthRefusal) {
    super({ ...refusal.body }, refusal.status, { cause: refusal })
    this.message = refusal.message
    this.refusal = refusal
  }
}
