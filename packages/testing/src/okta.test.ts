import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { keyPairs, withKeyPairs } from './key-pairs.ts'
import { type OktaStandIn, type OktaStandInOptions, startOkta } from './okta.ts'

const pairs = keyPairs()
let standIn: OktaStandIn
afterEach(() => standIn?.close())

async function start(options?: OktaStandInOptions): Promise<OktaStandIn> {
  standIn = await withKeyPairs(pairs, () => startOkta(options))
  return standIn
}

describe('startOkta', () => {
  it.each([
    [{}, 'https://acme.okta.com/oauth2/default', 'https://acme.okta.com/oauth2/default/v1/keys'],
    [{ authorizationServer: 'aus1' }, 'https://acme.okta.com/oauth2/aus1', 'https://acme.okta.com/oauth2/aus1/v1/keys'],
    [{ authorizationServer: 'org' }, 'https://acme.okta.com', 'https://acme.okta.com/oauth2/v1/keys'],
  ])('%j: issuer and keys where Okta has them', async (options, issuer, keysUrl) => {
    await start(options)
    const keys = createRemoteJWKSet(new URL(keysUrl), { [customFetch]: standIn.fetch })
    const jwt = await standIn.issueToken({}, { kind: 'id' })
    await jwtVerify(jwt, keys, { issuer, audience: standIn.clientId })
    const metadata = await standIn.fetch(`${issuer}/.well-known/openid-configuration`)
    expect(await metadata.json()).toMatchObject({ issuer, jwks_uri: keysUrl })
  })

  it('has the OAuth document of a custom server in both forms', async () => {
    await start()
    const forms = [
      '/.well-known/oauth-authorization-server/oauth2/default',
      '/oauth2/default/.well-known/oauth-authorization-server',
    ]
    const statuses = forms.map(async (path) => (await standIn.fetch(`https://acme.okta.com${path}`)).status)
    expect(await Promise.all(statuses)).toEqual([200, 200])
  })

  it('says how long its keys last, as Okta does', async () => {
    await start()
    const { headers } = await standIn.fetch(`${standIn.issuer}/v1/keys`)
    expect(headers.get('cache-control')).toBe('max-age=3832304, must-revalidate')
  })

  it('issues access tokens with cid, uid and scp', async () => {
    await start({ scopes: ['a', 'b'] })
    const jwt = await standIn.issueToken()
    expect(decodeJwt(jwt)).toMatchObject({
      aud: 'api://default',
      cid: standIn.clientId,
      uid: standIn.userId,
      scp: ['a', 'b'],
      sub: standIn.subject,
    })
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'RS256', kid: standIn.kids[0] })
  })

  it('signs the org server’s access tokens with a key of its own', async () => {
    await start({ authorizationServer: 'org' })
    const jwt = await standIn.issueToken()
    expect(decodeJwt(jwt).aud).toBe('https://acme.okta.com')
    expect(standIn.kids).not.toContain(decodeProtectedHeader(jwt).kid)
  })

  it('refuses an unknown option', async () => {
    await expect(startOkta({ server: 'x' } as OktaStandInOptions)).rejects.toThrow(/unknown option "server"/)
  })
})
