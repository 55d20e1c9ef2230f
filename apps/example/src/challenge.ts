import { isKeysourceError, type KeysourceError } from '@keysource/core'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** The answer to a request without credentials: RFC 6750 section 3 gives it no error code. */
export function askForToken(c: Context): Response {
  c.header('www-authenticate', 'Bearer')
  return problem(c, 401, 'Unauthorized', 'This needs an access token in the Authorization header.')
}

/** The answer for a token that was refused, or whose keys cannot be had. Anything else is a fault of ours. */
export function refuse(c: Context, error: unknown, scopes: readonly string[]): Response {
  if (!isKeysourceError(error) || error.kind === 'config') throw error
  if (error.kind === 'keys') {
    c.header('retry-after', String(error.retryAfterSec ?? 1))
    return problem(c, 503, 'Service Unavailable', 'The keys of the token’s issuer cannot be had at the moment.')
  }
  c.header('www-authenticate', challengeFor(error, scopes))
  return problem(c, error.status, error.status === 403 ? 'Forbidden' : 'Unauthorized', error.code)
}

function challengeFor(error: KeysourceError, scopes: readonly string[]): string {
  return error.status === 403
    ? `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`
    : `Bearer error="invalid_token", error_description="${error.code}"`
}

/** RFC 9457. It says nothing of a token that its sender does not know. */
function problem(c: Context, status: number, title: string, detail: string): Response {
  c.header('content-type', 'application/problem+json')
  return c.body(JSON.stringify({ type: 'about:blank', title, status, detail }), status as ContentfulStatusCode)
}
