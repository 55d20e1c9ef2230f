/**
 * Access tokens in MCP servers: a guard that answers by the rules of every framework, with the `AuthInfo` of the official SDK,
 * and the metadata that leads clients to the issuers. Nothing here imports the SDK; `@keysource/mcp/sdk` (its version 1) and
 * `@keysource/mcp/server` (version 2) do, for its errors.
 *
 * @module
 */
export {
  AuthRefusal,
  type ProtectedResource,
  type ProtectedResourceMetadata,
  type ProtectedResourceOptions,
  protectedResource,
} from '@keysource/http'
export type { AuthInfo, AuthInfoExtra } from './auth-info.ts'
export type { McpOptions } from './mcp-options.ts'
export {
  type Middleware,
  type NodeResponse,
  type RequireAuthOptions,
  requireAuth,
  serveMetadata,
} from './require-auth.ts'
export { withAuth } from './with-auth.ts'
