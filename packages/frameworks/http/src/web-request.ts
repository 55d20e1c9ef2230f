import type { VerifiedToken } from '@keysource/core'
import type { AuthOptions } from './auth-options.ts'
import { type Authenticator, authenticator, type TokenVerifier } from './authenticator.ts'
import type { RequestHead } from './credentials.ts'
import type { AuthRefusal } from './refusal.ts'

/** A web-standard request. Two headers of one name have been joined with a comma, as the standard has it. */
export function webRequest({ method, headers }: Pick<Request, 'method' | 'headers'>): RequestHead {
  return {
    method,
    values: (name) => {
      const value = headers.get(name)
      return value === null ? [] : [value]
    },
  }
}

/** A refusal as a web-standard response. */
export function refusalResponse({ status, headers, body }: AuthRefusal): Response {
  return new Response(JSON.stringify(body), { status, headers })
}

/** The token that a handler sees: with `optional: true` there may be none. */
export type TokenFor<Token, Options> = Options extends { readonly optional: true } ? Token | undefined : Token

/**
 * Guards a fetch handler: it is called with the verified token. A CORS preflight, which brings no token, is answered with 204,
 * for the handler around this one to add its headers.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * export default {
 *   fetch: withAuth(verifier, (request, { subject }) => Response.json({ hello: subject })),
 * }
 * ```
 */
export function withAuth<
  Token extends VerifiedToken,
  Rest extends unknown[],
  const Options extends AuthOptions = AuthOptions,
>(
  verifier: TokenVerifier<Token>,
  handler: (request: Request, token: TokenFor<Token, Options>, ...rest: Rest) => Response | Promise<Response>,
  options?: Options,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return guarding(authenticator(verifier, options), handler, options)
}

/**
 * {@link withAuth} around whatever judges requests: for a package whose handlers see something else than a verified token.
 */
export function guarding<Auth, Rest extends unknown[], const Options extends Pick<AuthOptions, 'optional'>>(
  auth: Pick<Authenticator<Auth>, 'authenticate'>,
  handler: (request: Request, auth: TokenFor<Auth, Options>, ...rest: Rest) => Response | Promise<Response>,
  options?: Options,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const { token, refusal } = await auth.authenticate(webRequest(request), { signal: request.signal })
    if (refusal) return refusalResponse(refusal)
    if (token === undefined && !options?.optional) return new Response(null, { status: 204 })
    return handler(request, token as TokenFor<Auth, Options>, ...rest)
  }
}
