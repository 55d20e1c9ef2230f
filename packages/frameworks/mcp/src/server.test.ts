import { getRequestListener } from '@hono/node-server'
import { KeysError, TokenError, type VerifiedToken } from '@keysource/core'
import { Client, type FetchLike, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpExpressApp, requireBearerAuth } from '@modelcontextprotocol/express'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer, OAuthError, requireScopes } from '@modelcontextprotocol/server'
import type { RequestHandler } from 'express'
import { describe, expect, it } from 'vitest'
import {
  BARE,
  bearerAuthOptions,
  describeMcpServer,
  type Given,
  type McpServerSuite,
  refusalBy,
  SDK_OWN,
} from '../test/describe-mcp-server.ts'
import { requireAuth, serveMetadata, withAuth } from './index.ts'
import { tokenVerifier } from './server.ts'

const makeServer = (): McpServer => {
  const mcp = new McpServer({ name: 'test', version: '1.0.0' })
  mcp.registerTool('whoami', {}, ({ http }) => ({
    content: [{ type: 'text', text: JSON.stringify(http?.authInfo) }],
  }))
  return mcp
}

function appOf({ resource }: Given, guard: RequestHandler): ReturnType<typeof createMcpExpressApp> {
  const handle = toNodeHandler(createMcpHandler(makeServer))
  const app = createMcpExpressApp()
  app.use(serveMetadata(resource))
  app.all('/mcp', guard, (req, res) => handle(req, res, req.body))
  return app
}

const connectAs =
  (mode: 'legacy' | 'auto'): McpServerSuite['connect'] =>
  async (url, { fetch, requestInit }) => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(url, { fetch: fetch as FetchLike, requestInit }))
    return client
  }

for (const mode of ['legacy', 'auto'] as const) {
  describeMcpServer({
    name: `SDK 2 (${mode}), guarded by requireAuth`,
    start: (given) => appOf(given, requireAuth(given.verifier, { resource: given.resource, scopes: given.scope })),
    connect: connectAs(mode),
    outage: 503,
    anonymous: BARE,
  })
}

describeMcpServer({
  name: 'SDK 2, guarded by withAuth on web-standard requests',
  start: ({ verifier, resource, scope }) => {
    const mcp = createMcpHandler(makeServer)
    const options = { resource, scopes: scope }
    const guarded = withAuth(verifier, (request, authInfo) => mcp.fetch(request, { authInfo }), options)
    return getRequestListener((request) => resource.respond(request) ?? guarded(request))
  },
  connect: connectAs('auto'),
  outage: 503,
  anonymous: BARE,
})

describeMcpServer({
  name: 'SDK 2, guarded by its requireBearerAuth over tokenVerifier',
  start: (given) => appOf(given, requireBearerAuth(bearerAuthOptions(given, tokenVerifier))),
  connect: connectAs('auto'),
  outage: 500,
  anonymous: SDK_OWN,
})

describe('tokenVerifier of SDK 2', () => {
  const refusalOf = refusalBy(tokenVerifier)

  it('throws the error that the SDK knows, with the verifier’s own as the cause', async () => {
    const expired = new TokenError('TOKEN_EXPIRED', 'acme: "exp": expected later')
    const refusal = (await refusalOf(expired)) as OAuthError
    expect(refusal).toBeInstanceOf(OAuthError)
    expect([refusal.code, refusal.cause]).toEqual(['invalid_token', expired])
    expect(await refusalOf(new TokenError('SCOPE_MISSING', ''))).toMatchObject({ code: 'insufficient_scope' })
    expect(await refusalOf(new TokenError('TOKEN_MALFORMED', ''), 'a b')).toMatchObject({ code: 'invalid_request' })
  })

  it('leaves an outage as it is', async () => {
    const outage = new KeysError('KEYS_UNAVAILABLE', 'down', { retryAfterSec: 7 })
    expect(await refusalOf(outage)).toBe(outage)
  })
})

describe('a tool that asks for scopes of its own', () => {
  it('is refused with 403 and a challenge that leads to the metadata', async () => {
    const token = { provider: 'acme', issuer: 'https://id.acme.example', scopes: ['a'], claims: {}, expiresAt: 1 }
    const verifier = { verify: async () => token as unknown as VerifiedToken }
    const mcp = createMcpHandler(() => {
      const server = makeServer()
      const text = { content: [{ type: 'text' as const, text: 'done' }] }
      server.registerTool('a', { scopeChallenge: requireScopes('a') }, () => text)
      server.registerTool('b', { scopeChallenge: requireScopes('b') }, () => text)
      return server
    })
    const resource = 'https://api.example.com/mcp'
    const resourceMetadata = 'https://api.example.com/metadata'
    const options = { resource, resourceMetadata }
    const guarded = withAuth(verifier, (request, authInfo) => mcp.fetch(request, { authInfo }), options)
    const call = (name: string): Promise<Response> => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } })
      const headers = {
        authorization: 'Bearer a.b.c',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      }
      return guarded(new Request(resource, { method: 'POST', headers, body }))
    }
    expect(await (await call('a')).text()).toContain('done')
    const refused = await call('b')
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toMatch(
      /scope="b", resource_metadata="https:\/\/api\.example\.com\/metadata"$/,
    )
  })
})
