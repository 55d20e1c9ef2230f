import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { type ClerkStandIn, type ClerkStandInOptions, startClerk } from './clerk.ts'
import { keyPairs, withKeyPairs } from './key-pairs.ts'
import { routeFetch } from './route-fetch.ts'

const BACKEND = 'https://api.clerk.com/v1/jwks'
const pairs = keyPairs()
let standIn: ClerkStandIn
afterEach(() => standIn?.close())

async function start(options?: ClerkStandInOptions): Promise<ClerkStandIn> {
  standIn = await withKeyPairs(pairs, () => startClerk(options))
  return standIn
}

describe('startClerk', () => {
  it('verifies in all three ways', async () => {
    await start()
    const jwt = await standIn.issueToken()
    const { fetch, frontendApi, secretKey, issuer } = standIn
    const frontend = createRemoteJWKSet(new URL(`https://${frontendApi}/.well-known/jwks.json`), {
      [customFetch]: fetch,
    })
    const headers = { authorization: `Bearer ${secretKey}` }
    const backend = createRemoteJWKSet(new URL(BACKEND), { [customFetch]: fetch, headers })
    await jwtVerify(jwt, frontend, { issuer })
    await jwtVerify(jwt, backend, { issuer })
    await jwtVerify(jwt, await importSPKI(standIn.jwtKey, 'RS256'), { issuer })
  })

  it.each([[undefined], ['Bearer sk_test_wrong'], ['Basic x']])('gives %s no backend keys', async (authorization) => {
    await start()
    const response = await standIn.fetch(BACKEND, authorization ? { headers: { authorization } } : {})
    expect(response.status).toBe(401)
  })

  it('has a publishable key that names its Frontend API', async () => {
    await start({ frontendApi: 'clerk.acme.example' })
    const [, , encoded = ''] = standIn.publishableKey.split('_')
    expect(Buffer.from(encoded, 'base64').toString()).toBe('clerk.acme.example$')
  })

  it('has another PEM key after a rotation', async () => {
    await start()
    const before = standIn.jwtKey
    await standIn.rotate()
    expect(standIn.jwtKey).not.toBe(before)
    await jwtVerify(await standIn.issueToken(), await importSPKI(standIn.jwtKey, 'RS256'))
  })

  it('marks the category of its tokens', async () => {
    await start({ organization: { id: 'org_1', slug: 'acme', role: 'admin' } })
    const [session, m2m, oauth] = await Promise.all(
      (['session', 'm2m', 'oauth'] as const).map((kind) => standIn.issueToken({}, { kind })),
    )
    expect(decodeProtectedHeader(session ?? '')).toMatchObject({ cat: 'cl_B7d4PD111AAA', typ: 'JWT' })
    expect(decodeJwt(session ?? '')).toMatchObject({
      azp: 'https://app.example.com',
      sts: 'active',
      v: 2,
      o: { id: 'org_1', slg: 'acme', rol: 'admin' },
    })
    expect(decodeProtectedHeader(m2m ?? '').cat).toBe('cl_B7d4PD333AAA')
    expect(decodeJwt(m2m ?? '')).toMatchObject({ sub: standIn.machineId, scopes: 'openid read:reports' })
    expect(decodeProtectedHeader(oauth ?? '').typ).toBe('at+jwt')
  })

  it('tells its secrets to a test that looks for leaks', async () => {
    await start({ secretKey: 'sk_test_abc' })
    expect(standIn.secrets).toEqual(['sk_test_abc'])
  })

  it('is chosen by its secret key among instances that share the Backend API', async () => {
    const first = await start()
    const second = await withKeyPairs(pairs, () => startClerk({ frontendApi: 'other.clerk.accounts.dev' }))
    await routeFetch(first, second)(BACKEND, { headers: { authorization: `Bearer ${second.secretKey}` } })
    expect([first.requests.length, second.requests.length]).toEqual([0, 1])
    await second.close()
  })
})
