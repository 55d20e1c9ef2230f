import type { VerifiedToken } from '@keysource/core'
import { guarding, type TokenFor, type TokenVerifier } from '@keysource/http'
import type { AuthInfo } from './auth-info.ts'
import { mcpAuthenticator } from './mcp-authenticator.ts'
import type { McpOptions } from './mcp-options.ts'

/**
 * Guards an MCP server on a runtime of web-standard requests: the handler is called with the SDK's `AuthInfo`. A CORS
 * preflight, which brings no token, is answered with 204, for the handler around this one to add its headers.
 *
 * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
 *
 * @example
 * ```ts
 * const mcp = createMcpHandler(makeServer) // of @modelcontextprotocol/server
 * const guarded = withAuth(verifier, (request, authInfo) => mcp.fetch(request, { authInfo }), { resource })
 *
 * export default {
 *   fetch: (request: Request) => resource.respond(request) ?? guarded(request),
 * }
 * ```
 */
export function withAuth<const Options extends McpOptions>(
  verifier: TokenVerifier<VerifiedToken>,
  handler: (request: Request, authInfo: TokenFor<AuthInfo, Options>) => Response | Promise<Response>,
  options: Options,
): (request: Request) => Promise<Response> {
  return guarding(mcpAuthenticator(verifier, options), handler, options)
}
