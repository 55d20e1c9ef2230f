import { exportJWK, importSPKI, type JWK } from 'jose'
import { type Algorithm, ASYMMETRIC_ALGORITHMS, algorithmFacts } from './algorithms.ts'

/** A public key in PEM, read as far as its kind. */
export interface PublicKeyPem {
  /** With header and footer lines. */
  readonly pem: string
  /** The algorithms that its kind of key serves. */
  readonly algorithms: readonly Algorithm[]
}

const HEADER = /^-----BEGIN ([A-Z0-9 ]+)-----/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

// The object identifiers of RFC 3279, RFC 5480 and RFC 8410, DER in hex, and what kind of key each means.
const KINDS: readonly (readonly [oid: string, kty: string, crv?: string])[] = [
  ['06092a864886f70d010101', 'RSA'],
  ['06072a8648ce3d020106082a8648ce3d030107', 'EC', 'P-256'],
  ['06072a8648ce3d020106052b81040022', 'EC', 'P-384'],
  ['06072a8648ce3d020106052b81040023', 'EC', 'P-521'],
  ['06032b6570', 'OKP', 'Ed25519'],
]

/**
 * Reads a public key in PEM (SPKI, RFC 7468 section 13), with or without its header and footer lines and line breaks, as
 * consoles show it and environment variables carry it.
 *
 * @throws an `Error` that says what the text is instead
 */
export function readPublicKeyPem(text: string): PublicKeyPem {
  const trimmed = text.replace(/\\n/g, '\n').trim()
  const label = HEADER.exec(trimmed)?.[1]
  if (label !== undefined && label !== 'PUBLIC KEY') throw new Error(`a PEM block "${label}"`)
  const base64 = trimmed.replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '').replace(/\s+/g, '')
  if (base64 === '' || !BASE64.test(base64)) throw new Error('text that is not base64')
  const hex = toHex(base64)
  if (!isWholeSequence(hex)) throw new Error('a damaged or incomplete key')
  if (!SPKI_START.test(hex)) throw new Error('another kind of key than a public one (SPKI)')
  const kind = KINDS.find(([oid]) => hex.slice(4, 80).includes(oid))
  if (!kind) throw new Error('a key that is neither RSA, P-256, P-384, P-521 nor Ed25519')
  const algorithms = ASYMMETRIC_ALGORITHMS.filter((name) => {
    const facts = algorithmFacts(name)
    return facts?.kty === kind[1] && facts.crv === kind[2]
  })
  const lines = base64.match(/.{1,64}/g) ?? []
  return { pem: ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n'), algorithms }
}

/** The key as a JWK. The platform reads it, so a key that only looks like one is refused here. */
export async function publicKeyToJwk({ pem, algorithms }: PublicKeyPem): Promise<JWK> {
  const [alg = 'RS256'] = algorithms
  return await exportJWK(await importSPKI(pem, alg, { extractable: true }))
}

// A SEQUENCE that begins with another, the algorithm. A private key (PKCS #8) begins with its version, PKCS #1 with a number.
const SPKI_START = /^30(?:[0-7].|81..|82....|83.{6}|84.{8})30/

/** One DER SEQUENCE that ends where the text ends: a key cut off while it was copied does not. */
function isWholeSequence(hex: string): boolean {
  if (!hex.startsWith('30')) return false
  const first = Number.parseInt(hex.slice(2, 4), 16)
  if (first < 0x80) return hex.length === 4 + first * 2
  const size = (first - 0x80) * 2
  return size > 0 && size <= 8 && hex.length === 4 + size + Number.parseInt(hex.slice(4, 4 + size), 16) * 2
}

function toHex(base64: string): string {
  return Array.from(atob(base64), (character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}
