/** Algorithm and key confusion. */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import type { JWK } from '../../src/index.ts'
import { CLAIMS, jwkWith, jwt, part, provider, type Signer, signed, signer } from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, verdictOn } from '../attack-table.ts'

const rsa = signer('RS256', 'rsa')
const ec = signer('ES256', 'ec')
const ed = signer('EdDSA', 'ed')
const payload = part(CLAIMS)
const trusting = { providers: [provider([rsa, ec, ed])] }
const good = jwt(rsa)
const [, , goodSignature = ''] = good.split('.')

const NONE: readonly unknown[] = [
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    'nonE',
    ' none',
    'none ',
    'none\u0000',
    'n\u043ene',
    '\uff4e\uff4f\uff4e\uff45',
    '',
    ' ',
  ],
  ...[null, 0, false, true, [], ['none'], ['RS256'], ['RS256', 'none'], {}, { toString: 'RS256' }],
]

attacks('CVE-2015-9235, CVE-2022-23540, CVE-2026-23993: alg none and its spellings', trusting, [
  ['a good token', good, 'accepted'],
  ...NONE.flatMap((alg): AttackCase[] => {
    const header = part({ alg, kid: 'rsa' })
    const name = JSON.stringify(alg)
    return [
      [`alg ${name} without a signature`, `${header}.${payload}.`, 'ALG_NOT_ALLOWED'],
      [`alg ${name} with a good token's signature`, `${header}.${payload}.${goodSignature}`, 'ALG_NOT_ALLOWED'],
      [`alg ${name} with a signature over it that holds`, signed(header, payload, rsa), 'ALG_NOT_ALLOWED'],
    ]
  }),
  ['no alg', signed(part({ kid: 'rsa' }), payload, rsa), 'ALG_NOT_ALLOWED'],
  [
    'an alg that is inherited',
    signed(part('{"__proto__":{"alg":"RS256"},"kid":"rsa"}'), payload, rsa),
    'ALG_NOT_ALLOWED',
  ],
  ['an allowed alg and an empty signature', `${part({ alg: 'RS256', kid: 'rsa' })}.${payload}.`, 'TOKEN_MALFORMED'],
  ...['rs256', 'Rs256', 'RS256 ', 'RS-256', 'RS256\n', 'RSA256', 'RS255', 'SHA256withRSA'].map(
    (alg): AttackCase => [
      `alg ${JSON.stringify(alg)}`,
      signed(part({ alg, kid: 'rsa' }), payload, rsa),
      'ALG_NOT_ALLOWED',
    ],
  ),
  ...['toString', 'constructor', '__proto__', 'hasOwnProperty'].map(
    (alg): AttackCase => [
      `alg ${alg}, a name that objects inherit`,
      signed(part({ alg }), payload, rsa),
      'ALG_NOT_ALLOWED',
    ],
  ),
])

const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const pkcs1 = rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString()
const SECRETS: readonly (readonly [name: string, secret: string | Buffer])[] = [
  ['the public key in PEM', pem],
  ['the PEM without the last line break', pem.trimEnd()],
  ['the PEM after a blank (CVE-2026-34950)', ` ${pem}`],
  ['the PEM after a line break (CVE-2026-34950)', `\n${pem}`],
  ['the PEM with Windows line breaks', pem.replace(/\n/g, '\r\n')],
  ['the PEM of PKCS #1 (CVE-2023-48223)', pkcs1],
  ['the public key in DER', rsa.publicKey.export({ format: 'der', type: 'spki' })],
  ['the JWK as text', JSON.stringify(rsa.jwk)],
  ['n', String(rsa.jwk.n)],
  ['the bytes of n', Buffer.from(String(rsa.jwk.n), 'base64url')],
  ['an empty key (CVE-2026-44699, CVE-2026-44351)', ''],
  ['a zero byte', Buffer.alloc(1)],
  ['the kid', 'rsa'],
  ['the text undefined', 'undefined'],
]

function hmac(alg: string, hash: string, secret: string | Buffer, kid: string | undefined): string {
  const input = `${part({ alg, kid })}.${payload}`
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

attacks(
  'CVE-2016-10555, CVE-2022-29217, CVE-2023-48223, CVE-2026-34950: a public key as HMAC secret',
  trusting,
  SECRETS.flatMap(([name, secret]): AttackCase[] => [
    [`HS256 with ${name}`, hmac('HS256', 'sha256', secret, 'rsa'), 'ALG_NOT_ALLOWED'],
    [`HS384 with ${name}`, hmac('HS384', 'sha384', secret, 'rsa'), 'ALG_NOT_ALLOWED'],
    [`HS512 with ${name} and no kid`, hmac('HS512', 'sha512', secret, undefined), 'ALG_NOT_ALLOWED'],
    [`HMAC under the name RS256 with ${name}`, hmac('RS256', 'sha256', secret, 'rsa'), 'SIGNATURE_INVALID'],
    [`HMAC under the name ES256 with ${name}`, hmac('ES256', 'sha512', secret, 'ec'), 'SIGNATURE_INVALID'],
  ]),
)

const bare = (one: Signer, kid: string): JWK => jwkWith(one.jwk, { kid, alg: undefined })
const asPss = { ...rsa, alg: 'PS256' } as const
const p384 = signer('ES384', 'p384')
const withoutAlg = [bare(rsa, 'rsa'), bare(ec, 'ec'), bare(p384, 'p384'), bare(ed, 'ed')]
const rsOnly = { providers: [provider(withoutAlg, { algorithms: ['RS256'] })] }
const all = { providers: [provider(withoutAlg)] }
const pinned = { providers: [provider([rsa, ec, p384, ed])] }
const under = (alg: string, kid: string, by: Signer): string => signed(part({ alg, kid }), payload, by)
/** A signature of this key with the hash of another algorithm. */
const hashOf = (alg: string, by: Signer): Signer => ({ ...by, alg }) as Signer

attacks('CVE-2026-22817, CVE-2026-22818: a JWK without alg, and a list of one algorithm', rsOnly, [
  ['RS256', jwt(rsa), 'accepted'],
  ['PS256 with the same key', jwt(asPss), 'ALG_NOT_ALLOWED'],
  ['RS512 with the same key', under('RS512', 'rsa', hashOf('RS512', rsa)), 'ALG_NOT_ALLOWED'],
  ['ES256 with a published key', jwt(ec), 'ALG_NOT_ALLOWED'],
  ['RS256 that names an EC key', under('RS256', 'ec', hashOf('ES256', ec)), 'KEY_NOT_FOUND'],
  ['RS256 that names an Ed25519 key', under('RS256', 'ed', ed), 'KEY_NOT_FOUND'],
])
attacks('CVE-2026-22817, CVE-2026-22818: a JWK without alg serves what fits its kty and crv', all, [
  ['RS256', jwt(rsa), 'accepted'],
  ['PS256, which the list holds too', jwt(asPss), 'accepted'],
  ['ES256 on P-256', jwt(ec), 'accepted'],
  ['ES384 on P-384', jwt(p384), 'accepted'],
  ['ES256 on P-384', under('ES256', 'p384', hashOf('ES256', p384)), 'KEY_NOT_FOUND'],
  ['ES384 on P-256', under('ES384', 'ec', hashOf('ES384', ec)), 'KEY_NOT_FOUND'],
  ['ES256 with an Ed25519 key', under('ES256', 'ed', ed), 'KEY_NOT_FOUND'],
  ['EdDSA with an EC key', under('EdDSA', 'ec', ec), 'KEY_NOT_FOUND'],
  ['PS256 with the signature of RS256', under('PS256', 'rsa', rsa), 'SIGNATURE_INVALID'],
  ['RS256 with the signature of PS256', under('RS256', 'rsa', asPss), 'SIGNATURE_INVALID'],
  ['RS256 with the hash of RS512', under('RS256', 'rsa', hashOf('RS512', rsa)), 'SIGNATURE_INVALID'],
])
attacks('CVE-2026-22817, RFC 8725 3.1: the alg of a JWK is the only one it serves', pinned, [
  ['RS256 with a key for RS256', jwt(rsa), 'accepted'],
  ['PS256 with a key for RS256', jwt(asPss), 'KEY_NOT_FOUND'],
  ['RS512 with a key for RS256', under('RS512', 'rsa', hashOf('RS512', rsa)), 'KEY_NOT_FOUND'],
  ['EdDSA', jwt(ed), 'accepted'],
  ['Ed25519, the other name of the same (RFC 9864)', under('Ed25519', 'ed', ed), 'accepted'],
])

const encodings: readonly unknown[] = ['', null, undefined, 'AA', ' ']
attacks(
  'CVE-2026-44351, GHSA-8wpc-h4q6-8fxv: no key is never an empty key',
  {
    providers: [
      provider([rsa, ...encodings.map((n, index) => jwkWith(rsa.jwk, { kid: `empty${index}`, n }))], {
        algorithms: ['RS256'],
      }),
    ],
  },
  [
    ['the key that is whole', jwt(rsa), 'accepted'],
    ['a kid that is not there', jwt({ ...rsa, kid: 'gone' }), 'KEY_NOT_FOUND'],
    ['an empty kid', jwt({ ...rsa, kid: '' }), 'KEY_NOT_FOUND'],
    ['HMAC with an empty key for a kid that is not there', hmac('HS256', 'sha256', '', 'gone'), 'ALG_NOT_ALLOWED'],
    ...encodings.map(
      (n, index): AttackCase => [
        `a key whose n is ${JSON.stringify(n)}`,
        jwt({ ...rsa, kid: `empty${index}` }),
        'KEY_NOT_FOUND',
      ],
    ),
  ],
)

const sizes = [512, 1024, 2040, 2047].map((bits) => ({ bits, by: signer('RS256', `rsa${bits}`, bits) }))
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const koblitz = { ...secp256k1.publicKey.export({ format: 'jwk' }), kid: 'k1' }
attacks(
  'CVE-2022-23539, CVE-2022-23541: keys of the wrong kind, and short RSA keys',
  { providers: [provider([rsa, ec, ...sizes.map(({ by }) => by), koblitz as never])] },
  [
    ['2048 bits', jwt(rsa), 'accepted'],
    ...sizes.map(({ bits, by }): AttackCase => [`${bits} bits`, jwt(by), 'KEY_NOT_FOUND']),
    ['RS256 that names an EC key', under('RS256', 'ec', hashOf('ES256', ec)), 'KEY_NOT_FOUND'],
    ['ES256 that names an RSA key', under('ES256', 'rsa', rsa), 'KEY_NOT_FOUND'],
    [
      'ES256 on secp256k1',
      signed(part({ alg: 'ES256', kid: 'k1' }), payload, { ...ec, ...secp256k1 }),
      'KEY_NOT_FOUND',
    ],
    ['ES256K', under('ES256K', 'k1', { ...ec, ...secp256k1 }), 'ALG_NOT_ALLOWED'],
  ],
)

attackOn(
  'CVE-2023-51774, CVE-2026-29000: an unsigned JWT encrypted to the public key',
  'TOKEN_MALFORMED',
  async (engine) => {
    const inner = `${part({ alg: 'none' })}.${payload}.`
    const jwe = await new CompactEncrypt(Buffer.from(inner))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: 'rsa' })
      .encrypt(rsa.publicKey)
    const verifier = engine.createVerifier(trusting)
    return verdictOn(() => verifier.verify(jwe), jwe)
  },
)
attacks('CVE-2023-51774, CVE-2026-29000: JWE in other forms', trusting, [
  ['five parts around a good token', `${good}.${payload}.${payload}`, 'TOKEN_MALFORMED'],
  ['an encryption algorithm over three parts', under('RSA-OAEP', 'rsa', rsa), 'ALG_NOT_ALLOWED'],
  ['dir over three parts', under('dir', 'rsa', rsa), 'ALG_NOT_ALLOWED'],
  [
    'the flattened JSON form',
    JSON.stringify({ protected: good.split('.')[0], payload, signature: goodSignature }),
    'TOKEN_MALFORMED',
  ],
  [
    'a token within a token (cty JWT)',
    signed(part({ alg: 'RS256', kid: 'rsa', cty: 'JWT' }), part(good), rsa),
    'TOKEN_MALFORMED',
  ],
])
