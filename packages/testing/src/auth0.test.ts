import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type Auth0StandIn, type Auth0StandInOptions, startAuth0 } from './auth0.ts'
import { keyPairs, withKeyPairs } from './key-pairs.ts'

const pairs = keyPairs()
let standIn: Auth0StandIn
afterEach(() => standIn?.close())

async function start(options?: Auth0StandInOptions): Promise<Auth0StandIn> {
  standIn = await withKeyPairs(pairs, () => startAuth0(options))
  return standIn
}

describe('startAuth0', () => {
  it('issues tokens that the keys of its domain verify', async () => {
    await start()
    const keys = createRemoteJWKSet(new URL('https://acme.eu.auth0.com/.well-known/jwks.json'), {
      [customFetch]: standIn.fetch,
    })
    const { protectedHeader } = await jwtVerify(await standIn.issueToken(), keys, {
      issuer: 'https://acme.eu.auth0.com/',
      audience: 'https://api.example.com',
    })
    expect(protectedHeader.typ).toBe('JWT')
  })

  it('publishes the next key before it signs', async () => {
    await start()
    const [current, next] = standIn.kids
    expect(decodeProtectedHeader(await standIn.issueToken()).kid).toBe(current)
    expect(await standIn.rotate()).toBe(next)
    expect(standIn.kids).toHaveLength(3)
  })

  it('has two profiles of access tokens', async () => {
    await start({ permissions: ['read:all'], organization: 'org_1' })
    const usual = decodeJwt(await standIn.issueToken())
    expect(usual).toMatchObject({ azp: standIn.clientId, permissions: ['read:all'], org_id: 'org_1' })
    expect(usual.aud).toEqual(['https://api.example.com', 'https://acme.eu.auth0.com/userinfo'])
    await standIn.close()
    const jwt = await (await start({ profile: 'rfc9068', scopes: ['read:reports'] })).issueToken()
    expect(decodeProtectedHeader(jwt).typ).toBe('at+jwt')
    expect(decodeJwt(jwt)).toMatchObject({ client_id: standIn.clientId, aud: 'https://api.example.com' })
    expect(decodeJwt(jwt)).not.toHaveProperty('azp')
  })

  it('issues ID tokens for its client', async () => {
    await start()
    expect(decodeJwt(await standIn.issueToken({}, { kind: 'id' })).aud).toBe(standIn.clientId)
  })

  it('serves keys and metadata at custom domains too', async () => {
    await start({ customDomains: ['login.acme.example'] })
    expect(standIn.hosts).toEqual(['acme.eu.auth0.com', 'login.acme.example'])
    const response = await standIn.fetch('https://login.acme.example/.well-known/openid-configuration')
    expect(await response.json()).toMatchObject({
      issuer: 'https://login.acme.example/',
      jwks_uri: 'https://login.acme.example/.well-known/jwks.json',
    })
  })

  it.each([
    [{ domain: 'https://acme.eu.auth0.com/' }, /"domain".*write "acme\.eu\.auth0\.com"/],
    [{ tenant: 'acme' }, /unknown option "tenant"/],
    [{ profile: 'v2' }, /"profile"/],
  ])('refuses %j', async (options, message) => {
    await expect(startAuth0(options as Auth0StandInOptions)).rejects.toThrow(message)
  })
})
