import type { VerifiedToken } from '@keysource/core'
import {
  type Authenticator,
  type AuthRefusal,
  authenticator,
  type RequestHead,
  type TokenVerifier,
} from '@keysource/http'
import { type AuthInfo, authInfoOf, type ReceivedToken } from './auth-info.ts'
import { asked, checkMcpOptions, type McpOptions } from './mcp-options.ts'

/** What became of a request: who sent it (nobody for an anonymous one that is let through), or its refusal. */
export type McpAuthentication =
  | { readonly authInfo: AuthInfo | undefined; readonly refusal?: undefined }
  | { readonly authInfo?: undefined; readonly refusal: AuthRefusal }

/** Judges requests to an MCP server. */
export interface McpAuthenticator {
  authenticate(
    request: RequestHead,
    call?: Parameters<Authenticator<VerifiedToken>['authenticate']>[1],
  ): Promise<McpAuthentication>
}

/** The HTTP rules of every framework, with what MCP asks on top, and the SDK's `AuthInfo` as the result. */
export function mcpAuthenticator(verifier: TokenVerifier<VerifiedToken>, options: McpOptions): McpAuthenticator {
  checkMcpOptions(options)
  const { auth, checked } = asked(options)
  // The SDK hands the token on to handlers; a verified one does not hold it.
  const receiving: TokenVerifier<ReceivedToken> = {
    verify: async (jwt, call) => ({ ...(await verifier.verify(jwt, call)), jwt }),
  }
  const judge = authenticator(receiving, auth)
  return {
    async authenticate(request, call) {
      const { token, refusal } = await judge.authenticate(request, call)
      return refusal ? { refusal } : { authInfo: token && authInfoOf(token, checked) }
    },
  }
}
