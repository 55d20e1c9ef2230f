import type { JWK } from 'jose'
import { engine } from '#signature'
import { type Algorithm, ASYMMETRIC_ALGORITHMS, algorithmFacts } from './algorithms.ts'
import { toHex } from './hex.ts'

/** A public key in PEM, read as far as its kind. */
export interface PublicKeyPem {
  /** Its SPKI, in DER. */
  readonly spki: Uint8Array
  /** The algorithms that its kind of key serves. */
  readonly algorithms: readonly Algorithm[]
}

const HEADER = /^-----BEGIN ([A-Z0-9 ]+)-----/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

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
  const spki =
    BASE64.test(base64) && engine.decode(base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''))
  if (!spki) throw new Error('text that is not base64')
  const hex = toHex(spki)
  if (!isWholeSequence(hex)) throw new Error('a damaged or incomplete key')
  if (!SPKI_START.test(hex)) throw new Error('another kind of key than a public one (SPKI)')
  const kind = KINDS.find(([oid]) => hex.slice(4, 80).includes(oid))
  if (!kind) throw new Error('a key that is neither RSA, P-256, P-384, P-521 nor Ed25519')
  const algorithms = ASYMMETRIC_ALGORITHMS.filter((name) => {
    const facts = algorithmFacts(name)
    return facts?.kty === kind[1] && facts.crv === kind[2]
  })
  return { spki, algorithms }
}

/** The key as a JWK. The platform reads it, so a key that only looks like one is refused here. */
export async function publicKeyToJwk({ spki, algorithms }: PublicKeyPem): Promise<JWK> {
  const [alg = 'RS256'] = algorithms
  // Its public members alone: WebCrypto adds an `alg`, which an RSA key in PEM does not have.
  const { kty, n, e, crv, x, y } = await engine.readPublicKey(spki, alg)
  return { kty, n, e, crv, x, y } as JWK
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
