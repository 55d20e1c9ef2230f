import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { createVerifier, defineProvider, staticJwks } from './index.ts'

test('smoke', async () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'a', alg }
    const p = defineProvider({ name: 'x', issuer: 'https://x', audience: 'api', keys: staticJwks({ keys: [jwk] }) })
    const v = createVerifier({ providers: [p], onEvent: (e) => console.log(e) })
    const jwt = await new SignJWT({ scope: 'a b' })
      .setProtectedHeader({ alg, kid: 'a' })
      .setIssuer('https://x')
      .setAudience('api')
      .setSubject('me')
      .setExpirationTime('1h')
      .sign(privateKey)
    const t = await v.verify(jwt)
    expect(t).toMatchObject({ provider: 'x', subject: 'me', scopes: ['a', 'b'] })
    expect(v.verifySync(jwt)).toEqual(t)
    await expect(v.verify(jwt.slice(0, -8) + 'AAAAAAAA')).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
    await expect(v.verify(jwt, { scopes: 'c' })).rejects.toMatchObject({ code: 'SCOPE_MISSING' })
  }
})
