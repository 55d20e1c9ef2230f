import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { unchecked, type VerifiedToken } from '@keysource/core'
import { callerOf, describeHttpAuth, listen } from '@keysource/testing'
import express5, { type ErrorRequestHandler, type Request } from 'express'
import { describe, expect, it } from 'vitest'
import {
  type AuthInfo,
  AuthRefusal,
  type McpOptions,
  protectedResource,
  requireAuth,
  serveMetadata,
  withAuth,
} from './index.ts'

const express4: typeof express5 = createRequire(import.meta.url)('express4')

for (const [name, express] of Object.entries({ 'express 4': express4, 'express 5': express5 })) {
  describeHttpAuth({
    runner: { describe, it },
    name: `the guard of MCP servers in ${name}`,
    start(verifier, routes) {
      const app = express()
      for (const [path, { audience = 'https://api.example.com', ...options }] of routes) {
        const guard = requireAuth(verifier, { resource: audience, ...options })
        app.options(path, guard, (_req, res) => void res.status(204).end())
        app.all(path, guard, (req, res) => void res.json(callerOf(authOf(req)?.extra)))
      }
      return listen(createServer(app))
    },
  })
}

function authOf(req: Request): AuthInfo | undefined {
  return (req as { auth?: unknown }).auth as AuthInfo | undefined
}

const token = {
  provider: 'acme',
  issuer: 'https://id.acme.example',
  subject: 'ada',
  clientId: 'web',
  scopes: ['a'],
  expiresAt: 2_000_000_000,
  claims: { iss: 'https://id.acme.example', exp: 2_000_000_000 },
} as unknown as VerifiedToken
const headers = { authorization: 'Bearer a.b.c' }
const authorizationServers = ['https://id.acme.example']

describe('the resource', () => {
  async function seen(options: McpOptions): Promise<{ audience: unknown; authInfo: AuthInfo }> {
    let audience: unknown
    const verifier = {
      verify: async (_jwt: string, call?: { audience?: unknown }) => {
        audience = call?.audience
        return token
      },
    }
    const guarded = withAuth(verifier, (_request, authInfo) => Response.json(authInfo), options)
    const response = await guarded(new Request('https://api.example.com', { headers }))
    return { authInfo: (await response.json()) as AuthInfo, audience }
  }

  it('is asked for as it is written and as URLs are written, and told', async () => {
    const cases = {
      'https://api.example.com/mcp': ['https://api.example.com/mcp'],
      'https://api.example.com': ['https://api.example.com', 'https://api.example.com/'],
      'https://api.example.com/': ['https://api.example.com/', 'https://api.example.com'],
      'https://API.example.com/mcp': ['https://API.example.com/mcp', 'https://api.example.com/mcp'],
      'https://api.example.com/mcp/': ['https://api.example.com/mcp/'],
    }
    for (const [resource, asked] of Object.entries(cases)) {
      const { audience, authInfo } = await seen({ resource })
      expect(audience).toEqual(asked)
      expect(authInfo.resource).toBe(new URL(resource).href)
    }
  })

  it('stands in challenges, if its metadata was made', async () => {
    const resource = protectedResource({ resource: 'https://api.example.com/mcp', authorizationServers })
    const { audience, authInfo } = await seen({ resource })
    expect(audience).toEqual(['https://api.example.com/mcp'])
    expect(authInfo).toMatchObject({ resource: 'https://api.example.com/mcp', resourceMetadataUrl: resource.url })
  })

  it('is told only where it was asked for', async () => {
    const { audience, authInfo } = await seen({ resource: unchecked('tokens of acme have no aud') })
    expect(audience).toBeUndefined()
    expect(authInfo).not.toHaveProperty('resource')
    expect(authInfo).not.toHaveProperty('resourceMetadataUrl')
  })

  const wrong: readonly (readonly [options: object | undefined, names: RegExp])[] = [
    [undefined, /mcp: option "resource"/],
    [{}, /mcp: option "resource": expected the https URL of this server/],
    [{ resource: 'api.example.com' }, /"resource"/],
    [{ resource: 'http://api.example.com' }, /"resource"/],
    [{ resource: 'https://api.example.com#mcp' }, /"resource"/],
    [{ resource: {} }, /"resource"/],
    [{ resource: null }, /"resource"/],
    [{ resource: 'https://api.example.com', audience: 'x' }, /unknown option "audience"/],
    [{ resource: 'https://api.example.com', scopes: 'a b' }, /"scopes"/],
  ]
  it.each(wrong)('refuses %o', (options, names) => {
    expect(() => requireAuth({ verify: async () => token }, options as never)).toThrow(names)
  })
})

describe('requireAuth', () => {
  it('hands refusals, and faults of the program, to next', async () => {
    const app = express5()
    const resource = 'https://api.example.com/mcp'
    const broken = { verify: () => Promise.reject(new TypeError('broken')) }
    app.get('/', requireAuth(broken, { resource, passErrors: true }), (_req, res) => void res.send(''))
    app.use(((error, _req, res, _next) => {
      res.status(error.status ?? 500).send(error instanceof AuthRefusal ? 'refused' : error.message)
    }) satisfies ErrorRequestHandler)
    const { url, close } = await listen(createServer(app))
    const refused = await fetch(url)
    expect([refused.status, await refused.text()]).toEqual([401, 'refused'])
    const fault = await fetch(url, { headers })
    expect([fault.status, await fault.text()]).toEqual([500, 'broken'])
    await close()
  })
})

describe('serveMetadata', () => {
  it('answers at its two paths, and passes on the rest', async () => {
    const resource = protectedResource({ resource: 'https://api.example.com/mcp', authorizationServers })
    const app = express5()
    app.use('/.well-known', serveMetadata(resource))
    app.use((_req, res) => void res.status(404).send('passed on'))
    const { url, close } = await listen(createServer(app))
    for (const path of resource.paths) {
      const response = await fetch(`${url}${path}?x=1`)
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect([response.status, await response.json()]).toEqual([200, resource.metadata])
      expect((await fetch(url + path, { method: 'POST' })).status).toBe(404)
      const head = await fetch(url + path, { method: 'HEAD' })
      expect([head.status, await head.text()]).toEqual([200, ''])
    }
    expect(await (await fetch(`${url}/.well-known/oauth-protected-resource/other`)).text()).toBe('passed on')
    await close()
  })
})

describe('withAuth', () => {
  const verifier = { verify: async () => token }
  const resource = 'https://api.example.com'

  it('lets an anonymous request through if it may', async () => {
    const open = withAuth(verifier, (_request, authInfo) => Response.json(authInfo?.extra.subject ?? 'nobody'), {
      resource,
      optional: true,
    })
    expect(await (await open(new Request(resource, { headers }))).json()).toBe('ada')
    expect(await (await open(new Request(resource))).json()).toBe('nobody')
  })

  it('answers a preflight, which brings no token, in place of the handler', async () => {
    const guarded = withAuth(verifier, (_request, authInfo) => Response.json(authInfo.extra), { resource })
    const asking = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
    expect((await guarded(new Request(resource, { method: 'OPTIONS', headers: asking }))).status).toBe(204)
  })
})
