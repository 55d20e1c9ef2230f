import type { VerifiedToken } from '@keysource/core'
import { type AuthRefusal, type BearerErrorCode, bearing, type TokenVerifier } from '@keysource/http'
import type { AuthInfo } from './auth-info.ts'
import { mcpAuthenticator } from './mcp-authenticator.ts'
import type { McpOptions } from './mcp-options.ts'

/** The `OAuthTokenVerifier` of the official SDK, of either major. */
export interface AccessTokenVerifier {
  verifyAccessToken(token: string): Promise<AuthInfo>
}

/** Options of `tokenVerifier`. Scopes are asked for by the SDK's middleware: its `requiredScopes` stand in its challenge. */
export type TokenVerifierOptions = Pick<McpOptions, 'resource' | 'provider'>

/** Makes the error that one major of the SDK knows. */
export type ErrorOf = (code: BearerErrorCode, message: string) => Error

// The SDK puts these between the quotation marks of a challenge, its version 1 as they are. What was expected and found, which
// quotes the token, is the error's cause.
const MESSAGES: Readonly<Record<BearerErrorCode, string>> = {
  invalid_request: 'The credentials have to be one token',
  invalid_token: 'The access token is not valid here',
  insufficient_scope: 'The access token lacks a scope',
}

/** A verifier in the SDK's form, which throws the SDK's own errors, as its middleware answers 500 to any other. */
export function accessTokenVerifier(
  verifier: TokenVerifier<VerifiedToken>,
  options: TokenVerifierOptions,
  errorOf: ErrorOf,
): AccessTokenVerifier {
  const judge = mcpAuthenticator(verifier, options)
  return {
    async verifyAccessToken(token) {
      const { token: authInfo, refusal } = await judge.authenticate(bearing(token))
      if (authInfo) return authInfo
      throw thrown(refusal as AuthRefusal, errorOf) // with neither it would be a preflight, or anonymous
    },
  }
}

/** Where no token is at fault the verifier's own error stays, with its `retryAfterSec`. */
function thrown({ status, body, cause }: AuthRefusal, errorOf: ErrorOf): unknown {
  if (status === 503) return cause
  const { error = 'invalid_token' } = body
  return Object.defineProperty(errorOf(error, MESSAGES[error]), 'cause', { value: cause, configurable: true })
}
