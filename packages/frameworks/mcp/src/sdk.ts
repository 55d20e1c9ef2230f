/**
 * A token verifier for version 1 of the official SDK, `@modelcontextprotocol/sdk`.
 *
 * @module
 */
import type { VerifiedToken } from '@keysource/core'
import type { TokenVerifier } from '@keysource/http'
import {
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import {
  type AccessTokenVerifier,
  accessTokenVerifier,
  type ErrorOf,
  type TokenVerifierOptions,
} from './access-token-verifier.ts'

const ERRORS = {
  invalid_request: InvalidRequestError,
  invalid_token: InvalidTokenError,
  insufficient_scope: InsufficientScopeError,
}

const errorOf: ErrorOf = (code, message) => new ERRORS[code](message)

/**
 * What the SDK's `requireBearerAuth` takes as its `verifier`. A token that is refused ends in the SDK's own errors, so that its
 * middleware answers 401 or 403. An outage of the provider rejects with the verifier's `KeysError`, which that middleware
 * answers with 500: it knows no 503. `requireAuth` of `@keysource/mcp` does.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
 *
 * @example
 * ```ts
 * const verifier = tokenVerifier(createVerifier({ providers }), { resource: 'https://api.example.com/mcp' })
 * app.post('/mcp', requireBearerAuth({ verifier, requiredScopes: ['mcp'], resourceMetadataUrl }), handle)
 * ```
 */
export function tokenVerifier(
  verifier: TokenVerifier<VerifiedToken>,
  options: TokenVerifierOptions,
): AccessTokenVerifier {
  return accessTokenVerifier(verifier, options, errorOf)
}

export type { AccessTokenVerifier, TokenVerifierOptions } from './access-token-verifier.ts'
