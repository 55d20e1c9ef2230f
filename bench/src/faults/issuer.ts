import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { JWK } from 'jose'

/** What all tokens of a run are for. */
export const AUDIENCE = 'https://api.acme.example'

/** A signing key of the issuer. RS256, which every library that is compared takes by default. */
export interface SigningKey {
  readonly kid: string
  readonly jwk: JWK
  readonly privateKey: KeyObject
}

const MODULUS_BITS = 2048

/** Makes a key pair. */
export function signingKey(kid: string): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS })
  return { kid, jwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), kid, alg: 'RS256', use: 'sig' }, privateKey }
}

/** Tokens of a key, all different, valid for an hour. */
export function tokensOf(key: SigningKey, issuer: string, count: number): readonly string[] {
  return Array.from({ length: count }, () => {
    const input = signingInput(key.kid, issuer)
    return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`
  })
}

/** A token that looks good and that nobody signed. */
export function forgedToken(issuer: string, kid: string = randomBytes(16).toString('hex')): string {
  return `${signingInput(kid, issuer)}.${randomBytes(MODULUS_BITS / 8).toString('base64url')}`
}

function signingInput(kid: string, iss: string): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss, aud: AUDIENCE, sub: 'user-1', jti: randomBytes(8).toString('hex'), iat, exp: iat + 3600 }
  return `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
