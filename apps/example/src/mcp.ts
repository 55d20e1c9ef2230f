import { createVerifier, unchecked } from '@keysource/core'
import { type AuthInfo, protectedResource, withAuth } from '@keysource/mcp'
import {
  type CallToolResult,
  createMcpHandler,
  McpServer,
  requireScopes,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { type Caller, REPORTS, reportsFor, whoAmI } from './answers.ts'
import type { Api, Composition } from './composition.ts'
import { demoRoutes } from './demo.ts'

/** Makes the same API as tools of an MCP server, which clients reach at `url`. */
export function createMcpApi({ providers, fetch, demo }: Composition, url: string): Api {
  const verifier = createVerifier({ providers, fetch })
  const authorizationServers = verifier.status().flatMap(({ issuer }) => issuer)
  const resource = protectedResource({ resource: url, authorizationServers, scopes: [REPORTS], name: 'Reports' })
  const mcp = createMcpHandler(makeServer)
  const guarded = withAuth(verifier, (request, authInfo) => mcp.fetch(request, { authInfo }), {
    // A server of one provider would write `resource` here.
    resource: unchecked('some of these providers have no aud in their tokens: each is asked for what it has instead'),
    resourceMetadata: resource.url,
  })
  const app = new Hono()

  app.get('/.well-known/*', (c) => resource.respond(c.req.raw) ?? c.notFound())
  app.all(new URL(url).pathname, (c) => guarded(c.req.raw))
  if (demo) app.route('/demo', demoRoutes(demo, providers))
  return { app, verifier }
}

function makeServer(): McpServer {
  const server = new McpServer({ name: 'keysource-example', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who calls, and by which provider’s token' }, (context) =>
    json(whoAmI(callerIn(context))),
  )
  server.registerTool(
    'reports',
    { description: 'The caller’s reports', scopeChallenge: requireScopes(REPORTS) },
    (context) => json(reportsFor(callerIn(context))),
  )
  return server
}

function callerIn({ http: { authInfo } = {} }: ServerContext): Caller {
  const { clientId, scopes, expiresAt, extra } = authInfo as AuthInfo // no request comes here without
  return { ...extra, clientId, scopes, expiresAt }
}

function json(value: object): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] }
}
