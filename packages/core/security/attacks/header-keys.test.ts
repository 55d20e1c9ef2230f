/** Keys that the token names or carries. */
import { describe, expect, test } from 'vitest'
import { keyEndpoint, remoteJwks, staticJwks } from '../../src/index.ts'
import { VALID_CERTIFICATE } from '../../test/certificates.ts'
import {
  CLAIMS,
  json,
  jwks,
  jwkWith,
  jwt,
  loopbackServer,
  manualClock,
  part,
  provider,
  signed,
  signer,
  status,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, engines, record, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const attacker = signer('ES256', 'k1')
const payload = part(CLAIMS)
const certificate = VALID_CERTIFICATE.replace(/-----[^-]+-----|\s/g, '')
const embedded = (by: typeof key, members: object): string => jwt(by, {}, { ...members })

attacks('CVE-2018-0114, CVE-2026-27962: a jwk in the header', { providers: [provider([key])] }, [
  ['a good token', jwt(key), 'accepted'],
  ['a good token that carries its own key', embedded(key, { jwk: key.jwk }), 'accepted'],
  ['the attacker’s key and a kid that is held', embedded(attacker, { jwk: attacker.jwk }), 'SIGNATURE_INVALID'],
  ['the attacker’s key and no kid', embedded(attacker, { jwk: attacker.jwk, kid: undefined }), 'SIGNATURE_INVALID'],
  ['the attacker’s key and its own kid', embedded(attacker, { jwk: attacker.jwk, kid: 'mine' }), 'KEY_NOT_FOUND'],
  ['the attacker’s key as a certificate', embedded(attacker, { x5c: [certificate] }), 'SIGNATURE_INVALID'],
  ['a jwk that is no object', embedded(attacker, { jwk: 'k1' }), 'SIGNATURE_INVALID'],
  ['a jwk of another kind (Ed25519)', embedded(attacker, { jwk: signer('EdDSA').jwk }), 'SIGNATURE_INVALID'],
  ['x5t of another key', embedded(attacker, { x5t: 'AAAA', 'x5t#S256': 'AAAA' }), 'SIGNATURE_INVALID'],
  [
    'x5t in a good token, which providers send',
    embedded(key, { x5t: 'AAAA', jku: 'https://id.example/keys' }),
    'accepted',
  ],
])

describe('RFC 8725 3.10: jku, x5u and iss are never fetched', () => {
  for (const { name, createVerifier } of engines) {
    test(`no request reaches the attacker’s server, on the ${name} engine`, async (context) => {
      const evil = await loopbackServer(jwks([attacker]))
      const home = await loopbackServer(jwks([key]))
      const verifier = createVerifier({
        providers: [provider([], { keys: remoteJwks(home.url) })],
        clock: manualClock(),
      })
      const cases: readonly AttackCase[] = [
        ['jku', embedded(attacker, { jku: evil.url }), 'SIGNATURE_INVALID'],
        ['jku with a kid of its own', embedded(attacker, { jku: evil.url, kid: 'mine' }), 'KEY_NOT_FOUND'],
        ['x5u', embedded(attacker, { x5u: evil.url }), 'SIGNATURE_INVALID'],
        ['iss', jwt(attacker, { iss: evil.origin }), 'ISSUER_UNKNOWN'],
        ['iss with a path', jwt(attacker, { iss: `${evil.origin}/realms/x` }), 'ISSUER_UNKNOWN'],
        ['iss with the issuer as user name', jwt(attacker, { iss: 'https://id.example@127.0.0.1' }), 'ISSUER_UNKNOWN'],
        ['iss of the cloud’s metadata service', jwt(attacker, { iss: 'http://169.254.169.254/' }), 'ISSUER_UNKNOWN'],
        ['a good token with a jku', embedded(key, { jku: evil.url, x5u: evil.url }), 'accepted'],
      ]
      for (const [, token, expected] of cases) {
        const verdict = await verdictOn(() => verifier.verify(token as string), token)
        record(context, name, expected, verdict)
        expect(verdict).toBe(expected)
      }
      expect(evil.requests).toEqual([])
      for (const { path, headers } of home.requests)
        expect([path, headers.host]).toEqual(['/keys', new URL(home.url).host])
    })
  }
})

const NASTY = [
  ...['../../../../dev/null', '..', '.', '/etc/passwd', 'C:\\Windows\\win.ini', 'file:///etc/passwd', 'k1/../k2'],
  ...[
    "' OR '1'='1",
    "k1'; DROP TABLE keys; --",
    'x UNION SELECT 1',
    '$(id)',
    '`id`',
    '| whoami',
    '%2e%2e%2f',
    `${'$'}{jndi:ldap://x}`,
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'keys',
    'length',
    'size',
    'get',
  ],
  ...[
    'k1 ',
    ' k1',
    'K1',
    'k1\u0000',
    'k1\r\nx-evil: 1',
    'k\u0031\u200b',
    'κ1',
    '1',
    '0',
    '',
    'https://evil.example/keys',
  ],
]

attacks('RFC 8725 3.10: kid as a path, as SQL, as a name that objects inherit', { providers: [provider([key])] }, [
  ['the kid that is held', jwt(key), 'accepted'],
  ...NASTY.map((kid): AttackCase => [`kid ${JSON.stringify(kid)}`, jwt(key, {}, { kid }), 'KEY_NOT_FOUND']),
  ['a kid of 256 characters', jwt(key, {}, { kid: 'k'.repeat(256) }), 'KEY_NOT_FOUND'],
  ['a kid of 257 characters', jwt(key, {}, { kid: 'k'.repeat(257) }), 'TOKEN_MALFORMED'],
])

for (const { name, createVerifier } of engines) {
  test(`RFC 8725 3.10: a nasty kid is printable wherever it is told, on the ${name} engine`, async () => {
    const told: string[] = []
    const verifier = createVerifier({
      providers: [provider([key])],
      clock: manualClock(),
      onEvent: (event) =>
        void told.push(JSON.stringify(event, (_, value) => (value instanceof Error ? value.message : value))),
    })
    for (const kid of NASTY) {
      const error = await verifier.verify(jwt(key, {}, { kid })).then(
        () => undefined,
        (reason: Error) => reason,
      )
      expect([...(error?.message ?? '\n')].every((character) => character >= ' ' && character !== '\u007f')).toBe(true)
    }
    expect(told.length).toBeGreaterThan(NASTY.length)
  })
}

describe('RFC 8725 3.10: a kid in the path of a key endpoint', () => {
  for (const { name, createVerifier } of engines) {
    test(`is encoded or makes no request, on the ${name} engine`, async (context) => {
      const server = await loopbackServer(status(404))
      const keys = keyEndpoint((kid) => `${server.origin}/keys/${kid}`, { format: 'jwk', kidPattern: /[\s\S]+/ })
      const verifier = createVerifier({
        providers: [provider([], { keys })],
        clock: manualClock(),
        cache: { burst: 1000 },
      })
      for (const kid of NASTY) {
        const verdict = await verdictOn(() => verifier.verify(jwt(key, {}, { kid })))
        record(context, name, 'refused', verdict)
        expect(verdict).not.toBe('accepted')
      }
      for (const { path } of server.requests) expect(path).toMatch(/^\/keys\/[^/?#]*$/)
      expect(server.requests.length).toBeGreaterThan(NASTY.length / 2)
      server.answer = json(jwkWith(attacker.jwk, { kid: 'other' }))
      expect(await verdictOn(() => verifier.verify(jwt(key)))).toBe('SIGNATURE_INVALID')
    })

    test(`off its pattern makes no request, on the ${name} engine`, async () => {
      const server = await loopbackServer(status(404))
      const keys = keyEndpoint((kid) => `${server.origin}/keys/${kid}`, { format: 'jwk', kidPattern: /[a-f0-9]{8}/ })
      const verifier = createVerifier({ providers: [provider([], { keys })], clock: manualClock() })
      for (const kid of [...NASTY, 'abcdef01\n', 'xabcdef01', 'abcdef011']) {
        expect(await verdictOn(() => verifier.verify(jwt(key, {}, { kid })))).toBe('KEY_NOT_FOUND')
      }
      expect(server.requests).toEqual([])
    })
  }
})

const NO_STRING: readonly unknown[] = [null, 1, 0, true, false, [], ['k1'], {}, { toString: 'k1' }]
attacks('jsonwebtoken, jwks-rsa: a kid that is no string', { providers: [provider([key])] }, [
  ['no kid', jwt(key, {}, { kid: undefined }), 'accepted'],
  ...NO_STRING.map((kid): AttackCase => [`kid ${JSON.stringify(kid)}`, jwt(key, {}, { kid }), 'TOKEN_MALFORMED']),
  ['a kid that is inherited', signed(part('{"alg":"ES256","__proto__":{"kid":"gone"}}'), payload, key), 'accepted'],
])

const others = [2, 3, 4, 5].map((n) => signer('ES256', `k${n}`))
const [k2 = key, , k4 = key, k5 = key] = others
attacks('hyprstream #1234: the key that is named, or none', { providers: [provider([key, ...others])] }, [
  ['the kid of the key that signed', jwt(k2), 'accepted'],
  ['a kid that is not there, though another key fits', jwt(k2, {}, { kid: 'gone' }), 'KEY_NOT_FOUND'],
  ['the kid of another key that is there', jwt(k2, {}, { kid: 'k3' }), 'SIGNATURE_INVALID'],
  ['no kid, and the fourth key fits', jwt(k4, {}, { kid: undefined }), 'accepted'],
  ['no kid, and a key beyond the fourth fits: tries are bounded', jwt(k5, {}, { kid: undefined }), 'SIGNATURE_INVALID'],
])

attackOn(
  'hyprstream #1234: a key without kid in a fetched set fits only tokens without one',
  'KEY_NOT_FOUND',
  async (engine) => {
    const server = await loopbackServer(json({ keys: [jwkWith(key.jwk, { kid: undefined })] }))
    const verifier = engine.createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock: manualClock(),
    })
    expect(await verdictOn(() => verifier.verify(jwt(key, {}, { kid: undefined })))).toBe('accepted')
    return verdictOn(() => verifier.verify(jwt(key, {}, { kid: 'any' })))
  },
)

const certified = jwkWith(key.jwk, { x5c: [certificate], x5t: 'AAAA' })
attacks(
  'RFC 7517 4.7: x5c that differs from the bare key',
  { providers: [provider([], { keys: staticJwks({ keys: [certified] }) })] },
  [
    ['the bare key decides', jwt(key), 'accepted'],
    ['the key of the certificate signs nothing', jwt(attacker), 'SIGNATURE_INVALID'],
  ],
)
