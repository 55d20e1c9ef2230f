import type { Algorithm } from '../algorithms.ts'

/** A public key in JWK form: the members that make the key, and nothing else (RFC 7517, RFC 7518 section 6, RFC 8037). */
export type PublicJwk =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }

declare const prepared: unique symbol
/** A key made ready for one algorithm. Only the engine that made it looks inside. */
export interface PreparedKey {
  readonly [prepared]: true
}

/**
 * The platform's cryptography: one engine on `node:crypto`, one on WebCrypto, chosen by the export condition `#signature`.
 * Both give the same verdict on every token.
 */
export interface SignatureEngine {
  readonly name: 'node' | 'web'
  /** Base64url without padding to bytes; nothing where the text has other characters or a length that no bytes have. */
  decode(part: string): Uint8Array | undefined
  /** A few bytes, a modulus say, to base64url without padding. */
  encode(bytes: Uint8Array): string
  /** The text whose UTF-8 this is in base64url; nothing where it is no base64url, or no UTF-8 (RFC 8725 section 3.7). */
  decodeText(part: string): string | undefined
  /** Throws, or rejects, where the members are no valid key: a point off the curve, say. */
  prepareKey(jwk: PublicJwk, alg: Algorithm): PreparedKey | Promise<PreparedKey>
  /** A public key in DER (SPKI), that is to be for this algorithm, as a JWK. Throws, or rejects, where it is none. */
  readPublicKey(spki: Uint8Array, alg: Algorithm): JsonWebKey | Promise<JsonWebKey>
  /** Whether the signature holds. The signature's length has been checked. */
  verify(key: PreparedKey, signingInput: string, signature: Uint8Array): boolean | Promise<boolean>
  /** The same without a promise, on the engine that can. */
  verifySync?(key: PreparedKey, signingInput: string, signature: Uint8Array): boolean
  /** The public key (SPKI, PEM) and the dates of an X.509 certificate, on the engine that reads them. */
  readCertificate?(pem: string): CertificateFacts
}

/** What is used of a certificate that is trusted as given. Times are seconds since the epoch. */
export interface CertificateFacts {
  readonly publicKeyPem: string
  readonly notBefore: number
  readonly notAfter: number
  readonly serialNumber: string
}
