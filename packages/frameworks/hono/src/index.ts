/**
 * Bearer tokens in Hono, on Node, Workers, Bun and Deno.
 *
 * @module
 */
import type { VerifiedToken } from '@keysource/core'
import {
  type Authenticator,
  type AuthOptions,
  type AuthRefusal,
  authenticator,
  refusalResponse,
  type TokenFor,
  type TokenVerifier,
  webRequest,
} from '@keysource/http'
import type { Context, MiddlewareHandler } from 'hono'

/** Options of {@link requireAuth}. */
export interface RequireAuthOptions extends AuthOptions {
  /** Throws refusals (each an {@link AuthRefusal}), for `app.onError`, instead of answering them. Default `false`. */
  readonly passErrors?: boolean | undefined
}

/** What the middleware puts into the context. */
export interface AuthVariables<Auth> {
  /** The verified token; with `optional: true`, none for an anonymous request. */
  auth: Auth
}

/**
 * Lets a request on once its token is verified, with the token as `c.get('auth')`, typed by the verifier.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * app.get('/reports', requireAuth(verifier, { scopes: 'read:reports' }), (c) => c.json({ for: c.get('auth').subject }))
 * ```
 *
 * @see RFC 6750
 */
export function requireAuth<Token extends VerifiedToken, const Options extends RequireAuthOptions = RequireAuthOptions>(
  verifier: TokenVerifier<Token>,
  options?: Options,
): MiddlewareHandler<{ Variables: AuthVariables<TokenFor<Token, Options>> }> {
  const { passErrors = false, ...rules } = (options ?? {}) as RequireAuthOptions
  const auth = authenticator(verifier, rules)
  const judge: Judge = { auth, passErrors }
  return async (c, next) => {
    const { token, refusal } = await auth.authenticate(webRequest(c.req.raw), callOf(c))
    if (refusal) return answer(refusal, passErrors)
    judged(c).set(JUDGE, judge)
    c.set('auth', token as TokenFor<Token, Options>)
    return next()
  }
}

// Who let a request through: its scopes are refused in the same words.
const JUDGE = '@keysource/hono.judge'

interface Judge {
  readonly auth: Authenticator<VerifiedToken>
  readonly passErrors: boolean
}

/** The same context: what is kept in it is nobody else's, and so in no type that users see. */
function judged(c: unknown): Context<{ Variables: { [JUDGE]?: Judge } }> {
  return c as Context<{ Variables: { [JUDGE]?: Judge } }>
}

/**
 * Asks for scopes on a route behind {@link requireAuth}: 403 without them, 401 for an anonymous request.
 *
 * @example
 * ```ts
 * app.use(requireAuth(verifier))
 * app.delete('/reports/:id', requireScopes('write:reports'), remove)
 * ```
 */
export function requireScopes(
  ...scopes: readonly string[]
): MiddlewareHandler<{ Variables: AuthVariables<VerifiedToken> }> {
  return async (c, next) => {
    const judge = judged(c).get(JUDGE)
    if (!judge) throw new Error('requireScopes: expected requireAuth before it, found none')
    const refusal = judge.auth.missingScopes(c.get('auth'), scopes)
    return refusal ? answer(refusal, judge.passErrors) : next()
  }
}

function answer(refusal: AuthRefusal, passErrors: boolean): Response {
  if (passErrors) throw refusal
  return refusalResponse(refusal)
}

/** A refresh may outlive the request where the runtime has a way to say so; Node has none and needs none. */
function callOf(c: Context): Parameters<Authenticator<VerifiedToken>['authenticate']>[1] {
  const { signal } = c.req.raw
  try {
    const { executionCtx } = c
    return { signal, waitUntil: (work) => executionCtx.waitUntil(work) }
  } catch {
    return { signal } // Hono throws where there is no execution context
  }
}

export { AuthRefusal } from '@keysource/http'
