import { isKeysourceError, TokenError, type VerifiedToken, type Verifier, type VerifyOptions } from '@keysource/core'
import { type AuthOptions, checkAuthOptions, inDevelopment } from './auth-options.ts'
import { credentialsIn, isPreflight, mayBeToken, type RequestHead } from './credentials.ts'
import { AuthRefusal, type RefusalFacts, type RefusalStyle } from './refusal.ts'

/** What became of a request: its token (none for an anonymous one that is let through), or its refusal. */
export type Authentication<Token> =
  | { readonly token: Token | undefined; readonly refusal?: undefined }
  | { readonly token?: undefined; readonly refusal: AuthRefusal }

/** The tokens of a verifier: the union over the providers that it composes. */
export type TokenOf<Verifying> = Verifying extends Verifier<infer Token> ? Token : never

/** The tokens of the verifier that a program registered with a framework's package, or of any while it registered none. */
export type RegisteredToken<Registered> = Registered extends { readonly verifier: infer Verifying }
  ? TokenOf<Verifying>
  : VerifiedToken

/** The part of a verifier that is used. */
export type TokenVerifier<Token> = Pick<Verifier<Token>, 'verify'>

/** Judges requests by the rules of RFC 6750. Made by {@link authenticator}. */
export interface Authenticator<Token> {
  /**
   * Finds the token of a request and verifies it. Only a fault of the program (kind `'config'`, or one of the provider's own
   * code) rejects.
   *
   * @param call - ends the wait for keys, or lets a refresh outlive the request
   */
  authenticate(request: RequestHead, call?: Pick<VerifyOptions, 'signal' | 'waitUntil'>): Promise<Authentication<Token>>
  /** The refusal of a token that lacks one of these scopes (403), or of nobody at all (401). */
  missingScopes(
    token: Pick<VerifiedToken, 'scopes' | 'provider'> | undefined,
    scopes: readonly string[],
  ): AuthRefusal | undefined
}

const ANONYMOUS = Object.freeze({ token: undefined })

/**
 * The rules of bearer tokens over HTTP, for a framework's own page or for a server without one.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const auth = authenticator(verifier, { scopes: 'reports:read' })
 * const { token, refusal } = await auth.authenticate(nodeRequest(request))
 * if (refusal) response.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body))
 * ```
 *
 * @see RFC 6750 (bearer tokens), RFC 9457 (problem details), RFC 9728 section 5.1 (`resource_metadata`)
 */
export function authenticator<Token extends VerifiedToken>(
  verifier: TokenVerifier<Token>,
  options: AuthOptions = {},
): Authenticator<Token> {
  checkAuthOptions(options)
  const { optional = false, provider, audience } = options
  const scopes = options.scopes === undefined ? undefined : [options.scopes].flat()
  const asked = { provider, audience, scopes }
  const style: RefusalStyle = { ...options, development: options.development ?? inDevelopment() }
  const refuse = (facts: RefusalFacts): { refusal: AuthRefusal } => ({ refusal: new AuthRefusal(facts, style) })

  return {
    async authenticate(request, call) {
      if (isPreflight(request)) return ANONYMOUS
      const { jwt, malformed } = credentialsIn(request, options)
      if (malformed !== undefined) return refuse(malformedRequest(malformed))
      if (jwt === undefined) return optional ? ANONYMOUS : refuse({ status: 401 })
      try {
        const token = await verifier.verify(jwt, call ? { ...asked, ...call } : asked)
        const bound = boundToKey(token)
        return bound ? refuse(bound) : { token }
      } catch (error) {
        return refuse(
          mayBeToken(jwt) ? factsOf(error, scopes) : malformedRequest('the credentials have to be one token'),
        )
      }
    },
    missingScopes(token, needed) {
      if (!token) return refuse({ status: 401 }).refusal
      if (needed.every((scope) => token.scopes.includes(scope))) return undefined
      const { provider: issuedBy } = token
      const message = `expected the scopes ${needed.join(' ')}, found ${token.scopes.join(' ') || 'none'}`
      const cause = new TokenError('SCOPE_MISSING', message, { provider: issuedBy, subject: 'scope' })
      return refuse({ status: 403, error: 'insufficient_scope', scopes: needed, cause }).refusal
    },
  }
}

function malformedRequest(expected: string): RefusalFacts {
  return { status: 400, error: 'invalid_request', cause: new TokenError('TOKEN_MALFORMED', expected) }
}

/** What to answer to a verifier's refusal. What is no token's and no provider's fault is the program's, and stays an error. */
function factsOf(error: unknown, scopes: readonly string[] | undefined): RefusalFacts {
  if (!isKeysourceError(error) || error.kind === 'config') throw error
  const { kind, code, retryAfterSec } = error
  if (kind === 'keys') return { status: 503, retryAfterSec, cause: error }
  if (code === 'SCOPE_MISSING') return { status: 403, error: 'insufficient_scope', scopes, cause: error }
  return { status: 401, error: 'invalid_token', cause: error }
}

/**
 * RFC 9449 section 7.1, RFC 8705 section 3: a token that names the key of its rightful sender is worth nothing without a proof
 * of that key, and a plain bearer brings none.
 */
function boundToKey({ claims, provider }: VerifiedToken): RefusalFacts | undefined {
  if (!Object.hasOwn(claims, 'cnf') || claims.cnf == null) return undefined
  const expected = 'no "cnf", as no proof of a key comes with a bearer token'
  const found = 'a token that is bound to a key (DPoP or mTLS)'
  const details = { provider, subject: 'cnf', expected, found }
  const cause = new TokenError('CLAIM_INVALID', `${provider}: "cnf": expected ${expected}, found ${found}`, details)
  return { status: 401, error: 'invalid_token', cause }
}
