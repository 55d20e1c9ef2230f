/** Signature bytes. */
import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import {
  CLAIMS,
  jwkWith,
  jwt,
  part,
  provider,
  type Signer,
  signatureOf,
  signed,
  signer,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attacks } from '../attack-table.ts'

const payload = part(CLAIMS)
const ec = signer('ES256', 'ec')
const wide = signer('ES512', 'wide')
const ed = signer('EdDSA', 'ed')
const rsa = signer('RS256', 'rsa')
const pss = signer('PS256', 'pss')
const all = { providers: [provider([ec, wide, ed, rsa, pss])] }

/** A token over the usual claims with these bytes as its signature. */
function withSignature(by: Signer, signature: Uint8Array | ((own: Buffer, input: string) => Uint8Array)): string {
  const input = `${part({ alg: by.alg, kid: by.kid })}.${payload}`
  const bytes = typeof signature === 'function' ? signature(signatureOf(input, by), input) : signature
  return `${input}.${Buffer.from(bytes).toString('base64url')}`
}

// SEC 2, the order of P-256.
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const scalar = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
const rs = (r: bigint, s: bigint): Buffer => Buffer.concat([scalar(r), scalar(s)])
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const halves = (own: Buffer): [bigint, bigint] => [number(own.subarray(0, 32)), number(own.subarray(32))]

attacks(
  'CVE-2022-21449, CVE-2024-42459, CVE-2024-42460, CVE-2024-42461, CVE-2024-48948, CVE-2024-48949: r and s out of range',
  all,
  [
    ['r and s as signed', withSignature(ec, (own) => own), 'accepted'],
    ['r = s = 0 (psychic signature)', withSignature(ec, rs(0n, 0n)), 'SIGNATURE_INVALID'],
    ['r = 0', withSignature(ec, (own) => rs(0n, halves(own)[1])), 'SIGNATURE_INVALID'],
    ['s = 0', withSignature(ec, (own) => rs(halves(own)[0], 0n)), 'SIGNATURE_INVALID'],
    ['r = s = 1', withSignature(ec, rs(1n, 1n)), 'SIGNATURE_INVALID'],
    ['r = n', withSignature(ec, (own) => rs(ORDER, halves(own)[1])), 'SIGNATURE_INVALID'],
    ['s = n', withSignature(ec, (own) => rs(halves(own)[0], ORDER)), 'SIGNATURE_INVALID'],
    ['r = s = n', withSignature(ec, rs(ORDER, ORDER)), 'SIGNATURE_INVALID'],
    ['r = n + 1', withSignature(ec, rs(ORDER + 1n, 1n)), 'SIGNATURE_INVALID'],
    ['all bits set', withSignature(ec, Buffer.alloc(64, 0xff)), 'SIGNATURE_INVALID'],
    ['r and s exchanged', withSignature(ec, (own) => rs(halves(own)[1], halves(own)[0])), 'SIGNATURE_INVALID'],
    ['no signature but zero bytes, for P-521', withSignature(wide, Buffer.alloc(132)), 'SIGNATURE_INVALID'],
    ['no signature but zero bytes, for Ed25519', withSignature(ed, Buffer.alloc(64)), 'SIGNATURE_INVALID'],
    ['no signature but zero bytes, for RSA', withSignature(rsa, Buffer.alloc(256)), 'SIGNATURE_INVALID'],
  ],
)

const der = (by: Signer): string =>
  withSignature(by, (_own, input) => sign(`sha${by.alg.slice(2)}`, Buffer.from(input), by.privateKey))
const zeroFirst = (own: Buffer): Buffer =>
  Buffer.concat([Buffer.alloc(1), own.subarray(0, 32), Buffer.alloc(1), own.subarray(32)])
attacks('RFC 7518 3.4: DER, or another length, where R‖S is due', all, [
  ['R‖S', withSignature(ec, (own) => own), 'accepted'],
  ['R‖S of P-521', withSignature(wide, (own) => own), 'accepted'],
  ['DER', der(ec), 'SIGNATURE_INVALID'],
  ['DER of P-521', der(wide), 'SIGNATURE_INVALID'],
  ['a byte too few', withSignature(ec, (own) => own.subarray(0, 63)), 'SIGNATURE_INVALID'],
  ['a byte too many', withSignature(ec, (own) => Buffer.concat([own, Buffer.alloc(1)])), 'SIGNATURE_INVALID'],
  ['zero bytes before', withSignature(ec, (own) => Buffer.concat([Buffer.alloc(2), own])), 'SIGNATURE_INVALID'],
  ['zero bytes before each half', withSignature(ec, zeroFirst), 'SIGNATURE_INVALID'],
  ['half of it', withSignature(ec, (own) => own.subarray(0, 32)), 'SIGNATURE_INVALID'],
  [
    'an RSA signature and a byte',
    withSignature(rsa, (own) => Buffer.concat([own, Buffer.alloc(1)])),
    'SIGNATURE_INVALID',
  ],
  [
    'an RSA signature after a zero byte',
    withSignature(rsa, (own) => Buffer.concat([Buffer.alloc(1), own])),
    'SIGNATURE_INVALID',
  ],
  ['an RSA signature less a byte', withSignature(rsa, (own) => own.subarray(1)), 'SIGNATURE_INVALID'],
  ['one byte', withSignature(rsa, Buffer.alloc(1)), 'SIGNATURE_INVALID'],
  ['4 kB', withSignature(rsa, Buffer.alloc(4096)), 'SIGNATURE_INVALID'],
])

const good = jwt(ec)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The same bytes with a bit set that no byte uses. */
const respelled = (text: string): string => text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.slice(-1)) | 1]
const [header = '', body = '', signature = ''] = good.split('.')
const blanksAfter = [' ', '\t', '\n', '\r', '\u00a0', '\ufeff', '\u200b', '\u0000']
attacks('RFC 4648 3.5, RFC 8725 3.14: one spelling of the signature, so that a token is one token', all, [
  ['as signed', good, 'accepted'],
  ['a bit set that no byte uses', respelled(good), 'TOKEN_MALFORMED'],
  ['padding', `${good}==`, 'TOKEN_MALFORMED'],
  ['one sign of padding', `${good}=`, 'TOKEN_MALFORMED'],
  ...blanksAfter.map((blank): AttackCase => [`${JSON.stringify(blank)} after it`, good + blank, 'TOKEN_MALFORMED']),
  ...blanksAfter.map(
    (blank): AttackCase => [
      `${JSON.stringify(blank)} in it`,
      `${header}.${body}.${signature.slice(0, 40)}${blank}${signature.slice(40)}`,
      'TOKEN_MALFORMED',
    ],
  ),
  ['the other alphabet', `${header}.${body}.${signature.replace(/.$/, '').slice(0, -2)}+/`, 'TOKEN_MALFORMED'],
  [
    'letters whose low byte is the same',
    `${header}.${body}.${String.fromCharCode(signature.charCodeAt(0) + 256)}${signature.slice(1)}`,
    'TOKEN_MALFORMED',
  ],
  ['a fourth part', `${good}.`, 'TOKEN_MALFORMED'],
])

attacks('RFC 7515: ECDSA (r, n − s) is a signature like any other', all, [
  ['(r, s)', withSignature(ec, (own) => own), 'accepted'],
  ['(r, n − s)', withSignature(ec, (own) => rs(halves(own)[0], ORDER - halves(own)[1])), 'accepted'],
  ['(n − r, s)', withSignature(ec, (own) => rs(ORDER - halves(own)[0], halves(own)[1])), 'SIGNATURE_INVALID'],
])

// RFC 8032 section 5.1: the order of the group, little-endian in a signature.
const GROUP = 2n ** 252n + 27742317777372353535851937790883648493n
const littleEndian = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
const plusGroup = (own: Buffer): Buffer =>
  Buffer.concat([own.subarray(0, 32), littleEndian(number(Buffer.from(own.subarray(32)).reverse()) + GROUP)])
/** Signatures for which the equation holds with a public key that is the neutral element: R = S·B for any S that one likes. */
const SMALL_ORDER = [
  ['0100000000000000000000000000000000000000000000000000000000000000', 'the neutral element'],
  ['ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'order 2'],
  ['0000000000000000000000000000000000000000000000000000000000000000', 'order 4'],
  ['0000000000000000000000000000000000000000000000000000000000000080', 'order 4, the other'],
  ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'order 8'],
  ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85', 'order 8, the second'],
  ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'order 8, the third'],
  ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa', 'order 8, the fourth'],
  ['0100000000000000000000000000000000000000000000000000000000000080', 'the neutral element with a sign'],
  ['edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'p, which is 0 unreduced'],
  ['edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'p with a sign'],
  ['eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'p + 1, which is 1 unreduced'],
  ['eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'p + 1 with a sign'],
  ['ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'order 2 with a sign'],
] as const
const smallOrderKeys = SMALL_ORDER.map(([hex], index) => ({
  kty: 'OKP',
  crv: 'Ed25519',
  kid: `small${index}`,
  x: Buffer.from(hex, 'hex').toString('base64url'),
}))
/** R = the neutral element, S = 0: holds for every message under the neutral element, and for many under small orders. */
const forgedFor = (kid: string): string =>
  withSignature({ ...ed, kid }, Buffer.concat([Buffer.from(SMALL_ORDER[0][0], 'hex'), Buffer.alloc(32)]))

attacks(
  'RFC 8032 5.1.7: EdDSA with S + L, and with keys of small order',
  { providers: [provider([ed, ...smallOrderKeys])] },
  [
    ['S as signed', withSignature(ed, (own) => own), 'accepted'],
    ['S + L', withSignature(ed, plusGroup), 'SIGNATURE_INVALID'],
    ['R = S = 0', withSignature(ed, Buffer.alloc(64)), 'SIGNATURE_INVALID'],
    ['R neutral, S = 0', forgedFor('ed'), 'SIGNATURE_INVALID'],
    [
      'high bits of S set',
      withSignature(ed, (own) => Buffer.concat([own.subarray(0, 63), Buffer.from([(own[63] ?? 0) | 0xe0])])),
      'SIGNATURE_INVALID',
    ],
    ...SMALL_ORDER.map(
      ([, name], index): AttackCase => [`a key of small order: ${name}`, forgedFor(`small${index}`), 'KEY_NOT_FOUND'],
    ),
  ],
)

const cubed = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
const e3: Signer = {
  alg: 'RS256',
  kid: 'e3',
  ...cubed,
  jwk: jwkWith({ ...cubed.publicKey.export({ format: 'jwk' }) }, { kid: 'e3', alg: 'RS256' }),
}
const DIGEST_INFO = '3031300d060960864801650304020105000420'

/** CVE-2006-4339: a cube whose first bytes are good padding and a hash, and whose rest is whatever it comes to. */
async function garbageAfterHash(): Promise<string> {
  const input = `${part({ alg: 'RS256', kid: 'e3' })}.${payload}`
  const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(input))).toString('hex')
  const head = `0001ffffffffffffffff00${DIGEST_INFO}${hash}`
  const root = cubeRoot(BigInt(`0x${head.padEnd(512, '0')}`)) + 1n
  return `${input}.${Buffer.from(root.toString(16).padStart(512, '0'), 'hex').toString('base64url')}`
}

function cubeRoot(value: bigint): bigint {
  let low = 0n
  let high = 1n << 700n
  while (low < high) {
    const middle = (low + high + 1n) >> 1n
    if (middle ** 3n <= value) low = middle
    else high = middle - 1n
  }
  return low
}

const rawRsa = (by: Signer, block: string): string =>
  withSignature(by, () => {
    const { n = '', d = '' } = by.privateKey.export({ format: 'jwk' })
    const [modulus, exponent] = [number(Buffer.from(n, 'base64url')), number(Buffer.from(d, 'base64url'))]
    return Buffer.from(
      power(BigInt(`0x${block}`), exponent, modulus)
        .toString(16)
        .padStart(512, '0'),
      'hex',
    )
  })

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

const hashOf = async (by: Signer): Promise<string> =>
  Buffer.from(
    await crypto.subtle.digest('SHA-256', Buffer.from(`${part({ alg: by.alg, kid: by.kid })}.${payload}`)),
  ).toString('hex')
const hash = await hashOf(rsa)
const padded = (middle: string): string => `0001${'ff'.repeat(256 - 3 - middle.length / 2)}00${middle}`
attacks('CVE-2006-4339: PKCS #1 v1.5 padding is checked whole', { providers: [provider([rsa, e3])] }, [
  ['a key with e = 3', jwt(e3), 'accepted'],
  ['garbage after the hash, by the cube root', await garbageAfterHash(), 'SIGNATURE_INVALID'],
  ['padding made by hand', rawRsa(rsa, padded(DIGEST_INFO + hash)), 'accepted'],
  ['no NULL in the DigestInfo', rawRsa(rsa, padded(`302f300b06096086480165030402010420${hash}`)), 'SIGNATURE_INVALID'],
  ['the hash without its name', rawRsa(rsa, padded(hash)), 'SIGNATURE_INVALID'],
  ['block type 2', rawRsa(rsa, padded(DIGEST_INFO + hash).replace(/^0001/, '0002')), 'SIGNATURE_INVALID'],
  ['zero bytes in the padding', rawRsa(rsa, padded(DIGEST_INFO + hash).replace('ffff', '00ff')), 'SIGNATURE_INVALID'],
  ['the name of SHA-1', rawRsa(rsa, padded(`3021300906052b0e03021a05000414${hash.slice(0, 40)}`)), 'SIGNATURE_INVALID'],
  ['bytes after the hash', rawRsa(rsa, padded(`${DIGEST_INFO}${hash}00`)), 'SIGNATURE_INVALID'],
])

const salted = (saltLength: number): string =>
  withSignature(pss, (_own, input) =>
    sign('sha256', Buffer.from(input), { key: pss.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  )
attacks('RFC 7518 3.5: the PSS salt is as long as the hash', all, [
  ['32 bytes', salted(32), 'accepted'],
  ...[0, 20, 31, 33, 64, 222].map((bytes): AttackCase => [`${bytes} bytes`, salted(bytes), 'SIGNATURE_INVALID']),
])

const flipped = (own: Buffer, at: number): Buffer => {
  const copy = Buffer.from(own)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
attacks(
  'every algorithm: one bit of the signature, of the header, of the payload',
  all,
  [ec, wide, ed, rsa, pss].flatMap((by): AttackCase[] => {
    const [head = '', , own = ''] = jwt(by).split('.')
    return [
      [`${by.alg} as signed`, withSignature(by, (bytes) => bytes), 'accepted'],
      [`${by.alg}, the first bit`, withSignature(by, (bytes) => flipped(bytes, 0)), 'SIGNATURE_INVALID'],
      [`${by.alg}, the last bit`, withSignature(by, (bytes) => flipped(bytes, bytes.length - 1)), 'SIGNATURE_INVALID'],
      [`${by.alg}, the middle`, withSignature(by, (bytes) => flipped(bytes, bytes.length >> 1)), 'SIGNATURE_INVALID'],
      [`${by.alg}, another subject`, `${head}.${part({ ...CLAIMS, sub: 'user-2' })}.${own}`, 'SIGNATURE_INVALID'],
      [
        `${by.alg}, the same header spelled otherwise`,
        `${part(`{"kid":"${by.kid}","alg":"${by.alg}"}`)}.${payload}.${own}`,
        'SIGNATURE_INVALID',
      ],
    ]
  }),
)

// A key pair made from a seed, so that this one case is the same in every run.
const fixed = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  },
})
const published = createPublicKey(fixed)
const rfc8037: Signer = {
  alg: 'EdDSA',
  kid: 'rfc8037',
  privateKey: fixed,
  publicKey: published,
  jwk: jwkWith(published.export({ format: 'jwk' }) as never, { kid: 'rfc8037' }),
}
attacks('RFC 8037 appendix A: its key signs JWTs', { providers: [provider([rfc8037])] }, [
  ['EdDSA', jwt(rfc8037), 'accepted'],
  [
    'its public key, taken for the private one',
    signed(part({ alg: 'EdDSA', kid: 'rfc8037' }), payload, ed),
    'SIGNATURE_INVALID',
  ],
])
