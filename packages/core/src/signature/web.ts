import { type Algorithm, algorithmFacts } from '../algorithms.ts'
import type { PreparedKey, SignatureEngine } from './engine.ts'

/** A WebCrypto key and the parameters of its algorithm. */
interface WebKey {
  readonly key: CryptoKey
  readonly params: WebParams
}

interface WebParams {
  readonly name: string
  readonly hash?: string
  readonly saltLength?: number
  readonly namedCurve?: string
}

/**
 * RFC 7518 section 3.1 in WebCrypto's terms, for keys and for signatures: each operation reads what it needs. A PSS salt is as
 * long as the hash (RFC 7518 section 3.5).
 */
function paramsOf(alg: Algorithm): WebParams {
  const bits = Number(alg.slice(2))
  const hash = `SHA-${bits}`
  if (alg.startsWith('RS')) return { name: 'RSASSA-PKCS1-v1_5', hash }
  if (alg.startsWith('PS')) return { name: 'RSA-PSS', hash, saltLength: bits / 8 }
  if (alg.startsWith('ES')) return { name: 'ECDSA', hash, namedCurve: algorithmFacts(alg)?.crv as string }
  return { name: 'Ed25519' }
}

const BASE64URL = /^[\w-]*$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

function decode(part: string): Uint8Array | undefined {
  if (!BASE64URL.test(part) || part.length % 4 === 1) return undefined
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** Every runtime with WebCrypto: workers, edge functions, browsers. */
export const engine: SignatureEngine = {
  name: 'web',
  decode,
  encode: (bytes) =>
    btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', ''),
  decodeText(part) {
    const bytes = decode(part)
    try {
      return bytes && strictUtf8.decode(bytes)
    } catch {
      return undefined
    }
  },
  async prepareKey(jwk, alg) {
    const params = paramsOf(alg)
    const key = await crypto.subtle.importKey('jwk', jwk, params, false, ['verify'])
    return { key, params } satisfies WebKey as unknown as PreparedKey
  },
  async readPublicKey(spki, alg) {
    const { subtle } = crypto
    const bytes = spki as Uint8Array<ArrayBuffer>
    const key = await subtle.importKey('spki', bytes, paramsOf(alg), true, ['verify'])
    return subtle.exportKey('jwk', key)
  },
  verify(key, signingInput, signature) {
    const { key: cryptoKey, params } = key as unknown as WebKey
    const bytes = signature as Uint8Array<ArrayBuffer>
    return crypto.subtle.verify(params, cryptoKey, bytes, encoder.encode(signingInput))
  },
}
