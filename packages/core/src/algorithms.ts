/** What an algorithm of RFC 7518, RFC 8037 or RFC 9864 asks of a key and of a signature. */
export interface AlgorithmFacts {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  /** The curve, for EC and OKP. */
  readonly crv?: string
  /** The exact length of a signature in bytes; an RSA signature is as long as its modulus. */
  readonly signatureBytes?: number
}

/** A signature algorithm that Keysource verifies: asymmetric, and nothing else. */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

const ALGORITHMS: Readonly<Record<Algorithm, AlgorithmFacts>> = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256', signatureBytes: 64 },
  ES384: { kty: 'EC', crv: 'P-384', signatureBytes: 96 },
  ES512: { kty: 'EC', crv: 'P-521', signatureBytes: 132 },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', signatureBytes: 64 },
}

/** Every algorithm that can be put on an allow-list. */
export const ASYMMETRIC_ALGORITHMS: readonly Algorithm[] = Object.keys(ALGORITHMS) as Algorithm[]

/** The facts of an algorithm, or nothing for a name that is not one of ours (`none`, `HS256`, `toString`). */
export function algorithmFacts(name: string): AlgorithmFacts | undefined {
  return Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name as Algorithm] : undefined
}

/** Two names of one signature scheme: RFC 9864 names `Ed25519` what RFC 8037 calls `EdDSA`. */
export function sameAlgorithm(a: string, b: string): boolean {
  return a === b || (isEd25519(a) && isEd25519(b))
}

function isEd25519(name: string): boolean {
  return name === 'EdDSA' || name === 'Ed25519'
}
