import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { VALID_CERTIFICATE } from '../../test/certificates.ts'
import {
  ENGINES,
  errorOf,
  jwt,
  manualClock,
  provider,
  type Signer,
  signer,
  verdict,
} from '../../test/loopback-issuer.ts'
import { type Algorithm, pemKey } from '../index.ts'

const pemOf = (by: Signer): string => by.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const key = signer()
const pem = pemOf(key)
const bare = pem.replace(/-----[^-]+-----/g, '').trim()
const rsa = signer('RS256', 'k1')

const spellings: readonly (readonly [name: string, pem: string])[] = [
  ['as it is written', pem],
  ['without the last line feed', pem.trim()],
  ['with blanks around it', `\n  ${pem}\n`],
  ['with lines of Windows', pem.replace(/\n/g, '\r\n')],
  ['with escaped line breaks', pem.replace(/\n/g, '\\n')],
  ['on one line', pem.replace(/\n/g, '')],
  ['on one line with blanks', pem.replace(/\n/g, ' ')],
  ['without header and footer', bare],
  ['without header and footer, on one line', bare.replace(/\n/g, '')],
  ['without header and footer, with escaped line breaks', bare.replace(/\n/g, '\\n')],
]

for (const { name: engine, createVerifier } of ENGINES) {
  const verify = (source: string, alg: Algorithm, token: string, kid?: string) =>
    verdict(() =>
      createVerifier({
        providers: [provider([], { keys: pemKey(source, { alg, ...(kid !== undefined && { kid }) }) })],
        clock: manualClock(),
      }).verify(token),
    )

  describe(`pemKey on the ${engine} engine`, () => {
    for (const [name, text] of spellings) {
      test(`takes a key ${name}`, async () => {
        expect(await verify(text, 'ES256', jwt(key))).toBe('accepted')
        expect(await verify(text, 'ES256', jwt(signer()))).toBe('SIGNATURE_INVALID')
      })
    }

    for (const alg of ['RS256', 'PS384', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const) {
      test(`takes a key for ${alg}`, async () => {
        const by = signer(alg)
        expect(await verify(pemOf(by), alg, jwt(by))).toBe('accepted')
        expect(await verify(pemOf(by), alg, jwt(by, {}, { kid: 'other' }))).toBe('accepted')
        expect(await verify(pemOf(by), alg, jwt(by), 'k1')).toBe('accepted')
        expect(await verify(pemOf(by), alg, jwt(by), 'other')).toBe('KEY_NOT_FOUND')
      })
    }

    test('is for its one algorithm alone', async () => {
      expect(await verify(pemOf(rsa), 'PS256', jwt(rsa))).toBe('KEY_NOT_FOUND')
      expect(await verify(pemOf(rsa), 'RS256', jwt(rsa))).toBe('accepted')
    })

    test('takes no key that the screening refuses', async () => {
      const short = signer('RS256', 'k1', 1024)
      expect(await verify(pemOf(short), 'RS256', jwt(short))).toBe('KEYS_UNAVAILABLE')
    })
  })
}

describe('pemKey refuses', () => {
  const privatePem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const ecPrivate = key.privateKey.export({ format: 'pem', type: 'sec1' }).toString()
  const pkcs1 = rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString()
  const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
  const x25519 = generateKeyPairSync('x25519').publicKey
  const cases: readonly (readonly [name: string, pem: unknown, options: unknown, subject: string, message: RegExp])[] =
    [
      ['nothing', undefined, { alg: 'ES256' }, 'pem', /got nothing/],
      ['an empty text', '', { alg: 'ES256' }, 'pem', /not shown/],
      ['a buffer', Buffer.from(pem), { alg: 'ES256' }, 'pem', /not shown/],
      ['a private key', privatePem, { alg: 'ES256' }, 'pem', /a PEM block "PRIVATE KEY"/],
      ['a private key of the old kind', ecPrivate, { alg: 'ES256' }, 'pem', /a PEM block "EC PRIVATE KEY"/],
      [
        'a private key without its header',
        privatePem.replace(/-----[^-]+-----/g, ''),
        { alg: 'ES256' },
        'pem',
        /pemKey: option "pem"/,
      ],
      ['a public key in PKCS#1', pkcs1, { alg: 'RS256' }, 'pem', /a PEM block "RSA PUBLIC KEY"/],
      ['a certificate', VALID_CERTIFICATE, { alg: 'ES256' }, 'pem', /a PEM block "CERTIFICATE"/],
      ['text', 'not a key', { alg: 'ES256' }, 'pem', /not base64|damaged/],
      ['a key that was cut off', pem.slice(0, -40), { alg: 'ES256' }, 'pem', /damaged or incomplete|not base64/],
      ['a bare key that was cut off', bare.slice(0, -4), { alg: 'ES256' }, 'pem', /damaged or incomplete/],
      [
        'a bare key with more after it',
        `${bare.replace(/\n/g, '')}AAAA`,
        { alg: 'ES256' },
        'pem',
        /damaged or incomplete|not base64/,
      ],
      ['two keys', `${pem}\n${pem}`, { alg: 'ES256' }, 'pem', /pemKey: option "pem"/],
      [
        'a header and nothing else',
        '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----',
        { alg: 'ES256' },
        'pem',
        /not base64/,
      ],
      [
        'a curve that is not used',
        secp256k1.export({ format: 'pem', type: 'spki' }),
        { alg: 'ES256' },
        'pem',
        /neither RSA, P-256/,
      ],
      [
        'a key for agreement',
        x25519.export({ format: 'pem', type: 'spki' }),
        { alg: 'EdDSA' },
        'pem',
        /neither RSA, P-256/,
      ],
      ['an algorithm of another kind', pem, { alg: 'RS256' }, 'pem', /expected a key for RS256, got a key for ES256/],
      ['an algorithm of another curve', pem, { alg: 'ES384' }, 'pem', /expected a key for ES384, got a key for ES256/],
      ['no algorithm', pem, {}, 'alg', /asymmetric algorithm/],
      ['an algorithm of secrets', pem, { alg: 'HS256' }, 'alg', /asymmetric algorithm/],
      ['the algorithm none', pem, { alg: 'none' }, 'alg', /asymmetric algorithm/],
      ['several algorithms', pem, { alg: ['ES256'] }, 'alg', /asymmetric algorithm/],
      ['an empty kid', pem, { alg: 'ES256', kid: '' }, 'kid', /non-empty/],
      ['a misspelt option', pem, { alg: 'ES256', keyId: 'x' }, 'keyId', /unknown option/],
      ['no options', pem, undefined, 'options', /an object/],
    ]
  for (const [name, source, options, subject, message] of cases) {
    test(name, async () => {
      const error = await errorOf(() => pemKey(source as string, options as never))
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', subject })
      expect(error.message).toMatch(message)
      for (const text of [privatePem, ecPrivate]) expect(JSON.stringify(error)).not.toContain(text.split('\n')[1])
    })
  }
})
