import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, type VerifiedToken, type Verifier } from '@keysource/core'
import { type ProtectedResource, protectedResource } from '@keysource/http'
import { oidc } from '@keysource/oidc'
import { type OidcStandIn, startOidc } from '@keysource/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** What a server under test is made of. */
export interface Given {
  readonly verifier: Verifier<VerifiedToken>
  /** Of this very server, on loopback. */
  readonly resource: ProtectedResource
}

/** What is used of an official client, once it is connected. */
export interface ConnectedClient {
  listTools(): Promise<{ tools: readonly { name: string }[] }>
  callTool(call: { name: string }): Promise<unknown>
  close(): Promise<void>
}

/** A server on the official SDK, with the tool `whoami`, which answers with its `AuthInfo` as JSON. */
export interface McpServerSuite {
  readonly name: string
  /** Guards `/mcp` of the requests that come to it with a token and, if `scope` is given, this scope. */
  readonly start: (given: Given & { readonly scope: string }) => RequestListener
  readonly connect: (url: URL, options: { fetch: typeof fetch; requestInit: RequestInit }) => Promise<ConnectedClient>
  /** What the guard answers while the provider is down: the SDK's own have no 503. */
  readonly outage: 503 | 500
  /** The challenge without a token: the SDK's own name an error where RFC 6750 section 3.1 has none. */
  readonly anonymous: RegExp
}

const NEEDED = 'read:reports'

/** One server of each kind, asked by the official client over streamable HTTP. */
export function describeMcpServer({ name, start, connect, outage, anonymous }: McpServerSuite): void {
  describe(name, () => {
    let acme: OidcStandIn
    let down: OidcStandIn
    let origin: string
    let given: Given
    const server = createServer()

    beforeAll(async () => {
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const audience = `${origin}/mcp`
      ;[acme, down] = await Promise.all([startOidc({ audience }), startOidc({ audience })])
      down.fail('503', { retryAfterSec: 30 })
      // Two audiences, as a provider of several APIs has them: the token for the other one is good, but not for this server.
      const audiences = [audience, 'https://api.example.com']
      const providers = [
        oidc({ issuer: acme.issuer, audience: audiences }),
        oidc({ name: 'down', issuer: down.issuer, audience }),
      ]
      const verifier = createVerifier({ providers })
      const resource = protectedResource({ resource: audience, authorizationServers: [acme.issuer], scopes: [NEEDED] })
      given = { verifier, resource }
      server.on('request', start({ ...given, scope: NEEDED }))
    })
    afterAll(async () => {
      given.verifier.close()
      server.closeAllConnections()
      await Promise.all([new Promise((resolve) => server.close(resolve)), acme.close(), down.close()])
    })

    /** The last answer that the client got, and what it made of it. */
    async function ask<Result>(
      token: string | undefined,
      work: (client: ConnectedClient) => Promise<Result>,
    ): Promise<{ answer: Response; result?: Result; error?: unknown }> {
      let answer = new Response()
      const watching: typeof fetch = async (input, init) => {
        answer = await fetch(input, init)
        return answer
      }
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      try {
        const client = await connect(new URL(`${origin}/mcp`), { fetch: watching, requestInit: { headers } })
        const result = await work(client)
        await client.close()
        return { answer, result }
      } catch (error) {
        return { answer, error }
      }
    }
    const refusalOf = async (token?: string): Promise<readonly [number, string | null]> => {
      const { answer, error } = await ask(token, (client) => client.listTools())
      expect(error).toBeInstanceOf(Error)
      return [answer.status, answer.headers.get('www-authenticate')]
    }

    test('lists its tools, and a tool sees who calls', async () => {
      const jwt = await acme.issueToken({ sub: 'ada', client_id: 'claude' })
      const { result, error } = await ask(jwt, async (client) => {
        const { tools } = await client.listTools()
        const answer = (await client.callTool({ name: 'whoami' })) as { content: { text: string }[] }
        return { tools: tools.map((tool) => tool.name), authInfo: JSON.parse(answer.content[0]?.text ?? '') }
      })
      expect(error).toBeUndefined()
      expect(result).toMatchObject({
        tools: ['whoami'],
        authInfo: {
          token: jwt,
          clientId: 'claude',
          scopes: expect.arrayContaining([NEEDED]),
          expiresAt: expect.any(Number),
          resource: `${origin}/mcp`,
          extra: { provider: 'oidc', subject: 'ada', issuer: acme.issuer },
        },
      })
    })

    test('without a token the challenge leads to the metadata', async () => {
      const [status, challenge] = await refusalOf()
      expect(status).toBe(401)
      expect(challenge).toMatch(anonymous)
      const [, url = ''] = /resource_metadata="([^"]+)"/.exec(challenge ?? '') ?? []
      expect(url).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`)
      for (const place of [url, `${origin}/.well-known/oauth-protected-resource`]) {
        const response = await fetch(place)
        expect([response.status, await response.json()]).toEqual([200, given.resource.metadata])
      }
    })

    const refused: readonly (readonly [what: string, token: () => Promise<string>])[] = [
      ['an expired token', () => acme.issueToken({}, { expiresInSec: -60 })],
      ['a forged token', () => acme.forgeToken()],
      ['a token of the same issuer for another API', () => acme.issueToken({ aud: 'https://api.example.com' })],
      ['a token bound to a key, sent as a bearer', () => acme.issueToken({ cnf: { jkt: 'thumbprint' } })],
    ]
    test.each(refused)('refuses %s', async (_what, token) => {
      const [status, challenge] = await refusalOf(await token())
      expect(status).toBe(401)
      expect(challenge).toMatch(/^Bearer error="invalid_token".*, resource_metadata="http[^"]+"$/)
    })

    test('without the scope it is 403, with the scope that is needed', async () => {
      const [status, challenge] = await refusalOf(await acme.issueToken({ scope: 'openid' }))
      expect(status).toBe(403)
      expect(challenge).toMatch(/^Bearer error="insufficient_scope".*, scope="read:reports", resource_metadata="http/)
    })

    test(`an outage of the provider is ${outage}, and no token’s fault`, async () => {
      const { answer } = await ask(await down.issueToken(), (client) => client.listTools())
      expect(answer.status).toBe(outage)
      expect(answer.headers.get('www-authenticate')).toBeNull()
      if (outage === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    })
  })
}

/** The challenge of a request without credentials, by `@keysource/http`: RFC 6750 section 3.1 has no error for it. */
export const BARE: RegExp = /^Bearer resource_metadata="http[^"]+"$/
/** The same by the SDK. */
export const SDK_OWN: RegExp =
  /^Bearer error="invalid_token", error_description="[^"]+", scope="[^"]+", resource_metadata="http[^"]+"$/

/** How a server guards itself with the SDK's own `requireBearerAuth`, which is the same in both majors. */
export function bearerAuthOptions<Verifying>(
  { verifier, resource: { metadata, url }, scope }: Given & { readonly scope: string },
  tokenVerifier: (verifier: Verifier<VerifiedToken>, options: { readonly resource: string }) => Verifying,
): { verifier: Verifying; requiredScopes: string[]; resourceMetadataUrl: string; expectedResource: URL } {
  return {
    verifier: tokenVerifier(verifier, { resource: metadata.resource }),
    requiredScopes: [scope],
    resourceMetadataUrl: url,
    expectedResource: new URL(metadata.resource),
  }
}

/** What `tokenVerifier` of either SDK makes of a verifier's error. */
export function refusalBy(
  tokenVerifier: (
    verifier: { verify(): Promise<never> },
    options: { readonly resource: string },
  ) => { verifyAccessToken(jwt: string): Promise<unknown> },
): (error: unknown, jwt?: string) => Promise<unknown> {
  return (error, jwt = 'a.b.c') =>
    tokenVerifier({ verify: () => Promise.reject(error) }, { resource: 'https://api.example.com/mcp' })
      .verifyAccessToken(jwt)
      .then(
        () => undefined,
        (thrown) => thrown,
      )
}
