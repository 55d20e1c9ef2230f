import { createPublicKey } from 'node:crypto'
import { ConfigError } from '@keysource/core'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { keyPairs, withKeyPairs } from './key-pairs.ts'
import { type OidcStandIn, type OidcStandInOptions, startOidc } from './oidc.ts'

const pairs = keyPairs()
const ISSUER = 'https://id.acme.example'
const JWKS = `${ISSUER}/jwks`
let standIn: OidcStandIn
afterEach(() => standIn.close())

async function start(options: OidcStandInOptions = { issuer: ISSUER }): Promise<OidcStandIn> {
  standIn = await withKeyPairs(pairs, () => startOidc(options))
  return standIn
}

async function published(): Promise<{ keys: Record<string, string>[] }> {
  return (await standIn.fetch(JWKS)).json() as Promise<{ keys: Record<string, string>[] }>
}

async function verifies(jwt: string): Promise<boolean> {
  const { keys } = await published()
  return jwtVerify(jwt, createLocalJWKSet({ keys } as never)).then(
    () => true,
    () => false,
  )
}

describe('tokens', () => {
  it('are verified by another library, over the network', async () => {
    await start()
    const jwt = await standIn.issueToken()
    const keys = createRemoteJWKSet(new URL(JWKS), { [customFetch]: standIn.fetch })
    const { payload } = await jwtVerify(jwt, keys, { issuer: ISSUER, audience: standIn.audience, typ: 'at+jwt' })
    expect(payload.sub).toBe(standIn.subject)
  })

  it.each(['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const)(
    'sign with %s',
    async (alg) => {
      await start({ issuer: ISSUER, alg })
      const jwt = await standIn.issueToken()
      expect(decodeProtectedHeader(jwt).alg).toBe(alg)
      expect((await published()).keys[0]?.alg).toBe(alg)
      expect(await verifies(jwt)).toBe(true)
    },
  )

  it('take claims over the usual ones, and leave out those that are undefined', async () => {
    await start()
    const claims = decodeJwt(await standIn.issueToken({ sub: 'ada', exp: undefined, extra: { deep: [1] } }))
    expect(claims).toMatchObject({ sub: 'ada', iss: ISSUER, extra: { deep: [1] } })
    expect(claims).not.toHaveProperty('exp')
  })

  it('take header members, an algorithm and a lifetime', async () => {
    await start()
    const jwt = await standIn.issueToken({}, { header: { kid: undefined, x: 1 }, alg: 'PS512', expiresInSec: 5 })
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'PS512', typ: 'at+jwt', x: 1 })
    const { iat = 0, exp = 0 } = decodeJwt(jwt)
    expect(exp - iat).toBe(5)
  })

  it('have an issue time before their end also where they have ended', async () => {
    await start()
    const { iat = 0, exp = 0 } = decodeJwt(await standIn.issueToken({}, { expiresInSec: -60 }))
    expect(exp).toBeLessThan(Date.now() / 1000)
    expect(exp - iat).toBe(3600)
  })

  it('carry a critical extension that nobody understands', async () => {
    await start()
    const jwt = await standIn.issueToken({}, { header: { crit: ['urn:x'], 'urn:x': true } })
    expect(decodeProtectedHeader(jwt).crit).toEqual(['urn:x'])
  })

  it('are signed by an older key on request, and never by one that is not there', async () => {
    await start()
    const [old = ''] = standIn.kids
    await standIn.rotate()
    expect(decodeProtectedHeader(await standIn.issueToken({}, { kid: old })).kid).toBe(old)
    await expect(standIn.issueToken({}, { kid: 'nobody' })).rejects.toThrow('never had a key "nobody"')
  })
})

describe('options of tokens', () => {
  it.each([
    [{ kind: 'session' }, /"kind": expected "access" or "id", got "session"/],
    [{ expiresIn: 5 }, /unknown option "expiresIn"/],
    [{ alg: 'none' }, /"alg"/],
  ])('%j is refused', async (options, message) => {
    await start()
    await expect(standIn.issueToken({}, options as never)).rejects.toThrow(message)
  })
})

describe('forged tokens', () => {
  it('name the right key and are signed by another one', async () => {
    await start()
    const [good, forged] = [await standIn.issueToken(), await standIn.forgeToken()]
    expect(decodeProtectedHeader(forged)).toEqual(decodeProtectedHeader(good))
    expect([await verifies(good), await verifies(forged)]).toEqual([true, false])
  })

  it('are unsigned, or have the public key as their secret', async () => {
    await start()
    expect(await standIn.forgeToken({}, { alg: 'none' })).toMatch(/^[\w-]+\.[\w-]+\.$/)
    const jwt = await standIn.forgeToken({}, { alg: 'HS256' })
    const { keys } = await published()
    const pem = createPublicKey({ key: keys[0] as never, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
    expect((await jwtVerify(jwt, new TextEncoder().encode(pem.toString()))).payload.iss).toBe(ISSUER)
  })
})

describe('keys', () => {
  it('rotate: the new one signs, the old one stays published', async () => {
    await start()
    const before = await standIn.issueToken()
    const kid = await standIn.rotate()
    const after = await standIn.issueToken()
    expect(decodeProtectedHeader(after).kid).toBe(kid)
    expect(standIn.kids).toEqual([decodeProtectedHeader(before).kid, kid])
    expect([await verifies(before), await verifies(after)]).toEqual([true, true])
  })

  it('rotate to another algorithm', async () => {
    await start()
    await standIn.rotate({ alg: 'ES256' })
    const jwt = await standIn.issueToken()
    expect(decodeProtectedHeader(jwt).alg).toBe('ES256')
    expect(await verifies(jwt)).toBe(true)
  })

  it('are withdrawn, and one that signs goes on signing', async () => {
    await start()
    const [kid = ''] = standIn.kids
    standIn.withdraw(kid)
    expect(standIn.kids).toEqual([])
    expect((await published()).keys).toEqual([])
    expect(decodeProtectedHeader(await standIn.issueToken()).kid).toBe(kid)
    expect(() => standIn.withdraw(kid)).toThrow(ConfigError)
  })

  it('show nothing private', async () => {
    await start()
    expect(Object.keys((await published()).keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  it('answer 304 to who has them already', async () => {
    await start()
    const etag = (await standIn.fetch(JWKS)).headers.get('etag') ?? ''
    const same = await standIn.fetch(JWKS, { headers: { 'if-none-match': etag } })
    expect([same.status, await same.text()]).toEqual([304, ''])
    await standIn.rotate()
    expect((await standIn.fetch(JWKS, { headers: { 'if-none-match': etag } })).status).toBe(200)
  })
})

describe('the request log', () => {
  it('has what the server received, with the real host', async () => {
    await start()
    await standIn.fetch(`${JWKS}?a=1`, { method: 'POST', headers: { 'X-Thing': 'yes' }, body: 'text' })
    expect(standIn.requests).toEqual([
      {
        method: 'POST',
        url: `${JWKS}?a=1`,
        headers: expect.objectContaining({ host: 'id.acme.example', 'x-thing': 'yes' }),
        body: 'text',
      },
    ])
    expect(standIn.requests[0]?.headers).not.toHaveProperty('x-keysource-origin')
    standIn.clearRequests()
    expect(standIn.requests).toEqual([])
  })

  it('has requests to its own address as they came', async () => {
    await start({})
    await fetch(`${standIn.url}/jwks`)
    await fetch(`${standIn.url.replace('127.0.0.1', 'localhost')}/jwks`)
    expect(standIn.requests.map(({ url }) => url)).toEqual([
      `${standIn.url}/jwks`,
      `${standIn.url.replace('127.0.0.1', 'localhost')}/jwks`,
    ])
  })
})

describe('the server', () => {
  it('answers 404 and 405 where the provider has nothing', async () => {
    await start()
    expect((await standIn.fetch(`${ISSUER}/nothing`)).status).toBe(404)
    expect((await standIn.fetch(JWKS, { method: 'POST' })).status).toBe(405)
  })

  it('closes with a request that hangs, and twice', async () => {
    await start()
    standIn.fail('hang')
    const hanging = standIn.fetch(JWKS).then(
      () => 'answered',
      () => 'ended',
    )
    for (let i = 0; i < 100 && standIn.requests.length === 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 10))
    await standIn.close()
    await standIn[Symbol.asyncDispose]()
    expect(await hanging).toBe('ended')
  })
})
