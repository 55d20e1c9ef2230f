import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  CLAIMS,
  ENGINES,
  errorOf,
  eventLog,
  jwkWith,
  jwt,
  manualClock,
  NOW,
  part,
  provider,
  type Signer,
  signed,
  signer,
  verdict,
} from '../test/loopback-issuer.ts'
import { type JWK, type KeySource, pemKey, staticJwks } from './index.ts'

const good = signer('ES256', 'good')
const ec = signer('ES256', 'k')
const ec384 = signer('ES384', 'k')
const rsa = signer('RS256', 'k')
const pss = { ...rsa, alg: 'PS256' } as const satisfies Signer
const short = signer('RS256', 'k', 1024)
const ed = signer('EdDSA', 'k')

const bytes = (value: unknown): Buffer => Buffer.from(String(value), 'base64url')
const text = (value: Uint8Array): string => Buffer.from(value).toString('base64url')
/** A number of exactly this many bits, odd, with no meaning as a modulus. */
const ofBits = (bits: number): string =>
  text(Buffer.from(((1n << BigInt(bits)) - 1n).toString(16).padStart(2 * Math.ceil(bits / 8), '0'), 'hex'))
const zeroBefore = (value: unknown): string => text(Buffer.concat([Buffer.from([0]), bytes(value)]))
const lastBit = (value: unknown, bit: 0 | 1): string => {
  const copy = bytes(value)
  copy[copy.length - 1] = ((copy.at(-1) ?? 0) & 0xfe) | bit
  return text(copy)
}
const otherByte = (value: unknown): string => {
  const copy = bytes(value)
  copy[5] = (copy[5] ?? 0) ^ 1
  return text(copy)
}
/** A decoder that looks at the low byte alone takes it for the same. */
const lookAlike = (value: unknown): string =>
  String.fromCharCode(String(value).charCodeAt(0) + 0x100) + String(value).slice(1)
const secp256k1 = (): JWK => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  return { ...publicKey.export({ format: 'jwk' }), kid: 'k' } as JWK
}

/** The encodings of the points whose order divides 8: with them anyone can sign. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

type Defect = readonly [name: string, by: Signer, members: Readonly<Record<string, unknown>>, reason: RegExp]

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const longKid = 'k'.repeat(257)

/** Each is a good key but for what is named. */
const defects: readonly Defect[] = [
  ['kty in lower case', ec, { kty: 'ec' }, /^has "kty" "ec", expected RSA, EC or OKP$/],
  ['kty RSA in lower case', rsa, { kty: 'rsa' }, /^has "kty" "rsa"/],
  ['kty missing', ec, { kty: undefined }, /^has "kty" nothing/],
  ['kty an array', ec, { kty: ['EC'] }, /^has "kty" \["EC"\]/],
  ['kty that every object has', ec, { kty: 'constructor' }, /^has "kty" "constructor"/],
  ...PRIVATE.map((name): Defect => [`the member ${name}`, rsa, { [name]: 'AQAB' }, /^is a PRIVATE key/]),
  ['the member d, empty', ec, { d: '' }, /^is a PRIVATE key/],
  ['the member d, null', ed, { d: null }, /^is a PRIVATE key/],
  ['use enc', ec, { use: 'enc' }, /^has "use" "enc", expected "sig"$/],
  ['use empty', ec, { use: '' }, /^has "use" ""/],
  ['use null', ec, { use: null }, /^has "use" null/],
  ['use in other case', ec, { use: 'SIG' }, /^has "use" "SIG"/],
  ['use an array', ec, { use: ['sig'] }, /^has "use"/],
  ['key_ops without verify', ec, { key_ops: ['sign'] }, /^has "key_ops" \["sign"\], expected "verify" among them$/],
  ['key_ops empty', ec, { key_ops: [] }, /^has "key_ops"/],
  ['key_ops a text', ec, { key_ops: 'verify' }, /^has "key_ops"/],
  ['key_ops with one twice', ec, { key_ops: ['verify', 'verify'] }, /^has "key_ops" \["verify", "verify"\], expected/],
  ['key_ops with what is no text', ec, { key_ops: ['verify', 5] }, /^has "key_ops"/],
  ['key_ops null', ec, { key_ops: null }, /^has "key_ops"/],
  ['alg of another kind of key', ec, { alg: 'RS256' }, /^"alg" "RS256" does not fit EC P-256$/],
  ['alg of another curve', ec, { alg: 'ES384' }, /^"alg" "ES384" does not fit EC P-256$/],
  ['alg of a smaller curve', ec384, { alg: 'ES256' }, /^"alg" "ES256" does not fit EC P-384$/],
  ['alg for encryption', rsa, { alg: 'RSA-OAEP' }, /^has "alg" "RSA-OAEP", expected one of RS256/],
  ['alg HS256', rsa, { alg: 'HS256' }, /^has "alg" "HS256"/],
  ['alg none', ec, { alg: 'none' }, /^has "alg" "none"/],
  ['alg that every object has', ec, { alg: 'constructor' }, /^has "alg" "constructor"/],
  ['alg a number', ec, { alg: 5 }, /^has "alg" 5/],
  ['alg null', ec, { alg: null }, /^has "alg" null/],
  ['n of 1024 bits', short, {}, /^has 1024 bits, expected at least 2048$/],
  ['n of 2047 bits', rsa, { n: ofBits(2047) }, /^has 2047 bits, expected at least 2048$/],
  [
    'n of 1024 bits with zeros before',
    rsa,
    { n: text(Buffer.concat([Buffer.alloc(200), bytes(short.jwk.n)])) },
    /^has 1024 bits/,
  ],
  ['n of 8193 bits', rsa, { n: ofBits(8193) }, /^has 8193 bits, expected at most 8192$/],
  ['n of zeros', rsa, { n: text(Buffer.alloc(256)) }, /^has .* bits, expected at least 2048$/],
  ['n even', rsa, { n: lastBit(rsa.jwk.n, 0) }, /^has an even modulus$/],
  ['n missing', rsa, { n: undefined }, /^has an "n" or "e" that is not base64url$/],
  ['n with padding', rsa, { n: `${rsa.jwk.n}==` }, /^has an "n" or "e" that is not base64url$/],
  [
    'n with a letter that is none of the alphabet',
    rsa,
    { n: lookAlike(rsa.jwk.n) },
    /^has an "n" or "e" that is not base64url$/,
  ],
  [
    'x with a letter that is none of the alphabet',
    ec,
    { x: lookAlike(ec.jwk.x) },
    /^has an "x" or "y" that is not 32 bytes$/,
  ],
  ['n a number', rsa, { n: 5 }, /^has an "n" or "e" that is not base64url$/],
  ['e missing', rsa, { e: undefined }, /^has an "n" or "e" that is not base64url$/],
  ['e empty', rsa, { e: '' }, /^has an "n" or "e" that is not base64url$/],
  ['e = 0', rsa, { e: 'AA' }, /^has the exponent 0/],
  ['e = 1', rsa, { e: 'AQ' }, /^has the exponent 1, expected an odd one from 3 to 2\^32$/],
  ['e = 1 with zeros before', rsa, { e: 'AAAB' }, /^has the exponent 1,/],
  ['e = 2', rsa, { e: 'Ag' }, /^has the exponent 2,/],
  ['e = 65536', rsa, { e: 'AQAA' }, /^has the exponent 65536,/],
  ['e = 2^32 + 1', rsa, { e: 'AQAAAAE' }, /^has the exponent 4294967297,/],
  ['e as long as n', rsa, { e: ofBits(2048) }, /^has the exponent/],
  ['crv unknown', ec, { crv: 'P-257', alg: undefined }, /^has "crv" "P-257", expected P-256, P-384 or P-521$/],
  ['crv missing', ec, { crv: undefined }, /^has "crv" nothing/],
  ['crv that every object has', ec, { crv: 'constructor' }, /^has "crv" "constructor"/],
  ['crv secp256k1', ec, { ...secp256k1(), alg: undefined }, /^has "crv" "secp256k1"/],
  ['x with a zero before', ec, { x: zeroBefore(ec.jwk.x) }, /^has an "x" or "y" that is not 32 bytes$/],
  ['y with a zero before', ec, { y: zeroBefore(ec.jwk.y) }, /^has an "x" or "y" that is not 32 bytes$/],
  ['x cut off', ec, { x: text(bytes(ec.jwk.x).subarray(1)) }, /^has an "x" or "y" that is not 32 bytes$/],
  ['x a character too long', ec384, { x: `${ec384.jwk.x}A` }, /^has an "x" or "y" that is not 48 bytes$/],
  ['y missing', ec, { y: undefined }, /^has an "x" or "y" that is not 32 bytes$/],
  ['y of another point', ec, { y: otherByte(ec.jwk.y) }, /^is no valid EC P-256 key$/],
  ['the point 0, 0', ec, { x: text(Buffer.alloc(32)), y: text(Buffer.alloc(32)) }, /^is no valid EC P-256 key$/],
  ['coordinates of P-256 on P-384', ec, { crv: 'P-384', alg: undefined }, /^has an "x" or "y" that is not 48 bytes$/],
  ['crv X25519', ed, { crv: 'X25519' }, /^has "crv" "X25519", expected Ed25519$/],
  ['crv Ed448', ed, { crv: 'Ed448', alg: undefined }, /^has "crv" "Ed448", expected Ed25519$/],
  ['x of 31 bytes', ed, { x: text(bytes(ed.jwk.x).subarray(1)) }, /^has an "x" that is not 32 bytes$/],
  ['x of 33 bytes', ed, { x: zeroBefore(ed.jwk.x) }, /^has an "x" that is not 32 bytes$/],
  ['x missing', ed, { x: undefined }, /^has an "x" that is not 32 bytes$/],
  ...SMALL_ORDER.map(
    (hex): Defect => [
      `x of small order ${hex.slice(0, 4)}…${hex.slice(-2)}`,
      ed,
      { x: text(Buffer.from(hex, 'hex')) },
      /^is an Ed25519 point of small order/,
    ],
  ),
]

/** Keys that are odd, and good. */
const oddities: readonly (readonly [name: string, by: Signer, members: Readonly<Record<string, unknown>>])[] = [
  ['as it is', ec, {}],
  ['without alg', ec, { alg: undefined }],
  ['use sig', ec, { use: 'sig' }],
  ['key_ops with verify among others', ec, { key_ops: ['sign', 'verify'] }],
  ['members that nobody knows', ec, { status: 'active', x5c: ['MIIB'], x5t: 'x', nested: { d: 'x' } }],
  ['n with a zero byte before', rsa, { n: zeroBefore(rsa.jwk.n) }],
  ['e with a zero byte before', rsa, { e: zeroBefore(rsa.jwk.e) }],
  ['n of 2048 bits and no alg', rsa, { alg: undefined }],
  ['Ed25519 by its other name', ed, { alg: 'Ed25519' }],
  ['RSA for PSS', pss, { alg: 'PS256' }],
]

for (const { name, createVerifier } of ENGINES) {
  const make = (jwks: readonly unknown[], options = {}) => {
    const events = eventLog()
    const keys = staticJwks({ keys: jwks as JWK[] })
    const providers = [provider([], { keys })]
    const verifier = createVerifier({ providers, clock: manualClock(), onEvent: events.onEvent, ...options })
    return { verifier, events }
  }

  describe(`a bad key among good ones on the ${name} engine`, () => {
    for (const [what, by, members, reason] of defects) {
      test(`${what}: skipped, and the rest serves`, async () => {
        const { verifier, events } = make([jwkWith(by.jwk, members), good.jwk])
        expect(await verdict(() => verifier.verify(jwt(good)))).toBe('accepted')
        expect(await verdict(() => verifier.verify(jwt(by)))).toBe('KEY_NOT_FOUND')
        const skipped = events.of('key-skipped')
        expect(skipped).toHaveLength(1)
        expect(skipped[0]).toMatchObject({ kid: 'k', provider: 'acme', reason: expect.stringMatching(reason) })
        expect(verifier.status()[0]?.skipped).toEqual([{ kid: 'k', reason: skipped[0]?.reason }])
        expect(verifier.status()[0]?.keys).toHaveLength(1)
      })
    }

    for (const [what, value, reason] of [
      ['a symmetric key', { kty: 'oct', kid: 'k', k: 'c2VjcmV0' }, /^is a symmetric key/],
      ['null', null, /^is no object but null$/],
      ['text', 'key', /^is no object but "key"$/],
      ['a number', 5, /^is no object but 5$/],
      ['true', true, /^is no object but true$/],
      ['an array', [ec.jwk], /^is no object but an array of 1$/],
      ['an empty object', {}, /^has "kty" nothing/],
      [
        'a kid that is a number',
        jwkWith(ec.jwk, { kid: 5 }),
        /^has "kid" 5, expected a string of at most 256 characters$/,
      ],
      ['a kid that is null', jwkWith(ec.jwk, { kid: null }), /^has "kid" null/],
      ['a kid of 257 characters', jwkWith(ec.jwk, { kid: longKid }), /^has "kid" "kkk/],
    ] as const) {
      test(`${what}: skipped, and the rest serves`, async () => {
        const { verifier, events } = make([value, good.jwk])
        expect(await verdict(() => verifier.verify(jwt(good)))).toBe('accepted')
        expect(await verdict(() => verifier.verify(jwt(ec, {}, { kid: undefined })))).toBe('SIGNATURE_INVALID')
        expect(events.of('key-skipped').map((event) => event.reason)).toEqual([expect.stringMatching(reason)])
        expect(verifier.status()[0]?.keys).toHaveLength(1)
      })
    }

    for (const [what, by, members] of oddities) {
      test(`${what}: taken`, async () => {
        const { verifier, events } = make([jwkWith(by.jwk, members), good.jwk])
        expect(await verdict(() => verifier.verify(jwt(by)))).toBe('accepted')
        expect(events.of('key-skipped')).toEqual([])
      })
    }

    test('a kid of 256 characters: taken', async () => {
      const kid = 'k'.repeat(256)
      const { verifier } = make([jwkWith(ec.jwk, { kid })])
      expect(await verdict(() => verifier.verify(jwt(ec, {}, { kid })))).toBe('accepted')
    })

    test('a key of 8192 bits passes the screening', async () => {
      const { verifier, events } = make([jwkWith(rsa.jwk, { n: ofBits(8192) }), good.jwk])
      expect(await verdict(() => verifier.verify(jwt(good)))).toBe('accepted')
      expect(events.of('key-skipped')).toEqual([])
      expect(await verdict(() => verifier.verify(jwt(rsa)))).toBe('SIGNATURE_INVALID')
    })

    test('a set of bad keys alone is a fault of the provider', async () => {
      const { verifier } = make([null, jwkWith(ec.jwk, { use: 'enc' })])
      const error = await errorOf(() => verifier.verify(jwt(ec)))
      expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', kind: 'keys', status: 503, provider: 'acme' })
      expect(error.message).toContain('expected at least one usable key, found none')
      expect(error.message).toContain('is no object but null, and 1 more')
    })

    test('keys beyond maxKeys are not read, and that is told', async () => {
      const { verifier, events } = make(
        [good.jwk, rsa.jwk, ed.jwk].map((jwk, n) => ({ ...jwk, kid: `k${n}` })),
        {
          cache: { maxKeys: 2 },
        },
      )
      expect(await verdict(() => verifier.verify(jwt(good, {}, { kid: 'k0' })))).toBe('accepted')
      expect(await verdict(() => verifier.verify(jwt(rsa, {}, { kid: 'k1' })))).toBe('accepted')
      expect(await verdict(() => verifier.verify(jwt(ed, {}, { kid: 'k2' })))).toBe('KEY_NOT_FOUND')
      expect(events.of('key-skipped')).toMatchObject([
        { kid: undefined, reason: '1 more than the 2 keys that are read' },
      ])
    })

    test('a hundred keys are read, and no more', async () => {
      const { verifier } = make(Array.from({ length: 101 }, (_, n) => ({ ...ec.jwk, kid: String(n) })))
      expect(await verdict(() => verifier.verify(jwt(ec, {}, { kid: '99' })))).toBe('accepted')
      expect(await verdict(() => verifier.verify(jwt(ec, {}, { kid: '100' })))).toBe('KEY_NOT_FOUND')
    })

    test('a key that stands twice is one', async () => {
      const unnamed = jwkWith(rsa.jwk, { kid: undefined })
      const { verifier } = make([
        good.jwk,
        good.jwk,
        ...Array(6).fill(unnamed),
        jwkWith(signer('RS256').jwk, { kid: undefined }),
      ])
      expect(await verdict(() => verifier.verify(jwt(good)))).toBe('accepted')
      expect(verifier.status()[0]?.keys).toHaveLength(3)
    })
  })

  describe(`the choice of a key on the ${name} engine`, () => {
    type Choice = readonly [name: string, keys: readonly JWK[] | KeySource, token: string, expected: string]
    const unnamed = (by: Signer, members = {}): JWK => jwkWith(by.jwk, { kid: undefined, ...members })
    const withoutKid = (by: Signer): string => jwt(by, {}, { kid: undefined })
    const pem = ec.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const named = (by: Signer, alg: string): string => jwt({ ...by, alg: alg as Signer['alg'] })
    /** Says one algorithm and is signed with another. */
    const says = (alg: string, by: Signer): string => signed(part({ alg, kid: by.kid }), part(CLAIMS), by)
    const mixed: KeySource = {
      id: 'mixed',
      load: async () => ({ jwks: { keys: [good.jwk, unnamed(ec)] }, anyKid: true }),
    }
    const others = Array.from({ length: 4 }, (_, n) => signer('ES256', `other-${n}`))
    const choices: readonly Choice[] = [
      ['a kid means that key', [good.jwk, ec.jwk], jwt(ec), 'accepted'],
      ['a kid means that key or none', [good.jwk, ec.jwk], jwt(ec, {}, { kid: 'gone' }), 'KEY_NOT_FOUND'],
      [
        'a kid means that key, not one that fits better',
        [good.jwk, ec.jwk],
        jwt(ec, {}, { kid: 'good' }),
        'SIGNATURE_INVALID',
      ],
      ['a kid in other case is another', [ec.jwk], jwt(ec, {}, { kid: 'K' }), 'KEY_NOT_FOUND'],
      ['a kid that every object has is none', [ec.jwk], jwt(ec, {}, { kid: 'constructor' }), 'KEY_NOT_FOUND'],
      ['a kid of prototypes is none', [ec.jwk], jwt(ec, {}, { kid: '__proto__' }), 'KEY_NOT_FOUND'],
      ['an empty kid is a kid', [ec.jwk], jwt(ec, {}, { kid: '' }), 'KEY_NOT_FOUND'],
      ['without kid the key that fits', [rsa.jwk, ec.jwk, ed.jwk], withoutKid(ec), 'accepted'],
      ['without kid none fits', [rsa.jwk, ed.jwk], withoutKid(ec), 'KEY_NOT_FOUND'],
      [
        'without kid the fourth is tried',
        [...others.slice(1).map(({ jwk }) => jwk), ec.jwk],
        withoutKid(ec),
        'accepted',
      ],
      [
        'without kid a fifth is not tried',
        [...others.map(({ jwk }) => jwk), ec.jwk],
        withoutKid(ec),
        'SIGNATURE_INVALID',
      ],
      [
        'without kid those that do not fit count as no try',
        [rsa, ed, ec384, ...others.slice(1), ec].map(({ jwk }, n) => ({ ...jwk, kid: String(n) })),
        withoutKid(ec),
        'accepted',
      ],
      ['a key without kid fits a token without', [unnamed(ec)], withoutKid(ec), 'accepted'],
      ['a key without kid fits no token with one', [unnamed(ec)], jwt(ec), 'KEY_NOT_FOUND'],
      ['a key from a PEM fits any kid', pemKey(pem, { alg: 'ES256' }), jwt(ec, {}, { kid: 'any' }), 'accepted'],
      ['a key from a PEM fits no kid', pemKey(pem, { alg: 'ES256' }), withoutKid(ec), 'accepted'],
      ['a key from a PEM with a kid fits that', pemKey(pem, { alg: 'ES256', kid: 'k' }), jwt(ec), 'accepted'],
      [
        'a key from a PEM with a kid fits no other',
        pemKey(pem, { alg: 'ES256', kid: 'k' }),
        jwt(ec, {}, { kid: 'x' }),
        'KEY_NOT_FOUND',
      ],
      [
        'a key that fits any kid leaves those with a kid to theirs',
        mixed,
        jwt(good, {}, { kid: 'x' }),
        'SIGNATURE_INVALID',
      ],
      ['a key that fits any kid does so beside others', mixed, jwt(ec, {}, { kid: 'x' }), 'accepted'],
      ['two keys under one kid, told apart by kind', [ec.jwk, rsa.jwk], jwt(rsa), 'accepted'],
      ['two keys under one kid, of one kind', [signer('ES256', 'k').jwk, ec.jwk], jwt(ec), 'accepted'],
      ['a key for RS256 verifies no PS256', [rsa.jwk], jwt(pss), 'KEY_NOT_FOUND'],
      ['a key for PS256 verifies no RS256', [{ ...rsa.jwk, alg: 'PS256' }], jwt(rsa), 'KEY_NOT_FOUND'],
      ['a key for RS512 verifies no RS256', [{ ...rsa.jwk, alg: 'RS512' }], jwt(rsa), 'KEY_NOT_FOUND'],
      ['a key without alg verifies RS256', [jwkWith(rsa.jwk, { alg: undefined })], jwt(rsa), 'accepted'],
      ['a key without alg verifies PS256', [jwkWith(rsa.jwk, { alg: undefined })], jwt(pss), 'accepted'],
      [
        'a key without alg verifies PS512',
        [jwkWith(rsa.jwk, { alg: undefined })],
        jwt({ ...rsa, alg: 'PS512' }),
        'accepted',
      ],
      ['EdDSA and a key for EdDSA', [ed.jwk], named(ed, 'EdDSA'), 'accepted'],
      ['Ed25519 and a key for EdDSA', [ed.jwk], named(ed, 'Ed25519'), 'accepted'],
      ['EdDSA and a key for Ed25519', [{ ...ed.jwk, alg: 'Ed25519' }], named(ed, 'EdDSA'), 'accepted'],
      ['Ed25519 and a key without alg', [jwkWith(ed.jwk, { alg: undefined })], named(ed, 'Ed25519'), 'accepted'],
      ['ES256 and a key on P-384', [jwkWith(ec384.jwk, { alg: undefined })], says('ES256', ec384), 'KEY_NOT_FOUND'],
      ['ES384 and a key on P-256', [jwkWith(ec.jwk, { alg: undefined })], says('ES384', ec), 'KEY_NOT_FOUND'],
      ['ES384 and a key on P-384', [jwkWith(ec384.jwk, { alg: undefined })], jwt(ec384), 'accepted'],
      ['RS256 and an EC key', [jwkWith(ec.jwk, { alg: undefined })], says('RS256', ec), 'KEY_NOT_FOUND'],
      ['ES256 and an RSA key', [jwkWith(rsa.jwk, { alg: undefined })], says('ES256', rsa), 'KEY_NOT_FOUND'],
      ['EdDSA and an EC key', [jwkWith(ec.jwk, { alg: undefined })], says('EdDSA', ec), 'KEY_NOT_FOUND'],
      ['the first of two keys of one kid', [good.jwk, jwkWith(ec.jwk, { kid: 'good' })], jwt(good), 'accepted'],
      ['the second of two keys of one kid', [jwkWith(ec.jwk, { kid: 'good' }), good.jwk], jwt(good), 'accepted'],
      ['a key whose time has ended', [jwkWith(ec.jwk, { exp: NOW - 1 })], jwt(ec), 'KEY_NOT_FOUND'],
      ['a key whose exp is no number', [jwkWith(ec.jwk, { exp: '1', nbf: null })], jwt(ec), 'accepted'],
      ['a key whose time ends now', [jwkWith(ec.jwk, { exp: NOW })], jwt(ec), 'accepted'],
      ['a key whose time has not begun', [jwkWith(ec.jwk, { nbf: NOW + 1 })], jwt(ec), 'KEY_NOT_FOUND'],
      ['a key whose time begins now', [jwkWith(ec.jwk, { nbf: NOW })], jwt(ec), 'accepted'],
    ]
    for (const [what, keys, token, expected] of choices) {
      test(`${what}: ${expected}`, async () => {
        const source = 'load' in keys ? keys : staticJwks({ keys: [...keys] })
        const verifier = createVerifier({ providers: [provider([], { keys: source })], clock: manualClock() })
        expect(await verdict(() => verifier.verify(token))).toBe(expected)
      })
    }
  })
}

describe('the refusal of a token whose key is not there', () => {
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
  const cases: readonly (readonly [
    name: string,
    keys: readonly JWK[],
    token: string,
    expected: string,
    found: string,
  ])[] = [
    [
      'names the keys that there are',
      [good.jwk, ec.jwk],
      jwt(ec, {}, { kid: 'gone' }),
      '"kid" "good" or "k"',
      '"gone", which is not published, or no longer',
    ],
    [
      'says that the key is for another algorithm',
      [rsa.jwk],
      jwt(pss),
      '"kid" "k"',
      '"k", which is for RS256, not for PS256',
    ],
    [
      'says that the key is of another kind',
      [jwkWith(ec.jwk, { alg: undefined })],
      jwt({ ...rsa }),
      '"kid" "k"',
      '"k", which is EC P-256, which RS256 does not use',
    ],
    [
      'says that the key was skipped',
      [jwkWith(ec.jwk, { use: 'enc' }), good.jwk],
      jwt(ec),
      '"kid" "good"',
      '"k", which is published but has "use" "enc", expected "sig"',
    ],
    [
      'says that the key has ended',
      [jwkWith(ec.jwk, { exp: 1 })],
      jwt(ec),
      '"kid" "k"',
      '"k", which has ended (its certificate or "exp")',
    ],
    [
      'says that the key has not begun',
      [jwkWith(ec.jwk, { nbf: NOW * 2 })],
      jwt(ec),
      '"kid" "k"',
      '"k", which has not begun (its certificate or "nbf")',
    ],
    [
      'says that no key fits',
      [rsa.jwk],
      jwt(ec, {}, { kid: undefined }),
      '"k"',
      'no "kid", and no key that fits ES256',
    ],
    [
      'says that the keys have no kid',
      [jwkWith(ec.jwk, { kid: undefined })],
      jwt(ec),
      '"kid" absent, as the published keys have none',
      '"k"',
    ],
  ]
  for (const [name, keys, token, expected, found] of cases) {
    test(name, async () => {
      const providers = [provider([], { keys: staticJwks({ keys: [...keys] }) })]
      const verifier = createVerifier({ providers, clock: manualClock() })
      expect(await errorOf(() => verifier.verify(token))).toMatchObject({ code: 'KEY_NOT_FOUND', expected, found })
    })
  }
})
