import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { keyPairs, withKeyPairs } from './key-pairs.ts'
import { type SuperTokensStandIn, type SuperTokensStandInOptions, startSuperTokens } from './supertokens.ts'

const pairs = keyPairs()
let standIn: SuperTokensStandIn
afterEach(() => standIn?.close())

async function start(options?: SuperTokensStandInOptions): Promise<SuperTokensStandIn> {
  standIn = await withKeyPairs(pairs, () => startSuperTokens(options))
  return standIn
}

describe('startSuperTokens', () => {
  it.each([
    [{}, 'https://api.acme.example/auth'],
    [{ apiGatewayPath: '/gateway', apiBasePath: '/login' }, 'https://api.acme.example/gateway/login'],
    [{ apiDomain: 'https://x.example', apiBasePath: '' }, 'https://x.example'],
  ])('%j: keys and metadata below the issuer', async (options, issuer) => {
    await start(options)
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwt/jwks.json`), { [customFetch]: standIn.fetch })
    await jwtVerify(await standIn.issueToken(), keys, { issuer })
    const metadata = await standIn.fetch(`${issuer}/.well-known/openid-configuration`)
    expect(await metadata.json()).toMatchObject({ issuer, jwks_uri: `${issuer}/jwt/jwks.json` })
  })

  it('lives on localhost for development, without any fetch', async () => {
    await start({ apiDomain: 'http://localhost' })
    expect(standIn.apiDomain).toBe(standIn.url.replace('127.0.0.1', 'localhost'))
    const response = await fetch(`${standIn.issuer}/jwt/jwks.json`)
    expect(response.headers.get('cache-control')).toBe('max-age=60, must-revalidate')
    expect((await standIn.fetch(`${standIn.issuer}/jwt/jwks.json`)).status).toBe(200)
  })

  it('signs sessions with a dynamic key and OAuth tokens with the static one', async () => {
    await start({ tenantId: 't1' })
    const [session, access, id] = await Promise.all(
      (['session', 'oauth-access', 'oauth-id'] as const).map((kind) => standIn.issueToken({}, { kind })),
    )
    expect(decodeProtectedHeader(session ?? '')).toMatchObject({ version: '5', kid: expect.stringMatching(/^d-/) })
    expect(decodeProtectedHeader(access ?? '').kid).toMatch(/^s-/)
    expect(decodeJwt(session ?? '')).toMatchObject({ stt: 0, tId: 't1', sub: standIn.subject, rsub: standIn.subject })
    expect(decodeJwt(access ?? '')).toMatchObject({
      stt: 1,
      client_id: standIn.clientId,
      scp: ['openid', 'read:reports'],
    })
    expect(decodeJwt(id ?? '')).toMatchObject({ stt: 2, aud: [standIn.clientId] })
  })

  it('rotates the dynamic key alone', async () => {
    await start()
    const kid = await standIn.rotate()
    expect(kid).toMatch(/^d-/)
    expect(standIn.kids.map((one) => one.slice(0, 2)).sort()).toEqual(['d-', 'd-', 's-'])
  })

  it('refuses a path without a slash', async () => {
    await expect(startSuperTokens({ apiBasePath: 'auth' })).rejects.toThrow(/"apiBasePath".*"\/auth"/)
  })
})
