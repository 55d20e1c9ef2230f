/** RFC 8725 (and its revision, 8725bis) section by section, RFC 9068, and of RFC 6750 what is decided here. */

import { CompactEncrypt } from 'jose'
import { expect, test } from 'vitest'
import { isKeysourceError, remoteJwks } from '../../src/index.ts'
import {
  CLAIMS,
  json,
  jwkWith,
  jwt,
  loopbackServer,
  manualClock,
  NOW,
  part,
  provider,
  signed,
  signer,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, engines, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const rsa = signer('RS256', 'rsa')
const ed = signer('EdDSA', 'ed')
const payload = part(CLAIMS)
const one = { providers: [provider([key])] }
const typed = (typ: unknown): string => jwt(key, {}, { typ })

const other = signer('RS256', 'other')
const perProvider = {
  providers: [
    provider([key], { algorithms: ['ES256'] }),
    provider([other], { name: 'other', issuer: 'https://other.example', algorithms: ['RS256'] }),
  ],
}
attacks('RFC 8725 3.1: the list of algorithms is each provider’s own', perProvider, [
  ['ES256 where it is listed', jwt(key), 'accepted'],
  ['RS256 where it is listed', jwt(other, { iss: 'https://other.example' }), 'accepted'],
  ['RS256 where the other lists it', jwt(other), 'ALG_NOT_ALLOWED'],
  ['ES256 where the other lists it', jwt(key, { iss: 'https://other.example' }), 'ALG_NOT_ALLOWED'],
])
attackOn('RFC 8725 3.1, 3.2: none and HMAC cannot be put on a list', 'CONFIG_INVALID', async () => {
  for (const alg of ['none', 'HS256', 'HS384', 'HS512', 'RS1', 'ES256K', 'es256', '', null, /ES/]) {
    expect(await verdictOn(() => provider([key], { algorithms: [alg] as never }))).toBe('CONFIG_INVALID')
  }
  return verdictOn(() => provider([key], { algorithms: [] }))
})
attacks('RFC 8725 3.2, RFC 9864: EdDSA and Ed25519 are one algorithm', { providers: [provider([ed])] }, [
  ['EdDSA', jwt(ed), 'accepted'],
  ['Ed25519', jwt(ed, {}, { alg: 'Ed25519' }), 'accepted'],
  ['Ed448', jwt(ed, {}, { alg: 'Ed448' }), 'ALG_NOT_ALLOWED'],
])
attackOn('RFC 8725 3.3: a JWE is told from a JWS by its parts', 'TOKEN_MALFORMED', async (engine) => {
  const jwe = await new CompactEncrypt(Buffer.from(jwt(rsa)))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' })
    .encrypt(rsa.publicKey)
  const verifier = engine.createVerifier({ providers: [provider([rsa])], clock: manualClock() })
  expect(await verdictOn(() => verifier.verify(jwt(rsa)))).toBe('accepted')
  return verdictOn(() => verifier.verify(jwe), jwe)
})

const y = Buffer.from(String(key.jwk.y), 'base64url')
y[31] = (y[31] ?? 0) ^ 1
attackOn('RFC 8725 3.4: a point off its curve makes no key', 'KEY_NOT_FOUND', async (engine) => {
  const off = jwkWith(key.jwk, { kid: 'off', y: y.toString('base64url') })
  const verifier = engine.createVerifier({ providers: [provider([key, off])], clock: manualClock() })
  expect(await verdictOn(() => verifier.verify(jwt(key)))).toBe('accepted')
  return verdictOn(() => verifier.verify(jwt({ ...key, kid: 'off' })))
})
attackOn('RFC 8725 3.5: no key that can be guessed: neither HMAC nor short RSA', 'KEY_NOT_FOUND', async (engine) => {
  const short = signer('RS256', 'short', 1024)
  const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' }
  const verifier = engine.createVerifier({ providers: [provider([rsa, short, secret])], clock: manualClock() })
  expect(await verdictOn(() => verifier.verify(jwt(rsa)))).toBe('accepted')
  expect(await verdictOn(() => verifier.verify(jwt(rsa, {}, { kid: 'secret' })))).toBe('KEY_NOT_FOUND')
  return verdictOn(() => verifier.verify(jwt(short)))
})
attacks('RFC 8725 3.6, 8725bis 3.13, 3.15: nothing is decompressed and no password is stretched', one, [
  ['no zip', jwt(key), 'accepted'],
  ['zip beside claims that are not compressed', jwt(key, {}, { zip: 'DEF' }), 'accepted'],
  ['p2c of ten million', jwt(key, {}, { alg: 'PBES2-HS512+A256KW', p2c: 10_000_000 }), 'ALG_NOT_ALLOWED'],
])

attackOn('8725bis 3.15: a body of keys is counted after decompression', 'KEYS_UNAVAILABLE', async (engine) => {
  const { gzipSync } = await import('node:zlib')
  const bomb = gzipSync(Buffer.concat([Buffer.from('{"keys":['), Buffer.alloc(8 << 20, 0x20), Buffer.from(']}')]))
  const server = await loopbackServer(json({ keys: [key.jwk] }))
  const make = () =>
    engine.createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock: manualClock() })
  expect(await verdictOn(() => make().verify(jwt(key)))).toBe('accepted')
  server.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)
  }
  expect(bomb.length).toBeLessThan(524_288)
  return verdictOn(() => make().verify(jwt(key)))
})

const FOREIGN = [
  ...['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'id+jwt', 'kb+jwt', 'oauth-authz-req+jwt', 'token-introspection+jwt'],
  ...['application/logout+jwt', 'LOGOUT+JWT', 'Application/Dpop+Jwt'],
]
attacks('RFC 8725 3.11: kinds of token that are never access or ID tokens', one, [
  ['no typ', typed(undefined), 'accepted'],
  ['JWT', typed('JWT'), 'accepted'],
  ['jwt', typed('jwt'), 'accepted'],
  ['at+jwt', typed('at+jwt'), 'accepted'],
  ...FOREIGN.map((typ): AttackCase => [`typ ${typ}`, typed(typ), 'TYP_NOT_ALLOWED']),
  ...[null, 1, true, [], ['JWT'], {}].map(
    (typ): AttackCase => [`typ ${JSON.stringify(typ)}`, typed(typ), 'TOKEN_MALFORMED'],
  ),
])
attacks('RFC 8725 3.11, 8725bis 3.11: a typ that is asked for', { providers: [provider([key], { typ: 'acme+jwt' })] }, [
  ['it', typed('acme+jwt'), 'accepted'],
  ['as a media type', typed('application/acme+jwt'), 'accepted'],
  ['in capital letters', typed('ACME+JWT'), 'accepted'],
  ['none', typed(undefined), 'TYP_NOT_ALLOWED'],
  ['JWT, which is no type', typed('JWT'), 'TYP_NOT_ALLOWED'],
  ['another tree', typed('text/acme+jwt'), 'TYP_NOT_ALLOWED'],
  ['a part of it', typed('acme'), 'TYP_NOT_ALLOWED'],
  ['a parameter after it', typed('acme+jwt;v=1'), 'TYP_NOT_ALLOWED'],
  ['a blank after it', typed('acme+jwt '), 'TYP_NOT_ALLOWED'],
  ['an empty text', typed(''), 'TYP_NOT_ALLOWED'],
  [
    'a typ that is inherited',
    signed(part('{"alg":"ES256","kid":"k1","__proto__":{"typ":"acme+jwt"}}'), payload, key),
    'TYP_NOT_ALLOWED',
  ],
  ['a typ among the claims', jwt(key, { typ: 'acme+jwt' }), 'TYP_NOT_ALLOWED'],
])

const [head = '', body = '', signature = ''] = jwt(key).split('.')
const FOREIGN_LETTERS = [
  '!',
  '"',
  '#',
  '$',
  '%',
  '&',
  "'",
  '*',
  '+',
  ',',
  '/',
  ':',
  ';',
  '=',
  '~',
  '\u0000',
  'é',
  '٣',
  '🔑',
]
attacks('8725bis 3.14: letters, digits, hyphen, underscore and dot, and nothing else', one, [
  ['as signed', `${head}.${body}.${signature}`, 'accepted'],
  ...FOREIGN_LETTERS.flatMap((letter): AttackCase[] => [
    [`${JSON.stringify(letter)} in the header`, `${head}${letter}.${body}.${signature}`, 'TOKEN_MALFORMED'],
    [`${JSON.stringify(letter)} in the payload`, `${head}.${body}${letter}.${signature}`, 'TOKEN_MALFORMED'],
    [`${JSON.stringify(letter)} in the signature`, `${head}.${body}.${signature}${letter}`, 'TOKEN_MALFORMED'],
  ]),
])

const access = { client_id: 'web', jti: 'j1' }
const at = (claims: object = {}, typ: unknown = 'at+jwt'): string => jwt(key, { ...access, ...claims }, { typ })
attacks('RFC 9068 2, 4: an access token of that profile', { providers: [provider([key], { typ: 'at+jwt' })] }, [
  ['all that it must hold', at(), 'accepted'],
  ['application/at+jwt', at({}, 'application/at+jwt'), 'accepted'],
  ['AT+JWT', at({}, 'AT+JWT'), 'accepted'],
  ...['exp', 'aud', 'sub', 'client_id', 'iat', 'jti'].map(
    (claim): AttackCase => [`no ${claim}`, at({ [claim]: undefined }), 'CLAIM_MISSING'],
  ),
  ['no iss', at({ iss: undefined }), 'ISSUER_UNKNOWN'],
  ['an ID token, which has no such typ', jwt(key, access), 'TYP_NOT_ALLOWED'],
  ['an ID token that says JWT', at({}, 'JWT'), 'TYP_NOT_ALLOWED'],
  ['for another API', at({ aud: 'other' }), 'AUDIENCE_MISMATCH'],
  ['unsigned', `${part({ alg: 'none', typ: 'at+jwt' })}.${part({ ...CLAIMS, ...access })}.`, 'ALG_NOT_ALLOWED'],
])
attacks('RFC 9068 2.1: RS256 is taken', { providers: [provider([rsa], { typ: 'at+jwt' })] }, [
  ['RS256', jwt(rsa, access, { typ: 'at+jwt' }), 'accepted'],
  ['without the typ', jwt(rsa, access), 'TYP_NOT_ALLOWED'],
])

const scoped = (scope: unknown): string => jwt(key, { scope })
const read = { scopes: 'read' }
attacks('RFC 6750 3.1: a scope that is asked for', one, [
  ['it', scoped('read'), 'accepted', read],
  ['it among others', scoped('write read admin'), 'accepted', read],
  ['it in an array', jwt(key, { scp: ['read'] }), 'accepted', read],
  ['two that are asked for, in another order', scoped('write read'), 'accepted', { scopes: ['read', 'write'] }],
  ['none asked for', scoped(undefined), 'accepted'],
  ['one of two', scoped('read'), 'SCOPE_MISSING', { scopes: ['read', 'write'] }],
  ['no scope', scoped(undefined), 'SCOPE_MISSING', read],
  ['an empty scope', scoped(''), 'SCOPE_MISSING', read],
  ['a longer one', scoped('readonly read:all'), 'SCOPE_MISSING', read],
  ['a shorter one', scoped('rea'), 'SCOPE_MISSING', read],
  ['capital letters', scoped('READ'), 'SCOPE_MISSING', read],
  ['a comma between', scoped('read,write'), 'SCOPE_MISSING', read],
  ['a tab between', scoped('read\twrite'), 'SCOPE_MISSING', read],
  ['a star', scoped('*'), 'SCOPE_MISSING', read],
  ['an object', scoped({ read: true }), 'SCOPE_MISSING', read],
  ['several in one entry of an array', jwt(key, { scp: ['read write'] }), 'SCOPE_MISSING', read],
  ['a scope asked for with another token’s fault', jwt(key, { exp: NOW - 60 }), 'TOKEN_EXPIRED', read],
])

for (const { name, createVerifier } of engines) {
  test(`RFC 6750 3.1: a scope is 403, a token 401, and keys 503, on the ${name} engine`, async () => {
    const verifier = createVerifier({ ...one, clock: manualClock() })
    const nothing = await loopbackServer((_request, response) => void response.writeHead(500).end())
    const down = createVerifier({ providers: [provider([], { keys: remoteJwks(nothing.url) })], clock: manualClock() })
    const statusOf = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 200,
        (error: unknown) => (isKeysourceError(error) ? error.status : error),
      )
    expect(await statusOf(verifier.verify(scoped('read'), read))).toBe(200)
    expect(await statusOf(verifier.verify(scoped('write'), read))).toBe(403)
    for (const token of ['', 'x', jwt(rsa), jwt(key, { exp: 1 }), jwt(key, { aud: 'x' }), typed('dpop+jwt')])
      expect(await statusOf(verifier.verify(token, read))).toBe(401)
    expect(await statusOf(down.verify(scoped('read'), read))).toBe(503)
  })

  test(`RFC 6750 3.1: a misspelt option never leaves the scopes unchecked, on the ${name} engine`, async () => {
    const verifier = createVerifier({ ...one, clock: manualClock() })
    for (const call of [{ scope: 'read' }, { scopes: '' }, { scopes: [''] }, { scopes: null }, { scopes: [undefined] }])
      expect(await verdictOn(() => verifier.verify(jwt(key), call as never))).toBe('CONFIG_INVALID')
  })
}
