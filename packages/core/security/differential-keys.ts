import { createHash } from 'node:crypto'
import type { Algorithm, JWK } from '../src/index.ts'
import { type Signer, signatureOf, signer } from '../test/loopback-issuer.ts'

const ALGORITHMS: readonly Algorithm[] = ['RS256', 'RS512', 'PS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** One key pair an algorithm, and a second one where a token without `kid` is to be tried with two. */
export const SIGNERS: readonly Signer[] = [
  ...ALGORITHMS.map((alg) => signer(alg, `key of ${alg}`)),
  signer('ES256', 'k1'),
  signer('EdDSA', 'k2'),
]

const strangers = new Map(ALGORITHMS.map((alg) => [alg, signer(alg, 'stranger')]))

/** Makes other keys of the published one. */
type Publication = (by: Signer) => readonly unknown[]

const withMembers =
  (members: Readonly<Record<string, unknown>>): Publication =>
  ({ jwk }) => [JSON.parse(JSON.stringify({ ...jwk, ...members }))]

/** What an issuer publishes in place of its key. */
export const PUBLICATIONS: Readonly<Record<string, Publication>> = {
  'as it is': withMembers({}),
  'without alg': withMembers({ alg: undefined }),
  'without kid': withMembers({ kid: undefined }),
  'with neither': withMembers({ alg: undefined, kid: undefined }),
  'kid a number': withMembers({ kid: 5 }),
  'kid null': withMembers({ kid: null }),
  'kid of 300 characters': withMembers({ kid: 'k'.repeat(300) }),
  'use sig': withMembers({ use: 'sig' }),
  'use enc': withMembers({ use: 'enc' }),
  'use a number': withMembers({ use: 5 }),
  'key_ops verify': withMembers({ key_ops: ['verify'] }),
  'key_ops sign': withMembers({ key_ops: ['sign'] }),
  'key_ops verify and sign': withMembers({ key_ops: ['verify', 'sign'] }),
  'key_ops verify twice': withMembers({ key_ops: ['verify', 'verify'] }),
  'key_ops verify and a number': withMembers({ key_ops: ['verify', 5] }),
  'key_ops a text': withMembers({ key_ops: 'verify' }),
  'no key_ops at all': withMembers({ key_ops: [] }),
  'alg a number': withMembers({ alg: 5 }),
  'alg of secrets': withMembers({ alg: 'HS256' }),
  'alg of the same kind': ({ jwk }) => [{ ...jwk, alg: sibling(jwk.alg ?? '') }],
  'kty in lower case': ({ jwk }) => [{ ...jwk, kty: jwk.kty?.toLowerCase() }],
  'ext false': withMembers({ ext: false }),
  'ext a text': withMembers({ ext: 'no' }),
  'members of its own': withMembers({ x5c: ['junk'], x5t: 5, 'https://id.example/x': {}, priv: undefined }),
  'the private key': ({ privateKey, kid, alg }) => [{ ...privateKey.export({ format: 'jwk' }), kid, alg }],
  'beside a stranger of the same kid': ({ jwk, alg, kid }) => [{ ...strangers.get(alg)?.jwk, kid }, jwk],
  'a stranger of the same kid': ({ alg, kid }) => [{ ...strangers.get(alg)?.jwk, kid }],
  'beside null': ({ jwk }) => [null, jwk],
  'beside a text': ({ jwk }) => ['key', jwk],
  'beside a secret': ({ jwk, kid }) => [{ kty: 'oct', kid, k: 'AAAA' }, jwk],
  twice: ({ jwk }) => [jwk, jwk],
  'material with padding': material((text) => `${text}=`),
  'material in the other alphabet': material((text) => text.replaceAll('-', '+').replaceAll('_', '/')),
  'material with a zero byte before it': material((text) =>
    Buffer.concat([Buffer.of(0), Buffer.from(text, 'base64url')]).toString('base64url'),
  ),
  'material cut off': material((text) => text.slice(0, -4)),
  'material with another first byte': material((text) =>
    text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`,
  ),
  'no material': material(() => ''),
  // Two with which anyone can sign: `forgery` does.
  'exponent 1': ({ jwk }) => [jwk.kty === 'RSA' ? { ...jwk, e: 'AQ' } : jwk],
  'point of small order': ({ jwk }) => [jwk.kty === 'OKP' ? { ...jwk, x: IDENTITY.toString('base64url') } : jwk],
}

/** Changes what makes the key, and leaves what describes it. */
function material(change: (text: string) => string): Publication {
  return ({ jwk }) => {
    const [name, text = ''] = jwk.n === undefined ? ['x', jwk.x] : ['n', jwk.n]
    return [{ ...jwk, [name]: change(text) }]
  }
}

function sibling(alg: string): string {
  const siblings: Readonly<Record<string, string>> = { RS256: 'PS256', ES256: 'ES384', EdDSA: 'Ed25519' }
  return siblings[alg] ?? 'RS256'
}

/** The whole set, the key of one signer first, as it is published. */
export function publishedKeys(kid: string, publication: string): readonly unknown[] {
  return SIGNERS.toSorted((a, b) => Number(b.kid === kid) - Number(a.kid === kid)).flatMap((by, index) =>
    index === 0 ? (PUBLICATIONS[publication]?.(by) ?? []) : [by.jwk],
  )
}

const IDENTITY = Buffer.concat([Buffer.of(1), Buffer.alloc(31)])
// DigestInfo of SHA-256 and SHA-512 (RFC 8017 section 9.2).
const DIGEST_INFO: Readonly<Record<string, string>> = {
  RS256: '3031300d060960864801650304020105000420',
  RS512: '3051300d060960864801650304020305000440',
}

/** The signature; where the published key lets anyone sign, one made without the private key. */
export function signatureFor(input: string, by: Signer, publication: string): Buffer {
  if (publication === 'point of small order' && by.alg === 'EdDSA') return Buffer.concat([IDENTITY, Buffer.alloc(32)])
  const info = DIGEST_INFO[by.alg]
  return publication === 'exponent 1' && info ? paddedDigest(input, by, info) : signatureOf(input, by)
}

/** With e = 1 the signature is the padded digest itself. */
function paddedDigest(input: string, { jwk, alg }: Signer, info: string): Buffer {
  const digest = createHash(`sha${alg.slice(2)}`)
    .update(input)
    .digest()
  const encoded = Buffer.concat([Buffer.from(info, 'hex'), digest])
  const size = Buffer.from((jwk as JWK).n ?? '', 'base64url').length
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(size - encoded.length - 3, 0xff), Buffer.of(0), encoded])
}
