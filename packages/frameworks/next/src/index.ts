/**
 * Bearer tokens in Next.js: in route handlers of the App Router, and before them in its proxy or middleware. It runs on Node and
 * on the edge runtime, and imports nothing of `next` but types.
 *
 * @module
 */
import type { VerifiedToken } from '@keysource/core'
import {
  type AuthOptions,
  authenticator,
  withAuth as guarded,
  refusalResponse,
  type TokenFor,
  type TokenVerifier,
  webRequest,
} from '@keysource/http'
import type { NextFetchEvent, NextRequest } from 'next/server.js'

/**
 * Guards a route handler: it is called with the verified token, typed by the verifier, and with Next's own `context`. A CORS
 * preflight, which brings no token, is answered with 204.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * // app/reports/[id]/route.ts
 * export const GET = withAuth(
 *   verifier,
 *   async (_request, { subject }, { params }: RouteContext<'/reports/[id]'>) => {
 *     const { id } = await params
 *     return Response.json({ id, for: subject })
 *   },
 *   { scopes: 'read:reports' },
 * )
 * ```
 *
 * @see RFC 6750
 */
export function withAuth<
  Token extends VerifiedToken,
  Context = unknown,
  const Options extends AuthOptions = AuthOptions,
>(
  verifier: TokenVerifier<Token>,
  handler: (request: NextRequest, token: TokenFor<Token, Options>, context: Context) => Response | Promise<Response>,
  options?: Options,
): (request: NextRequest, context: Context) => Promise<Response> {
  // What it calls the handler with is what it was called with: Next's own request.
  const inner = handler as (...call: [Request, TokenFor<Token, Options>, Context]) => Response | Promise<Response>
  return guarded<Token, [Context], Options>(outliving(verifier), inner, options)
}

/**
 * Guards what a `proxy.ts` (Next 16) or `middleware.ts` (Next 15, or for the edge runtime) stands before: resolves with the
 * refusal, or with nothing, by which Next goes on. So it may be the whole middleware, or the first part of one.
 *
 * It hands no subject on: a route that knows the caller by a header would believe whoever reaches it past the middleware. Guard
 * the route with {@link withAuth} too where it needs the token.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * // proxy.ts
 * export const proxy = authMiddleware(verifier)
 * export const config = { matcher: '/api/:path*' }
 * ```
 *
 * @see RFC 6750
 */
export function authMiddleware(
  verifier: TokenVerifier<VerifiedToken>,
  options?: AuthOptions,
): (request: NextRequest, event?: Pick<NextFetchEvent, 'waitUntil'>) => Promise<Response | undefined> {
  const auth = authenticator(verifier, options)
  return async (request, event) => {
    const waitUntil = event ? (work: Promise<unknown>) => event.waitUntil(work) : undefined
    const { refusal } = await auth.authenticate(webRequest(request), { signal: request.signal, waitUntil })
    return refusal && refusalResponse(refusal)
  }
}

/** Route handlers get no event: where a platform freezes them after the response, it has told Next how a refresh outlives it. */
function outliving<Token>(verifier: TokenVerifier<Token>): TokenVerifier<Token> {
  return { verify: (jwt, call) => verifier.verify(jwt, { ...call, waitUntil: platformWaitUntil() }) }
}

interface RequestContext {
  get(): { readonly waitUntil?: (work: Promise<unknown>) => void } | undefined
}

/**
 * What Next's own `after` uses. `after` itself would have to be imported, is unstable in 15.0, and throws outside a request.
 *
 * @see https://nextjs.org/docs/app/guides/self-hosting#after
 */
function platformWaitUntil(): ((work: Promise<unknown>) => void) | undefined {
  const context = (globalThis as Record<symbol, unknown>)[Symbol.for('@next/request-context')]
  return (context as RequestContext | undefined)?.get()?.waitUntil
}

export { AuthRefusal } from '@keysource/http'
