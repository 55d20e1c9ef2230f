import type { VerifiedToken } from '@keysource/core'
import { KeysError, TokenError } from '@keysource/core'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import express, { type RequestHandler } from 'express'
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
import { requireAuth, serveMetadata } from './index.ts'
import { tokenVerifier } from './sdk.ts'

function appOf({ resource }: Given, guard: RequestHandler): ReturnType<typeof express> {
  const app = express()
  app.use(serveMetadata(resource))
  app.all('/mcp', guard, express.json(), async (req, res) => {
    const mcp = new McpServer({ name: 'test', version: '1.0.0' })
    mcp.registerTool('whoami', {}, ({ authInfo }) => ({ content: [{ type: 'text', text: JSON.stringify(authInfo) }] }))
    const transport = new StreamableHTTPServerTransport()
    res.on('close', () => void mcp.close())
    await mcp.connect(transport as Transport) // the SDK's own types disagree under exactOptionalPropertyTypes
    await transport.handleRequest(req, res, req.body)
  })
  return app
}

const connect: McpServerSuite['connect'] = async (url, options) => {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(url, options) as Transport)
  return client
}

describeMcpServer({
  name: 'SDK 1, guarded by requireAuth',
  start: (given) => appOf(given, requireAuth(given.verifier, { resource: given.resource, scopes: given.scope })),
  connect,
  outage: 503,
  anonymous: BARE,
})

describeMcpServer({
  name: 'SDK 1, guarded by its requireBearerAuth over tokenVerifier',
  start: (given) => appOf(given, requireBearerAuth(bearerAuthOptions(given, tokenVerifier))),
  connect,
  outage: 500,
  anonymous: SDK_OWN,
})

describe('tokenVerifier of SDK 1', () => {
  const refusalOf = refusalBy(tokenVerifier)

  it('throws the errors that its middleware knows, with the verifier’s own as the cause', async () => {
    const expired = new TokenError('TOKEN_EXPIRED', 'acme: "exp": expected later')
    const refusal = (await refusalOf(expired)) as InvalidTokenError
    expect(refusal).toBeInstanceOf(InvalidTokenError)
    expect(refusal.cause).toBe(expired)
    expect(refusal.message).not.toMatch(/["\\]|[^\x20-\x7e]/) // it stands in a challenge as it is
    expect(await refusalOf(new TokenError('SCOPE_MISSING', 'none'))).toBeInstanceOf(InsufficientScopeError)
    expect(await refusalOf(new TokenError('TOKEN_MALFORMED', 'none'), 'a b')).toBeInstanceOf(InvalidRequestError)
  })

  it('leaves what is no token’s fault as it is', async () => {
    const outage = new KeysError('KEYS_UNAVAILABLE', 'down', { retryAfterSec: 7 })
    expect(await refusalOf(outage)).toBe(outage)
    const fault = new TypeError('a hint threw')
    expect(await refusalOf(fault)).toBe(fault)
  })

  it('says nothing of a client that the token does not name', async () => {
    const token = { scopes: [], claims: {}, expiresAt: 1, provider: 'acme', issuer: 'x' } as unknown as VerifiedToken
    const verifier = tokenVerifier({ verify: async () => token }, { resource: 'https://api.example.com' })
    const authInfo = await verifier.verifyAccessToken('a.b.c')
    expect([authInfo.clientId, authInfo.resource?.href]).toEqual(['', 'https://api.example.com/'])
  })
})
