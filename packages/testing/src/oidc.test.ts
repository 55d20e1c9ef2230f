import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type OidcStandIn, type OidcStandInOptions, startOidc } from './oidc.ts'

let standIn: OidcStandIn
afterEach(() => standIn?.close())

async function start(options: OidcStandInOptions = {}): Promise<OidcStandIn> {
  standIn = await startOidc({ alg: 'ES256', ...options })
  return standIn
}

async function status(url: string): Promise<number> {
  return (await standIn.fetch(url)).status
}

const OPENID = 'https://id.acme.example/realms/main/.well-known/openid-configuration'
const OAUTH = 'https://id.acme.example/.well-known/oauth-authorization-server/realms/main'

describe('startOidc', () => {
  it.each([
    ['openid', [200, 404]],
    ['oauth', [404, 200]],
    ['both', [200, 200]],
  ] as const)('metadata %s: appended, inserted', async (metadata, expected) => {
    await start({ issuer: 'https://id.acme.example/realms/main', metadata })
    expect([await status(OPENID), await status(OAUTH)]).toEqual(expected)
  })

  it('is its own issuer by default', async () => {
    await start()
    expect(standIn.issuer).toBe(standIn.url)
    const metadata = await (await fetch(`${standIn.url}/.well-known/openid-configuration`)).json()
    expect(metadata).toMatchObject({ issuer: standIn.url, jwks_uri: `${standIn.url}/jwks` })
  })

  it('moves its keys, also to another host', async () => {
    await start({ issuer: 'https://id.acme.example' })
    for (const place of ['/moved', 'https://keys.acme.example/v2']) {
      const before = standIn.jwksUrl
      standIn.moveKeys(place)
      expect(standIn.jwksUrl).toBe(new URL(place, before).href)
      expect(await status(standIn.jwksUrl)).toBe(200)
      const metadata = await standIn.fetch('https://id.acme.example/.well-known/openid-configuration')
      expect(await metadata.json()).toMatchObject({ jwks_uri: standIn.jwksUrl })
    }
    expect(await status('https://id.acme.example/moved')).toBe(404)
    expect(standIn.hosts).toEqual(['keys.acme.example', 'id.acme.example'])
  })

  it('amends its metadata', async () => {
    await start({ issuer: 'https://id.acme.example' })
    standIn.amendMetadata({ issuer: 'https://other.example', jwks_uri: undefined })
    const metadata = await (await standIn.fetch('https://id.acme.example/.well-known/openid-configuration')).json()
    expect(metadata).toMatchObject({ issuer: 'https://other.example' })
    expect(metadata).not.toHaveProperty('jwks_uri')
  })

  it('issues access tokens of RFC 9068 and ID tokens', async () => {
    await start({ scopes: ['a', 'b'] })
    const [access, id] = [await standIn.issueToken(), await standIn.issueToken({}, { kind: 'id' })]
    expect(decodeProtectedHeader(access).typ).toBe('at+jwt')
    expect(decodeJwt(access)).toMatchObject({ aud: standIn.audience, client_id: standIn.clientId, scope: 'a b' })
    expect(decodeJwt(id)).toMatchObject({ aud: standIn.clientId, sub: standIn.subject })
  })

  it('refuses an algorithm that it cannot sign with', async () => {
    await expect(startOidc({ alg: 'HS256' as 'RS256' })).rejects.toThrow(/"alg".*asymmetric/)
  })
})
