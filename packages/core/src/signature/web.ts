import { base64url, type CryptoKey, importJWK } from 'jose'
import type { Algorithm } from '../algorithms.ts'
import type { PreparedKey, SignatureEngine } from './engine.ts'

/** A WebCrypto key and the parameters of its algorithm. */
interface WebKey {
  readonly key: CryptoKey
  readonly params: { readonly name: string; readonly hash?: string; readonly saltLength?: number }
}

/** RFC 7518 section 3.1 in WebCrypto's terms. A PSS salt is as long as the hash (RFC 7518 section 3.5). */
function paramsOf(alg: Algorithm): WebKey['params'] {
  const bits = Number(alg.slice(2))
  if (alg.startsWith('RS')) return { name: 'RSASSA-PKCS1-v1_5' }
  if (alg.startsWith('PS')) return { name: 'RSA-PSS', saltLength: bits / 8 }
  if (alg.startsWith('ES')) return { name: 'ECDSA', hash: `SHA-${bits}` }
  return { name: 'Ed25519' }
}

const BASE64URL = /^[\w-]*$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Every runtime with WebCrypto: workers, edge functions, browsers. */
export const engine: SignatureEngine = {
  name: 'web',
  decode: (part) => (BASE64URL.test(part) && part.length % 4 !== 1 ? base64url.decode(part) : undefined),
  decodeText(bytes) {
    try {
      return strictUtf8.decode(bytes)
    } catch {
      return undefined
    }
  },
  async prepareKey(jwk, alg) {
    const key = (await importJWK({ ...jwk }, alg)) as CryptoKey
    return { key, params: paramsOf(alg) } satisfies WebKey as unknown as PreparedKey
  },
  verify(key, signingInput, signature) {
    const { key: cryptoKey, params } = key as unknown as WebKey
    const bytes = signature as Uint8Array<ArrayBuffer>
    return crypto.subtle.verify(params, cryptoKey, bytes, encoder.encode(signingInput))
  },
}
