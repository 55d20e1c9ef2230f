import type { VerifiedToken } from '@keysource/core'
import type { NodeRequest } from '@keysource/http'
import type { ExecutionContext } from '@nestjs/common'

/** A request of Express, or of Fastify, which has Node's own within. */
export interface AuthRequest extends NodeRequest {
  readonly raw?: NodeRequest
  auth?: VerifiedToken | undefined
}

/** Where the headers of an answer go: Express's response, or Fastify's reply. */
export interface AuthResponse {
  setHeader?(name: string, value: string): unknown
  header?(name: string, value: string): unknown
}

/** The request and the answer of an execution context. */
export interface Exchange {
  readonly request: AuthRequest
  /** Of HTTP alone: an answer of GraphQL has a status of its own. */
  readonly response?: AuthResponse
}

/** What a driver for GraphQL puts into its context. */
interface GraphqlContext {
  readonly req?: AuthRequest
  readonly request?: AuthRequest
  readonly reply?: { readonly request: AuthRequest }
}

/**
 * Where the token of a call is.
 *
 * @throws where the call is neither HTTP nor GraphQL, or the driver's context holds no request
 */
export function exchangeOf(context: ExecutionContext): Exchange {
  const type = context.getType<string>()
  if (type === 'http') {
    const http = context.switchToHttp()
    return { request: http.getRequest<AuthRequest>(), response: http.getResponse<AuthResponse>() }
  }
  const { req, request = req, reply } = type === 'graphql' ? context.getArgByIndex<GraphqlContext>(2) : {}
  const found = request ?? reply?.request
  if (found) return { request: found }
  throw new TypeError(`AuthGuard: expected a request over HTTP or GraphQL, found a call of type "${type}" without one`)
}
