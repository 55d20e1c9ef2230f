/**
 * Bearer tokens in Express 4 and 5.
 *
 * @module
 */
import type { VerifiedToken } from '@keysource/core'
import {
  type Authenticator,
  type AuthOptions,
  type AuthRefusal,
  authenticator,
  nodeRequest,
  type RegisteredToken,
  type TokenVerifier,
} from '@keysource/http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'

/**
 * Names your verifier, so that `req.auth` has the claims of the providers that you compose.
 *
 * @example
 * ```ts
 * declare module '@keysource/express' {
 *   interface Register { verifier: typeof verifier }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: an interface, as the declarations of users merge with it; empty until one does
export interface Register {}

/** What `req.auth` is: the registered verifier's token, or that of any. */
export type Auth = RegisteredToken<Register>

declare global {
  namespace Express {
    interface Request {
      /** The verified token; with `optional: true`, none for an anonymous request. */
      auth?: Auth
    }
  }
}

/** Options of {@link requireAuth}. */
export interface RequireAuthOptions extends AuthOptions {
  /** Hands refusals to `next(error)`, for an error handler of yours, instead of answering them. Default `false`. */
  readonly passErrors?: boolean | undefined
}

/**
 * Lets a request on once its token is verified, with the token as `req.auth`; otherwise answers as RFC 6750 has it, or hands
 * the refusal (an {@link AuthRefusal}) to `next`. Behind `app.use(requireAuth(verifier))` a route may ask for scopes with
 * {@link requireScopes}.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * app.get('/reports', requireAuth(verifier, { scopes: 'read:reports' }), (req, res) => {
 *   res.json({ for: req.auth?.subject })
 * })
 * ```
 *
 * @see RFC 6750
 */
export function requireAuth(verifier: TokenVerifier<VerifiedToken>, options: RequireAuthOptions = {}): RequestHandler {
  const { passErrors = false, ...rules } = options
  const auth = authenticator(verifier, rules)
  const judge: Judge = { auth, passErrors }
  return (req: Judged, res, next) => {
    auth.authenticate(nodeRequest(req)).then(({ token, refusal }) => {
      if (refusal) return answer(refusal, res, next, passErrors)
      req[JUDGE] = judge
      if (token) req.auth = token as Auth
      next()
    }, next)
  }
}

// Who let a request through: its scopes are refused in the same words.
const JUDGE: unique symbol = Symbol('judge')

interface Judge {
  readonly auth: Authenticator<VerifiedToken>
  readonly passErrors: boolean
}

interface Judged extends Request {
  [JUDGE]?: Judge
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
export function requireScopes(...scopes: readonly string[]): RequestHandler {
  return (req: Judged, res, next) => {
    const judge = req[JUDGE]
    if (!judge) return next(new Error('requireScopes: expected requireAuth before it, found none'))
    const refusal = judge.auth.missingScopes(req.auth, scopes)
    if (refusal) answer(refusal, res, next, judge.passErrors)
    else next()
  }
}

function answer(refusal: AuthRefusal, res: Response, next: NextFunction, passErrors: boolean): void {
  if (passErrors) next(refusal)
  else res.status(refusal.status).set(refusal.headers).end(JSON.stringify(refusal.body))
}

export { AuthRefusal } from '@keysource/http'
export { type SecretOrKeyProvider, type SecretOrKeyProviderOptions, secretOrKeyProvider } from './passport.ts'
