import type { KeysourceError } from '@keysource/core'

/** The error codes of RFC 6750 section 3.1. */
export type BearerErrorCode = 'invalid_request' | 'invalid_token' | 'insufficient_scope'

/** The body of a refusal: RFC 9457, `application/problem+json`. */
export interface Problem {
  readonly title: string
  readonly status: number
  readonly error?: BearerErrorCode
  /** In development alone, as it helps whoever tries tokens out: the error's code, message and hint. */
  readonly code?: string
  readonly detail?: string
  readonly hint?: string
}

/** What a refusal is made of. */
export interface RefusalFacts {
  readonly status: 400 | 401 | 403 | 503
  readonly error?: BearerErrorCode | undefined
  /** With `insufficient_scope`: those that are needed. */
  readonly scopes?: readonly string[] | undefined
  readonly retryAfterSec?: number | undefined
  /** What lies behind it, for logs. */
  readonly cause?: KeysourceError | undefined
}

/** How refusals are told. */
export interface RefusalStyle {
  readonly realm?: string | undefined
  readonly resourceMetadata?: string | undefined
  readonly development: boolean
}

const TITLES = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const

/**
 * A request that is not let in, as an error that knows its answer. Its message says no more than the answer does; `cause` has
 * the verifier's own error, for logs.
 */
export class AuthRefusal extends Error {
  override readonly name = 'AuthRefusal'
  declare readonly cause?: KeysourceError
  readonly status: RefusalFacts['status']
  /** The same, under the name that Express and Fastify look for. */
  readonly statusCode: RefusalFacts['status']
  /** The answer's headers, among them `www-authenticate` or `retry-after`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Problem

  constructor(facts: RefusalFacts, style: RefusalStyle) {
    super(TITLES[facts.status], facts.cause && { cause: facts.cause })
    this.status = facts.status
    this.statusCode = facts.status
    this.headers = headersOf(facts, style)
    this.body = problemOf(facts, style)
  }
}

function headersOf(facts: RefusalFacts, style: RefusalStyle): Readonly<Record<string, string>> {
  const { status, retryAfterSec = 1 } = facts
  const why =
    status === 503 ? { 'retry-after': String(retryAfterSec) } : { 'www-authenticate': challenge(facts, style) }
  return { ...why, 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
}

/** RFC 6750 section 3, RFC 9728 section 5.1. A request without credentials is told no error. */
function challenge({ error, scopes }: RefusalFacts, { realm, resourceMetadata }: RefusalStyle): string {
  const parameters = Object.entries({
    realm,
    error,
    scope: scopes?.join(' '),
    resource_metadata: resourceMetadata,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value}"`)
  return parameters.length > 0 ? `Bearer ${parameters.join(', ')}` : 'Bearer'
}

function problemOf({ status, error, cause }: RefusalFacts, { development }: RefusalStyle): Problem {
  return {
    title: TITLES[status],
    status,
    ...(error && { error }),
    ...(development && cause && { code: cause.code, detail: cause.message, ...(cause.hint && { hint: cause.hint }) }),
  }
}
