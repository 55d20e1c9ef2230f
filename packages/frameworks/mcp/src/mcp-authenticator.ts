import type { VerifiedToken } from '@keysource/core'
import { type Authenticator, authenticator, type TokenVerifier } from '@keysource/http'
import { type AuthInfo, authInfoOf, type ReceivedToken } from './auth-info.ts'
import { asked, checkMcpOptions, type McpOptions } from './mcp-options.ts'

/** Judges requests to an MCP server: what every framework calls their token is the SDK's `AuthInfo` here. */
export type McpAuthenticator = Pick<Authenticator<AuthInfo>, 'authenticate'>

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
      return refusal ? { refusal } : { token: token && authInfoOf(token, checked) }
    },
  }
}
