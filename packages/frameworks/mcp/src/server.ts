/**
 * A token verifier for version 2 of the official SDK, `@modelcontextprotocol/server` and its packages for frameworks.
 *
 * @module
 */
import type { VerifiedToken } from '@keysource/core'
import type { TokenVerifier } from '@keysource/http'
import { OAuthError } from '@modelcontextprotocol/server'
import { type AccessTokenVerifier, accessTokenVerifier, type TokenVerifierOptions } from './access-token-verifier.ts'

/**
 * What `requireBearerAuth` and `verifyBearerToken` of the SDK take as their `verifier`. A token that is refused ends in the
 * SDK's `OAuthError`, so that its answer is 401 or 403. An outage of the provider rejects with the verifier's `KeysError`,
 * which the SDK answers with 500: it knows no 503. `requireAuth` and `withAuth` of `@keysource/mcp` do.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
 *
 * @example
 * ```ts
 * const verifier = tokenVerifier(createVerifier({ providers }), { resource: 'https://api.example.com/mcp' })
 * const gate = requireBearerAuth({ verifier, requiredScopes: ['mcp'], resourceMetadataUrl })
 * ```
 */
export function tokenVerifier(
  verifier: TokenVerifier<VerifiedToken>,
  options: TokenVerifierOptions,
): AccessTokenVerifier {
  return accessTokenVerifier(verifier, options, (code, message) => new OAuthError(code, message))
}

export type { AccessTokenVerifier, TokenVerifierOptions } from './access-token-verifier.ts'
