/** Keys in the set: each bad one is skipped, told, and the rest serves. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type JWK, remoteJwks } from '../../src/index.ts'
import {
  CLAIMS,
  eventLog,
  json,
  jwkWith,
  jwt,
  loopbackServer,
  manualClock,
  part,
  provider,
  type Signer,
  signed,
  signer,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, engines, record, verdictOn } from '../attack-table.ts'

const good = signer('ES256', 'good')
const ec = signer('ES256', 'bad')
const p384 = signer('ES384', 'bad')
const rsa = signer('RS256', 'bad')
const ed = signer('EdDSA', 'bad')

/** A key that signs well, and how it is published. */
type BadKey = readonly [name: string, by: Signer, members: Readonly<Record<string, unknown>>]

const bytes = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
const longer = (text: unknown): string =>
  Buffer.concat([Buffer.alloc(1), Buffer.from(String(text), 'base64url')]).toString('base64url')
const shorter = (text: unknown): string => Buffer.from(String(text), 'base64url').subarray(1).toString('base64url')
const privateMembers = rsa.privateKey.export({ format: 'jwk' })

const SYMMETRIC_AND_PRIVATE: readonly BadKey[] = [
  ['kty oct', ec, { kty: 'oct', k: 'c2VjcmV0' }],
  ['k beside an EC key', ec, { k: 'c2VjcmV0' }],
  ['d of an EC key', ec, { d: ec.privateKey.export({ format: 'jwk' }).d }],
  ['d of an Ed25519 key', ed, { d: ed.privateKey.export({ format: 'jwk' }).d }],
  ...(['d', 'p', 'q', 'dp', 'dq', 'qi'] as const).map(
    (member): BadKey => [`${member} of an RSA key`, rsa, { [member]: privateMembers[member] }],
  ),
  ['oth of an RSA key', rsa, { oth: [] }],
  ['a d that is empty', ec, { d: '' }],
  ['a d that is null', ec, { d: null }],
]
const KIND: readonly BadKey[] = [
  ...['rsa', 'ec', 'okp', 'Rsa', 'DSA', 'AKP', '', null, 1, ['EC'], undefined].flatMap((kty): BadKey[] => [
    [`kty ${JSON.stringify(kty)} on an EC key`, ec, { kty }],
    [`kty ${JSON.stringify(kty)} on an RSA key`, rsa, { kty }],
  ]),
  ['kty RSA on an EC key', ec, { kty: 'RSA' }],
  ['kty OKP on an EC key', ec, { kty: 'OKP' }],
]
const RSA: readonly BadKey[] = [
  ...[0n, 1n, 2n, 4n, 65536n, 2n ** 32n + 1n, 2n ** 64n + 13n, 2n ** 256n + 1n].map(
    (e): BadKey => [`e = ${e}`, rsa, { e: bytes(e) }],
  ),
  ['no e', rsa, { e: undefined }],
  ['an e that is a number', rsa, { e: 65537 }],
  ['an e that is empty', rsa, { e: '' }],
  ['an even n', rsa, { n: evenOf(String(rsa.jwk.n)) }],
  ['n of more than 8192 bits', rsa, { n: Buffer.alloc(1032, 0xff).toString('base64url') }],
  ['n of a mebibit', rsa, { n: Buffer.alloc(131_072, 0xff).toString('base64url') }],
  ['no n', rsa, { n: undefined }],
  ['an n in the other alphabet', rsa, { n: '+/+/' }],
]
const CURVES: readonly BadKey[] = [
  ['a point off the curve', ec, { y: ec.jwk.x }],
  [
    'the point at infinity',
    ec,
    { x: Buffer.alloc(32).toString('base64url'), y: Buffer.alloc(32).toString('base64url') },
  ],
  ['no y', ec, { y: undefined }],
  ['no x', ec, { x: undefined }],
  ['an x that is too long', ec, { x: longer(ec.jwk.x) }],
  ['an x that is too short', ec, { x: shorter(ec.jwk.x) }],
  ['a y that is a number', ec, { y: 1 }],
  ['the crv of another curve', ec, { crv: 'P-384' }],
  ['crv secp256k1', ec, { crv: 'secp256k1' }],
  ['crv in other letters', ec, { crv: 'p-256' }],
  ['no crv', ec, { crv: undefined }],
  ['alg ES256 on P-384', p384, { alg: 'ES256' }],
  ['alg RS256 on P-384', p384, { alg: 'RS256' }],
  ['an Ed25519 key of 31 bytes', ed, { x: shorter(ed.jwk.x) }],
  ['an Ed25519 key of 33 bytes', ed, { x: longer(ed.jwk.x) }],
  ['crv X25519', ed, { crv: 'X25519' }],
  ['crv Ed448', ed, { crv: 'Ed448' }],
]
const PURPOSE: readonly BadKey[] = [
  ...['enc', 'SIG', 'signature', '', null, ['sig']].map((use): BadKey => [`use ${JSON.stringify(use)}`, ec, { use }]),
  ...[[], ['sign'], ['encrypt'], ['VERIFY'], 'verify', null, {}].map(
    (operations): BadKey => [`key_ops ${JSON.stringify(operations)}`, ec, { key_ops: operations }],
  ),
  ...['HS256', 'none', 'ES256K', 'es256', 'RSA-OAEP', 'ES384', '', null, 1].map(
    (alg): BadKey => [`alg ${JSON.stringify(alg)}`, ec, { alg }],
  ),
]

function evenOf(n: string): string {
  const modulus = Buffer.from(n, 'base64url')
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) & 0xfe
  return modulus.toString('base64url')
}

/** Each bad key beside a good one: its tokens find no key, those of the good one do, and the set says why. */
function badKeys(title: string, keys: readonly BadKey[]): void {
  describe(title, () => {
    for (const { name: engine, createVerifier } of engines) {
      for (const [name, by, members] of keys) {
        test(`${name}, on the ${engine} engine`, async (context) => {
          const { onEvent, of } = eventLog()
          const bad = jwkWith(by.jwk, members)
          const verifier = createVerifier({
            providers: [provider([bad, good.jwk])],
            clock: manualClock(),
            onEvent,
          })
          for (const [token, expected] of [
            [jwt(good), 'accepted'],
            [jwt(by), 'KEY_NOT_FOUND'],
          ] as const) {
            const verdict = await verdictOn(() => verifier.verify(token), token)
            record(context, engine, expected, verdict)
            expect(verdict).toBe(expected)
          }
          expect(of('key-skipped')).toMatchObject([{ kid: 'bad', reason: expect.any(String) }])
          expect(verifier.status()).toMatchObject([{ keys: [{ kid: 'good' }], skipped: [{ kid: 'bad' }] }])
          // A provider that publishes secrets must not find them in its users' logs.
          for (const secret of Object.values(members)) {
            if (typeof secret !== 'string' || secret.length < 16) continue
            expect(JSON.stringify([of('key-skipped'), verifier.status()]).includes(secret)).toBe(false)
          }
        })
      }
    }
  })
}

badKeys('RFC 7517 9.2: symmetric and private keys that are published', SYMMETRIC_AND_PRIVATE)
badKeys('RFC 7517 4.1: kty unknown or in other letters', KIND)
badKeys('RFC 8725 3.5, Wycheproof: RSA exponents with which anyone can forge, and moduli that are none', RSA)
badKeys('RFC 8725 3.4, RFC 7518 6.2: points off the curve, missing coordinates, other curves', CURVES)
badKeys('RFC 7517 4.2 to 4.4: use, key_ops and alg that say otherwise', PURPOSE)

attacks(
  'RFC 7517 4.2 to 4.4: use, key_ops and alg that are right',
  {
    providers: [
      provider([
        jwkWith(ec.jwk, { kid: 'use', use: 'sig' }),
        jwkWith(ec.jwk, { kid: 'ops', key_ops: ['verify'] }),
        jwkWith(ec.jwk, { kid: 'more', key_ops: ['sign', 'verify'], use: 'sig' }),
        jwkWith(ec.jwk, { kid: 'bare', alg: undefined }),
        jwkWith(rsa.jwk, { kid: 'zero', n: longer(rsa.jwk.n) }),
      ]),
    ],
  },
  [
    ['use sig', jwt(ec, {}, { kid: 'use' }), 'accepted'],
    ['key_ops verify', jwt(ec, {}, { kid: 'ops' }), 'accepted'],
    ['key_ops verify among others', jwt(ec, {}, { kid: 'more' }), 'accepted'],
    ['no alg', jwt(ec, {}, { kid: 'bare' }), 'accepted'],
    ['a modulus with a zero byte before it, as some providers have it', jwt(rsa, {}, { kid: 'zero' }), 'accepted'],
    ['the same kid with another key’s signature', jwt(rsa, {}, { kid: 'use' }), 'KEY_NOT_FOUND'],
  ],
)

/** With e = 1 the signature is the padded hash itself: anyone writes it down. */
function forgedForOne(): string {
  const input = `${part({ alg: 'RS256', kid: 'bad' })}.${part(CLAIMS)}`
  const tail = `3031300d060960864801650304020105000420${createHash('sha256').update(input).digest('hex')}`
  const block = `0001${'ff'.repeat(256 - 3 - tail.length / 2)}00${tail}`
  return `${input}.${Buffer.from(block, 'hex').toString('base64url')}`
}
attackOn('Wycheproof json_web_key 9: a forgery for e = 1', 'KEY_NOT_FOUND', async (engine) => {
  const verifier = engine.createVerifier({
    providers: [provider([jwkWith(rsa.jwk, { e: 'AQ' }), good.jwk])],
    clock: manualClock(),
  })
  expect(await verdictOn(() => verifier.verify(jwt(good)))).toBe('accepted')
  return verdictOn(() => verifier.verify(forgedForOne()))
})

const NO_KEYS: readonly unknown[] = [null, 'text', '', 1, true, [], [null], {}, { kty: null }, { kid: 'bad' }]
attackOn(
  'jose, aws-jwt-verify, jwks-rsa, get-jwks: null, text and numbers among keys',
  'KEY_NOT_FOUND',
  async (engine) => {
    const server = await loopbackServer(json({ keys: [...NO_KEYS, good.jwk, ...NO_KEYS] }))
    const { onEvent, of } = eventLog()
    const verifier = engine.createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock: manualClock(),
      onEvent,
    })
    expect(await verdictOn(() => verifier.verify(jwt(good)))).toBe('accepted')
    expect(verifier.status()).toMatchObject([{ keys: [{ kid: 'good' }], state: 'fresh' }])
    expect(verifier.status()[0]?.skipped).toHaveLength(NO_KEYS.length * 2)
    expect(of('key-skipped').length).toBeGreaterThan(0)
    return verdictOn(() => verifier.verify(jwt(ec)))
  },
)

const KIDS: readonly unknown[] = [null, 1, true, [], ['good'], {}, 'k'.repeat(257)]
attackOn('jwks-rsa: a kid among the keys that is no string of sane length', 'KEY_NOT_FOUND', async (engine) => {
  const keys = [...KIDS.map((kid) => jwkWith(ec.jwk, { kid })), good.jwk] as JWK[]
  const verifier = engine.createVerifier({ providers: [provider(keys)], clock: manualClock() })
  expect(await verdictOn(() => verifier.verify(jwt(good)))).toBe('accepted')
  expect(await verdictOn(() => verifier.verify(jwt(ec, {}, { kid: undefined })))).toBe('SIGNATURE_INVALID')
  return verdictOn(() => verifier.verify(jwt(ec)))
})

const twin = signer('ES256', 'good')
const SAME_KID: readonly AttackCase[] = [
  ['the first of them', jwt(good), 'accepted'],
  ['the second', jwt(twin), 'accepted'],
  ['a third key', jwt(ec, {}, { kid: 'good' }), 'SIGNATURE_INVALID'],
  ['the algorithm of neither', signed(part({ alg: 'RS256', kid: 'good' }), part(CLAIMS), rsa), 'KEY_NOT_FOUND'],
]
attacks('RFC 7517 4.5: two keys of one kid are both that kid’s', { providers: [provider([good, twin])] }, SAME_KID)

for (const { name, createVerifier } of engines) {
  test(`RFC 7517 5: no more keys are read than maxKeys, on the ${name} engine`, async () => {
    const many = Array.from({ length: 50 }, (_, index) => jwkWith(ec.jwk, { kid: `k${index}` }))
    const verifier = createVerifier({
      providers: [provider([...many, good.jwk])],
      clock: manualClock(),
      cache: { maxKeys: 50 },
    })
    expect(await verdictOn(() => verifier.verify(jwt(ec, {}, { kid: 'k49' })))).toBe('accepted')
    expect(await verdictOn(() => verifier.verify(jwt(good)))).toBe('KEY_NOT_FOUND')
  })
}

attackOn(
  'CVE-2022-23529 (withdrawn): objects that act as text where a key’s members are due',
  'KEY_NOT_FOUND',
  async (engine) => {
    const acting = { toString: () => String(ec.jwk.x), length: 43 }
    expect(await verdictOn(() => provider([jwkWith(ec.jwk, {}), { ...ec.jwk, x: acting } as never]))).toBe(
      'CONFIG_INVALID',
    )
    const bad = [{ x: { ...acting, toString: 'x' } }, { y: [ec.jwk.y] }, { kty: ['EC'] }, { crv: { 0: 'P-256' } }]
    const keys = bad.map((members) => ({ ...ec.jwk, ...members }) as never)
    const verifier = engine.createVerifier({ providers: [provider([good.jwk, ...keys])], clock: manualClock() })
    expect(await verdictOn(() => verifier.verify(jwt(good)))).toBe('accepted')
    return verdictOn(() => verifier.verify(jwt(ec)))
  },
)
