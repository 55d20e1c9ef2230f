import type { VerifiedToken } from '@keysource/core'
import { type NodeRequest, nodeRequest, type ProtectedResource, type TokenVerifier } from '@keysource/http'
import { mcpAuthenticator } from './mcp-authenticator.ts'
import type { McpOptions } from './mcp-options.ts'

/** What is used of a response of `node:http`, and of everything that is built on it. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): { end(body: string): unknown }
}

/** Middleware of Express 4 and 5, and of everything else that takes this form. */
export type Middleware<Request extends NodeRequest> = (
  req: Request,
  res: NodeResponse,
  next: (error?: unknown) => void,
) => void

/** Options of {@link requireAuth}. */
export interface RequireAuthOptions extends McpOptions {
  /** Hands refusals to `next(error)`, for an error handler of yours, instead of answering them. Default `false`. */
  readonly passErrors?: boolean | undefined
}

/**
 * Lets a request to an MCP server on once its token is verified, with the SDK's `AuthInfo` as `req.auth`, where the
 * transports of both majors look for it. Otherwise answers as RFC 6750 and RFC 9728 have it; an outage of the provider with 503
 * and `Retry-After`, for which the SDK's own middleware has no answer.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
 *
 * @example
 * ```ts
 * const resource = protectedResource({
 *   resource: 'https://api.example.com/mcp',
 *   authorizationServers: ['https://acme.eu.auth0.com/'],
 * })
 * app.use(serveMetadata(resource))
 * app.post('/mcp', requireAuth(verifier, { resource }), (req, res) => transport.handleRequest(req, res, req.body))
 * ```
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization
 */
export function requireAuth(
  verifier: TokenVerifier<VerifiedToken>,
  options: RequireAuthOptions,
): Middleware<NodeRequest & { auth?: unknown }> {
  const { passErrors = false, ...rules } = { ...options } // left out in JavaScript, it is refused for what it lacks
  const judge = mcpAuthenticator(verifier, rules)
  return (req, res, next) => {
    judge.authenticate(nodeRequest(req)).then(({ token, refusal }) => {
      if (refusal) {
        if (passErrors) return next(refusal)
        return res.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body))
      }
      if (token) req.auth = token
      return next()
    }, next)
  }
}

/**
 * Serves the metadata of a protected resource at the paths where clients look for it, and passes every other request on.
 *
 * @example
 * ```ts
 * app.use(serveMetadata(protectedResource({ resource: 'https://api.example.com/mcp', authorizationServers })))
 * ```
 *
 * @see RFC 9728 section 3
 */
export function serveMetadata(
  resource: ProtectedResource,
): Middleware<NodeRequest & { readonly url?: string | undefined; readonly originalUrl?: string | undefined }> {
  return (req, res, next) => {
    const [path = ''] = (req.originalUrl ?? req.url ?? '').split('?')
    const answer = resource.paths.includes(path)
      ? resource.respond({ method: req.method ?? 'GET', url: resource.url })
      : undefined
    if (!answer) return next()
    const body = answer.status === 200 ? JSON.stringify(resource.metadata) : ''
    res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body)
  }
}
