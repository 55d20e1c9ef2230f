import { constants, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { JWK } from 'jose'

/** The algorithms that are compared. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const
export type MeasuredAlgorithm = (typeof ALGORITHMS)[number]

/** Tokens of one issuer, signed with four keys in turn, as a server meets them. */
export interface IssuedTokens {
  readonly alg: MeasuredAlgorithm
  readonly issuer: string
  readonly audience: string
  readonly keys: readonly IssuedKey[]
  /** The token at `n` is signed with the key at `n % keys.length`. */
  readonly tokens: readonly string[]
}

export interface IssuedKey {
  readonly kid: string
  readonly publicKey: KeyObject
  readonly jwk: JWK
}

const KEYS = 4
const TOKENS = 1024

interface SignatureParameters {
  readonly hash: string | null
  readonly options: { readonly padding?: number; readonly saltLength?: number; readonly dsaEncoding?: 'ieee-p1363' }
}

/** What `sign` and `verify` of node:crypto need for an algorithm, beside the key. */
export function signatureParameters(alg: MeasuredAlgorithm): SignatureParameters {
  const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  if (alg.startsWith('PS')) return { hash, options: pss }
  return { hash, options: alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' } : {} }
}

export function issueTokens(alg: MeasuredAlgorithm): IssuedTokens {
  const issuer = 'https://id.acme.example'
  const audience = 'https://api.acme.example'
  const pairs = Array.from({ length: KEYS }, () => keyPair(alg))
  const keys = pairs.map(({ publicKey }, at) => {
    const kid = `key-${at}`
    return { kid, publicKey, jwk: { ...(publicKey.export({ format: 'jwk' }) as JWK), kid, alg, use: 'sig' } }
  })
  const iat = Math.floor(Date.now() / 1000)
  const tokens = Array.from({ length: TOKENS }, (_, at) => {
    const claims = { iss: issuer, aud: audience, sub: `user-${at}`, iat, exp: iat + 3600, jti: randomUUID() }
    const scoped = { ...claims, client_id: 'web', scope: 'read:reports write:reports' }
    const input = `${part({ alg, typ: 'at+jwt', kid: `key-${at % KEYS}` })}.${part(scoped)}`
    const { hash, options } = signatureParameters(alg)
    const key = { key: pairs[at % KEYS]?.privateKey as KeyObject, ...options }
    return `${input}.${sign(hash, Buffer.from(input), key).toString('base64url')}`
  })
  return { alg, issuer, audience, keys, tokens }
}

/** The same texts as strings of their own, which no runtime has seen: as they come from a socket. */
export function fresh(tokens: readonly string[]): readonly string[] {
  return tokens.map((jwt) => Buffer.from(jwt, 'latin1').toString('latin1'))
}

function keyPair(alg: MeasuredAlgorithm): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  if (alg === 'ES256' || alg === 'ES384') return generateKeyPairSync('ec', { namedCurve: `P-${alg.slice(2)}` })
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
