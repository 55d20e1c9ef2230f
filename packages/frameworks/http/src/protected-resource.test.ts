import { describe, expect, test } from 'vitest'
import { protectedResource } from './index.ts'

const authorizationServers = ['https://acme.eu.auth0.com/']

describe('protectedResource', () => {
  test('is found at the path that RFC 9728 section 3.1 makes of the resource', () => {
    const urls = ['https://api.example.com', 'https://api.example.com/mcp', 'https://api.example.com/a/b?c=d'].map(
      (resource) => protectedResource({ resource, authorizationServers }).url,
    )
    expect(urls).toEqual([
      'https://api.example.com/.well-known/oauth-protected-resource',
      'https://api.example.com/.well-known/oauth-protected-resource/mcp',
      'https://api.example.com/.well-known/oauth-protected-resource/a/b?c=d',
    ])
  })

  test('answers at its own path and at the root, and nowhere else', async () => {
    const resource = protectedResource({
      resource: 'https://api.example.com/mcp',
      authorizationServers,
      scopes: ['read:reports'],
      name: 'Reports',
      documentation: 'https://docs.example.com',
    })
    const ask = (path: string, method = 'GET'): Response | undefined =>
      resource.respond(new Request(`http://127.0.0.1:8080${path}`, { method }))
    for (const path of resource.paths) {
      const response = ask(path)
      expect(response?.headers.get('content-type')).toMatch(/^application\/json/)
      expect(await response?.json()).toEqual({
        resource: 'https://api.example.com/mcp',
        authorization_servers: authorizationServers,
        bearer_methods_supported: ['header'],
        scopes_supported: ['read:reports'],
        resource_name: 'Reports',
        resource_documentation: 'https://docs.example.com',
      })
    }
    expect(resource.paths).toHaveLength(2)
    expect(ask('/.well-known/oauth-protected-resource/other')).toBeUndefined()
    expect(ask('/mcp')).toBeUndefined()
    expect(ask('/.well-known/oauth-protected-resource/mcp', 'POST')).toBeUndefined()
  })

  test('may be asked for by a page of any origin, also with a header of its own', () => {
    const resource = protectedResource({ resource: 'https://api.example.com', authorizationServers })
    const preflight = resource.respond({ method: 'OPTIONS', url: resource.url })
    expect([preflight?.status, preflight?.headers.get('access-control-allow-headers')]).toEqual([204, '*'])
    expect(resource.respond({ method: 'GET', url: resource.url })?.headers.get('access-control-allow-origin')).toBe('*')
  })

  const wrong: readonly (readonly [name: string, options: object, names: RegExp])[] = [
    ['no resource', { authorizationServers }, /"resource"/],
    ['a resource without a scheme', { resource: 'api.example.com', authorizationServers }, /"resource".*https/],
    ['no issuer', { resource: 'https://api.example.com', authorizationServers: [] }, /"authorizationServers"/],
    [
      'an issuer that is plain http',
      { resource: 'https://a.example', authorizationServers: ['http://b.example'] },
      /"authorizationServers"/,
    ],
    [
      'an unknown option',
      { resource: 'https://a.example', authorizationServers, scope: 'a' },
      /unknown option "scope"/,
    ],
  ]
  test.each(wrong)('refuses %s', (_name, options, names) => {
    expect(() => protectedResource(options as never)).toThrow(names)
  })
})
