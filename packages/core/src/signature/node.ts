import { isUtf8 } from 'node:buffer'
import {
  constants,
  createPublicKey,
  createVerify,
  type KeyObject,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto'
import type { Algorithm } from '../algorithms.ts'
import { readCertificate } from './certificate.ts'
import type { PreparedKey, SignatureEngine } from './engine.ts'

/** Everything that `crypto.verify` needs, put together once a key. */
interface NodeKey {
  readonly hash: string | null
  readonly key: KeyObject | VerifyKeyObjectInput
}

/** RFC 7518 section 3.1, RFC 8037 section 3.1. A PSS salt is as long as the hash (RFC 7518 section 3.5), never any length. */
function prepare(key: KeyObject, alg: Algorithm): NodeKey {
  const hash = `sha${alg.slice(2)}`
  switch (alg) {
    case 'RS256':
    case 'RS384':
    case 'RS512':
      return { hash, key } // PKCS #1 v1.5 is what node:crypto does with an RSA key that comes without parameters
    case 'PS256':
    case 'PS384':
    case 'PS512':
      return {
        hash,
        key: { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
      }
    case 'ES256':
    case 'ES384':
    case 'ES512':
      return { hash, key: { key, dsaEncoding: 'ieee-p1363' } }
    case 'EdDSA':
    case 'Ed25519':
      return { hash: null, key }
  }
}

function verifySync(key: PreparedKey, signingInput: string, signature: Uint8Array): boolean {
  const { hash, key: input } = key as unknown as NodeKey
  // Ed25519 has no hash of its own to feed. With one, this takes the text as it is: the same verdict, one microsecond sooner.
  if (hash === null) return verify(hash, Buffer.from(signingInput, 'latin1'), input, signature)
  return createVerify(hash).update(signingInput, 'latin1').verify(input, signature)
}

// Verifications that have begun and whose callers have not gone on yet.
let underWay = 0
// What is chained to it runs as soon as they have. Node's queueMicrotask does the same at a tenth of a verification's cost.
const settled = Promise.resolve()

/**
 * At once for a token that comes alone: the thread pool would only make it wait. For one that comes while others are under
 * way, on the pool: they share the cores, and the event loop is never held for longer than one verification.
 */
function verifyWhereFaster(key: PreparedKey, signingInput: string, signature: Uint8Array): boolean | Promise<boolean> {
  if (underWay > 0) return verifyOnPool(key, signingInput, signature)
  underWay += 1
  settled.then(finished)
  return verifySync(key, signingInput, signature)
}

function verifyOnPool(key: PreparedKey, signingInput: string, signature: Uint8Array): Promise<boolean> {
  const { hash, key: input } = key as unknown as NodeKey
  underWay += 1
  return new Promise((resolve, reject) => {
    verify(hash, Buffer.from(signingInput, 'latin1'), input, signature, (error, holds) => {
      settled.then(finished)
      if (error) reject(error)
      else resolve(holds)
    })
  })
}

function finished(): void {
  underWay -= 1
}

/**
 * Whether all of a text was base64url. Node passes over what is not, which shows in the number of bytes; it takes "+" and "/"
 * as well, and of a character beyond ASCII the low byte.
 */
function wasWhole(part: string, bytes: number): boolean {
  const whole = bytes === (part.length * 3) >> 2 && part.length % 4 !== 1
  return whole && Buffer.byteLength(part) === part.length && !part.includes('+') && !part.includes('/')
}

// Where a part is decoded that is text in the end: the same place for each token stays in the processor's caches.
const scratch = Buffer.allocUnsafeSlow(16_384)

/** Node, Bun and Deno. */
export const engine: SignatureEngine = {
  name: 'node',
  decode(part) {
    const bytes = Buffer.from(part, 'base64url')
    return wasWhole(part, bytes.length) ? bytes : undefined
  },
  encode: (bytes) => Buffer.from(bytes).toString('base64url'),
  decodeText(part) {
    const bytes = part.length <= scratch.length ? scratch : Buffer.allocUnsafe(part.length)
    const length = bytes.write(part, 'base64url')
    if (!wasWhole(part, length)) return undefined
    const text = bytes.toString('utf8', 0, length)
    // What is no UTF-8 becomes this character, which may as well have been there.
    return text.includes('\ufffd') && !isUtf8(bytes.subarray(0, length)) ? undefined : text
  },
  prepareKey: (jwk, alg) => prepare(createPublicKey({ key: jwk, format: 'jwk' }), alg) as unknown as PreparedKey,
  readPublicKey: (spki) =>
    createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({ format: 'jwk' }),
  verify: verifyWhereFaster,
  verifySync,
  readCertificate,
}
