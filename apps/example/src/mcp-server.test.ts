import { once } from 'node:events'
import {
  type CallToolResult,
  Client,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ExampleProcess, PROVIDERS, startExample, WITHOUT_SCOPES } from '../test/example-process.ts'

// The example as `npm run start:mcp` runs it, asked by the official client.
let server: ExampleProcess['server']
let origin: string
let demoToken: ExampleProcess['demoToken']

beforeAll(async () => {
  ;({ server, origin, demoToken } = await startExample('mcp-server.ts'))
}, 60_000)

afterAll(() => void server.kill('SIGKILL'))

/** A client, and the last answer that it got. */
async function connect(token?: string): Promise<{ client: Client; last: () => Response }> {
  let last = new Response()
  const requestInit = { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }
  const watching = async (input: string | URL, init?: RequestInit): Promise<Response> => {
    last = await fetch(input, init)
    return last
  }
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { fetch: watching, requestInit }))
  return { client, last: () => last }
}

function said({ content: [first] }: CallToolResult): unknown {
  return JSON.parse(first?.type === 'text' ? first.text : '')
}

describe.each(PROVIDERS)('a token of %s', (provider) => {
  test('calls whoami, and reports if it has the scope', async () => {
    const { client, last } = await connect(await demoToken(provider))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['whoami', 'reports'])
    const caller = said(await client.callTool({ name: 'whoami' })) as { subject: string }
    expect(caller).toMatchObject({ provider, issuer: expect.any(String), subject: expect.any(String) })
    expect(caller).not.toHaveProperty('claims')
    if (WITHOUT_SCOPES.includes(provider)) {
      await expect(client.callTool({ name: 'reports' })).rejects.toThrow()
      expect(last().status).toBe(403)
      expect(extractWWWAuthenticateParams(last())).toMatchObject({ error: 'insufficient_scope', scope: 'read:reports' })
    } else {
      expect(said(await client.callTool({ name: 'reports' }))).toMatchObject({ reports: [{ for: caller.subject }] })
    }
    await client.close()
  })
})

test('without a token no tool is reached, and the challenge leads to the issuers', async () => {
  await expect(connect()).rejects.toThrow()
  const response = await fetch(`${origin}/mcp`, { method: 'POST' })
  expect(response.status).toBe(401)
  const { resourceMetadataUrl, error } = extractWWWAuthenticateParams(response)
  expect(error).toBeUndefined()
  const metadata = await discoverOAuthProtectedResourceMetadata(`${origin}/mcp`, {
    ...(resourceMetadataUrl && { resourceMetadataUrl }),
  })
  expect(metadata).toMatchObject({ resource: `${origin}/mcp`, scopes_supported: ['read:reports'] })
  expect(metadata.authorization_servers).toContain('https://id.acme.example')
})

test('a forged token is refused', async () => {
  const token = await demoToken('oidc')
  const end = token.endsWith('AAAA') ? 'AAAQ' : 'AAAA'
  await expect(connect(token.slice(0, -4) + end)).rejects.toThrow()
})

test('on SIGTERM it ends by itself', async () => {
  server.kill('SIGTERM')
  const [code] = await once(server, 'exit')
  expect(code).toBe(0)
})
