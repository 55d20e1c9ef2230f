import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type CognitoStandIn, type CognitoStandInOptions, startCognito } from './cognito.ts'
import { keyPairs, withKeyPairs } from './key-pairs.ts'

const pairs = keyPairs()
let standIn: CognitoStandIn
afterEach(() => standIn?.close())

async function start(options?: CognitoStandInOptions): Promise<CognitoStandIn> {
  standIn = await withKeyPairs(pairs, () => startCognito(options))
  return standIn
}

describe('startCognito', () => {
  it.each([
    ['original', 'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_X'],
    ['updated', 'https://issuer-cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_X'],
  ] as const)('signs for the %s issuer', async (issuerType, issuer) => {
    await start({ userPoolId: 'us-gov-west-1_X', issuerType })
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { [customFetch]: standIn.fetch })
    await jwtVerify(await standIn.issueToken(), keys, { issuer })
    expect(standIn.region).toBe('us-gov-west-1')
    expect(standIn.hosts).toHaveLength(2)
  })

  it('issues access tokens without aud, ID tokens with it, each signed by its own key', async () => {
    await start({ groups: ['admins'] })
    const [access, id] = [await standIn.issueToken(), await standIn.issueToken({}, { kind: 'id' })]
    expect(decodeJwt(access)).toMatchObject({
      token_use: 'access',
      client_id: standIn.clientId,
      scope: 'openid read:reports',
    })
    expect(decodeJwt(access)).not.toHaveProperty('aud')
    expect(decodeJwt(id)).toMatchObject({ token_use: 'id', aud: standIn.clientId, 'cognito:groups': ['admins'] })
    expect(decodeProtectedHeader(access).kid).not.toBe(decodeProtectedHeader(id).kid)
    expect(decodeProtectedHeader(access)).not.toHaveProperty('typ')
  })

  it('rotates both keys, or that of one kind', async () => {
    await start()
    const kid = await standIn.rotate({ kind: 'id' })
    expect(standIn.kids).toHaveLength(3)
    expect(decodeProtectedHeader(await standIn.issueToken({}, { kind: 'id' })).kid).toBe(kid)
    await standIn.rotate()
    expect(standIn.kids).toHaveLength(5)
  })

  it('refuses a pool id without a region', async () => {
    await expect(startCognito({ userPoolId: 'pool' })).rejects.toThrow(/"userPoolId".*"eu-central-1_/)
  })
})
