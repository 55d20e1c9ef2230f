import { createPublicKey, type JsonWebKey, verify as platformVerify } from 'node:crypto'
import { createVerifier, defineProvider, staticJwks } from '@keysource/core'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { IssuedTokens } from './tokens.ts'

/** Something that verifies a token, or throws. */
export interface Contestant {
  readonly name: string
  readonly verify: (jwt: string) => unknown
}

/** The limit first, then those that are held to it. */
export async function contestants(issued: IssuedTokens): Promise<readonly Contestant[]> {
  const verifier = keysource(issued)
  await verifier.ready()
  const keys = createLocalJWKSet(issued.jwks)
  const { issuer, audience, alg } = issued
  return [
    { name: 'crypto.verify, prepared', verify: platformLimit(issued) },
    { name: 'keysource verify', verify: (jwt) => verifier.verify(jwt) },
    { name: 'keysource verifySync', verify: (jwt) => verifier.verifySync(jwt) },
    { name: 'jose jwtVerify', verify: (jwt) => jwtVerify(jwt, keys, { issuer, audience, algorithms: [alg] }) },
  ]
}

function keysource({ issuer, audience, jwks }: IssuedTokens): ReturnType<typeof createVerifier> {
  return createVerifier({ providers: [defineProvider({ name: 'acme', issuer, audience, keys: staticJwks(jwks) })] })
}

/** What no verifier can beat: the signature alone, over bytes and keys that were prepared before. */
function platformLimit({ tokens, jwks, alg }: IssuedTokens): (jwt: string) => void {
  const keys = jwks.keys.map((key) => createPublicKey({ key: key as JsonWebKey, format: 'jwk' }))
  const digest = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  const prepared = new Map(
    tokens.map((jwt, at) => {
      const dot = jwt.lastIndexOf('.')
      const key = keys[at % keys.length]
      if (!key) throw new RangeError(`expected a key at ${at % keys.length}`)
      const bytes = Buffer.from(jwt.slice(0, dot))
      return [jwt, { key, bytes, signature: Buffer.from(jwt.slice(dot + 1), 'base64url') }] as const
    }),
  )
  return (jwt) => {
    const one = prepared.get(jwt)
    if (!one) throw new RangeError('expected a token that was prepared')
    const { key, bytes, signature } = one
    if (!platformVerify(digest, bytes, { key, dsaEncoding: 'ieee-p1363' }, signature))
      throw new Error('expected a valid signature')
  }
}
