import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { keyPairs, withKeyPairs } from './key-pairs.ts'
import { type OneLoginStandIn, type OneLoginStandInOptions, startOneLogin } from './onelogin.ts'

const SIGNING_KEYS = 'https://acme.onelogin.com/oidc/2/signing_keys'
const pairs = keyPairs()
let standIn: OneLoginStandIn
afterEach(() => standIn?.close())

async function start(options?: OneLoginStandInOptions): Promise<OneLoginStandIn> {
  standIn = await withKeyPairs(pairs, () => startOneLogin(options))
  return standIn
}

function askForToken(authorization?: string, body = '{"grant_type":"client_credentials"}'): Promise<Response> {
  const { apiClientId, apiClientSecret, region, fetch } = standIn
  return fetch(`https://api.${region}.onelogin.com/auth/oauth2/v2/token`, {
    method: 'POST',
    headers: {
      authorization: authorization ?? `client_id:${apiClientId}, client_secret:${apiClientSecret}`,
      'content-type': 'application/json',
    },
    body,
  })
}

async function apiToken(): Promise<string> {
  return ((await (await askForToken()).json()) as { access_token: string }).access_token
}

async function signingKeys(token: string): Promise<number> {
  return (await standIn.fetch(SIGNING_KEYS, { headers: { authorization: `bearer ${token}` } })).status
}

describe('startOneLogin', () => {
  it('publishes certs without alg that verify its tokens', async () => {
    await start()
    const url = 'https://acme.onelogin.com/oidc/2/certs'
    const { keys } = (await (await standIn.fetch(url)).json()) as { keys: object[] }
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['e', 'kid', 'kty', 'n', 'use'])
    const set = createRemoteJWKSet(new URL(url), { [customFetch]: standIn.fetch })
    await jwtVerify(await standIn.issueToken(), set, { issuer: standIn.issuer, audience: standIn.audience })
    expect(decodeJwt(await standIn.issueToken({}, { kind: 'id' })).aud).toBe(standIn.clientId)
  })

  it('shows administrators a bare array with the state of each key', async () => {
    await start()
    const [old] = standIn.kids
    const kid = await standIn.rotate()
    const headers = { authorization: `bearer ${await apiToken()}` }
    const all = await (await standIn.fetch(SIGNING_KEYS, { headers })).json()
    expect(all).toMatchObject([
      { kid: old, status: 'draining' },
      { kid, status: 'active' },
    ])
    const one = await (await standIn.fetch(`${SIGNING_KEYS}/${kid}`, { headers })).json()
    expect(one).toMatchObject({ kid, status: 'active' })
  })

  it('takes both forms of credentials, and no others', async () => {
    await start({ region: 'eu', apiClientId: 'id', apiClientSecret: 'secret' })
    const forms = [
      undefined,
      `Basic ${btoa('id:secret')}`,
      `Basic ${btoa('id:other')}`,
      'client_id:id, client_secret:x',
    ]
    const statuses = await Promise.all(forms.map(async (form) => (await askForToken(form)).status))
    expect(statuses).toEqual([200, 200, 401, 401])
  })

  it.each([['{}'], ['grant_type=client_credentials'], ['null']])('answers 400 to the body %s', async (body) => {
    await start()
    expect((await askForToken(undefined, body)).status).toBe(400)
  })

  it('gives the same token until it ends', async () => {
    await start({ apiTokenLifetimeSec: 1 })
    const [first, second] = [await apiToken(), await apiToken()]
    expect(second).toBe(first)
    expect(await signingKeys(first)).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 1020))
    expect(await signingKeys(first)).toBe(401)
    expect(await apiToken()).not.toBe(first)
    expect(standIn.secrets).toContain(first)
  })

  it('gives another token once it is revoked', async () => {
    await start()
    const token = await apiToken()
    standIn.revokeTokens()
    expect(await signingKeys(token)).toBe(401)
    expect(await signingKeys(await apiToken())).toBe(200)
  })
})
