/** Claims: time, audience, subject, the provider's own rules. */
import { expect, test } from 'vitest'
import { claimIs, defineProvider, type Provider, staticJwks, unchecked } from '../../src/index.ts'
import {
  AUDIENCE,
  CLAIMS,
  ISSUER,
  jwt,
  manualClock,
  NOW,
  part,
  provider,
  signed,
  signer,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, engines, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const header = part({ alg: 'ES256', kid: 'k1' })
const one = { providers: [provider([key])] }

/** A token with one claim as JSON text, so that numbers stand in it which JavaScript would write otherwise. */
const withClaim = (name: string, json: string): string =>
  signed(header, part(JSON.stringify({ ...CLAIMS, [name]: '?' }).replace('"?"', json)), key)

const NO_DATES: readonly (readonly [name: string, json: string])[] = [
  ['text', '"1800000300"'],
  ['an empty text', '""'],
  ['null', 'null'],
  ['true', 'true'],
  ['an array of the number', '[1800000300]'],
  ['an object', '{"valueOf":1800000300}'],
  ['infinity', '1e309'],
  ['minus infinity', '-1e309'],
  ['beyond what a date can show', '8640000000001'],
  ['as far before', '-8640000000001'],
]
attacks('RFC 7519 4.1.4 to 4.1.6, fast-jwt: exp, nbf and iat are finite numbers', one, [
  ['all of them numbers', jwt(key, { nbf: NOW, iat: NOW }), 'accepted'],
  ['none but exp', jwt(key, { nbf: undefined, iat: undefined }), 'accepted'],
  ['exp with a fraction', jwt(key, { exp: NOW + 0.5 }), 'accepted'],
  ['the last exp that a date can show', withClaim('exp', '8640000000000'), 'accepted'],
  ['no exp', jwt(key, { exp: undefined }), 'CLAIM_MISSING'],
  ...['exp', 'nbf', 'iat'].flatMap((claim) =>
    NO_DATES.map(([name, json]): AttackCase => [`${claim} that is ${name}`, withClaim(claim, json), 'CLAIM_INVALID']),
  ),
])

const strict = { providers: [provider([key], { clockToleranceSec: 0 })] }
attacks('RFC 7519 4.1.4, aws-jwt-verify, fast-jwt: a token is expired in the second that it names', strict, [
  ['a second before exp', jwt(key, { exp: NOW + 1 }), 'accepted'],
  ['the second of exp', jwt(key, { exp: NOW }), 'TOKEN_EXPIRED'],
  ['a second after exp', jwt(key, { exp: NOW - 1 }), 'TOKEN_EXPIRED'],
  ['exp 0', jwt(key, { exp: 0 }), 'TOKEN_EXPIRED'],
  ['exp below zero', jwt(key, { exp: -1 }), 'TOKEN_EXPIRED'],
  ['the second of nbf', jwt(key, { nbf: NOW }), 'accepted'],
  ['a second before nbf', jwt(key, { nbf: NOW + 1 }), 'TOKEN_NOT_YET_VALID'],
  ['exp in milliseconds, over', jwt(key, { exp: NOW - 1, nbf: NOW - 2 }), 'TOKEN_EXPIRED'],
])
attacks('RFC 7519 4.1.4: a tolerance is as long as it is, and no longer', one, [
  ['4 s after exp, of 5', jwt(key, { exp: NOW - 4 }), 'accepted'],
  ['5 s after exp, of 5', jwt(key, { exp: NOW - 5 }), 'TOKEN_EXPIRED'],
  ['5 s before nbf, of 5', jwt(key, { nbf: NOW + 5 }), 'accepted'],
  ['6 s before nbf, of 5', jwt(key, { nbf: NOW + 6 }), 'TOKEN_NOT_YET_VALID'],
])

attackOn('fast-jwt #640: a tolerance that is no number of seconds up to 300', 'accepted', async (engine) => {
  const wrong = [Number.NaN, Number.POSITIVE_INFINITY, -1, 301, '5', null, [], {}]
  for (const clockToleranceSec of wrong as number[]) {
    expect(await verdictOn(() => provider([key], { clockToleranceSec }))).toBe('CONFIG_INVALID')
    expect(await verdictOn(() => engine.createVerifier({ ...one, clockToleranceSec }))).toBe('CONFIG_INVALID')
  }
  const verifier = engine.createVerifier({ ...one, clock: manualClock(), clockToleranceSec: 300 })
  expect(await verdictOn(() => verifier.verify(jwt(key, { exp: NOW - 300 })))).toBe('TOKEN_EXPIRED')
  return verdictOn(() => verifier.verify(jwt(key, { exp: NOW - 299 })))
})

const AUDIENCES: readonly (readonly [name: string, aud: unknown, expected: string])[] = [
  ['another', 'other', 'AUDIENCE_MISMATCH'],
  ['an empty string', '', 'AUDIENCE_MISMATCH'],
  ['a part of it', 'ap', 'AUDIENCE_MISMATCH'],
  ['text that holds it', 'api2', 'AUDIENCE_MISMATCH'],
  ['capital letters', 'API', 'AUDIENCE_MISMATCH'],
  ['a blank after it', 'api ', 'AUDIENCE_MISMATCH'],
  ['several in one string', 'api other', 'AUDIENCE_MISMATCH'],
  ['an empty array', [], 'AUDIENCE_MISMATCH'],
  ['others', ['other', 'another'], 'AUDIENCE_MISMATCH'],
  ['null', null, 'CLAIM_INVALID'],
  ['a number', 1, 'CLAIM_INVALID'],
  ['true', true, 'CLAIM_INVALID'],
  ['an object', { 0: 'api', length: 1 }, 'CLAIM_INVALID'],
  ['an array in an array', [['api']], 'CLAIM_INVALID'],
  ['it among things that are no text', ['api', null], 'CLAIM_INVALID'],
  ['it among empty arrays', ['api', []], 'CLAIM_INVALID'],
]
attacks('CVE-2020-26160, RFC 7519 4.1.3, RFC 8725 3.9: aud', one, [
  ['it', jwt(key, { aud: 'api' }), 'accepted'],
  ['it among others', jwt(key, { aud: ['other', 'api'] }), 'accepted'],
  ['no aud', jwt(key, { aud: undefined }), 'CLAIM_MISSING'],
  ...AUDIENCES.map(([name, aud, expected]): AttackCase => [name, jwt(key, { aud }), expected]),
  ['what the call asks for, too', jwt(key, { aud: ['api', 'other'] }), 'accepted', { audience: 'other' }],
  ['not what the call asks for', jwt(key), 'AUDIENCE_MISMATCH', { audience: 'other' }],
  ['what the call asks for alone', jwt(key, { aud: 'other' }), 'AUDIENCE_MISMATCH', { audience: 'other' }],
])
attacks(
  'RFC 8725 3.9: an audience that is unchecked stays one that a call may ask for',
  { providers: [provider([key], { audience: unchecked('a test') })] },
  [
    ['no aud', jwt(key, { aud: undefined }), 'accepted'],
    ['another', jwt(key, { aud: 'other' }), 'accepted'],
    ['an aud that is no text', jwt(key, { aud: null }), 'CLAIM_INVALID'],
    ['no aud, and the call asks for one', jwt(key, { aud: undefined }), 'CLAIM_MISSING', { audience: 'api' }],
    ['another than the call asks for', jwt(key, { aud: 'other' }), 'AUDIENCE_MISMATCH', { audience: 'api' }],
  ],
)

test('RFC 8725 3.9: an audience cannot be left out', async () => {
  const options = { name: 'acme', issuer: ISSUER, keys: staticJwks({ keys: [key.jwk] }) }
  for (const audience of [undefined, null, '', [], [''], [undefined], false, 0, {}]) {
    expect(await verdictOn(() => defineProvider({ ...options, audience } as never))).toBe('CONFIG_INVALID')
  }
  expect(await verdictOn(() => defineProvider(options as never))).toBe('CONFIG_INVALID')
  expect(await verdictOn(() => unchecked(''))).toBe('CONFIG_INVALID')
  expect(await verdictOn(() => defineProvider({ ...options, audience: AUDIENCE }))).toBe('accepted')
})

const NO_TEXT: readonly unknown[] = [null, 1, 0, true, [], ['user-1'], {}]
attacks('RFC 8725 3.8, RFC 7519 4.1.2: sub is text', one, [
  ['text', jwt(key), 'accepted'],
  ['no sub', jwt(key, { sub: undefined }), 'accepted'],
  ...NO_TEXT.map((sub): AttackCase => [`sub ${JSON.stringify(sub)}`, jwt(key, { sub }), 'CLAIM_INVALID']),
])

const own = {
  providers: [provider([key], { checks: [claimIs('token_use', 'access'), claimIs('client_id', ['web', 'mobile'])] })],
}
const withOwn = (token_use: unknown, client_id: unknown): string => jwt(key, { token_use, client_id })
const inherited = `{"iss":"${ISSUER}","aud":"api","exp":${NOW + 300},"client_id":"web","__proto__":{"token_use":"access"}}`
attacks('RFC 8725 3.12: a provider’s own claims are its token’s own, text, and equal', own, [
  ['both as they are due', withOwn('access', 'web'), 'accepted'],
  ['another that is listed', withOwn('access', 'mobile'), 'accepted'],
  ['an ID token where an access token is due', withOwn('id', 'web'), 'CLAIM_INVALID'],
  ['no token_use', withOwn(undefined, 'web'), 'CLAIM_MISSING'],
  ['a token_use that is inherited', signed(header, part(inherited), key), 'CLAIM_MISSING'],
  ['an array of it', withOwn(['access'], 'web'), 'CLAIM_INVALID'],
  ['null', withOwn(null, 'web'), 'CLAIM_INVALID'],
  ['capital letters', withOwn('Access', 'web'), 'CLAIM_INVALID'],
  ['a part of it', withOwn('acc', 'web'), 'CLAIM_INVALID'],
  ['another client', withOwn('access', 'other'), 'CLAIM_INVALID'],
  ['two clients in an array', withOwn('access', ['web', 'mobile']), 'CLAIM_INVALID'],
  ['two clients in one text', withOwn('access', 'web,mobile'), 'CLAIM_INVALID'],
])

const required = { providers: [provider([key], { requiredClaims: ['role', 'tenant'] })] }
attacks('RFC 7519 4: claims that are required are there', required, [
  ['both', jwt(key, { role: 'a', tenant: 0 }), 'accepted'],
  ['empty text and false are values', jwt(key, { role: '', tenant: false }), 'accepted'],
  ['one of them', jwt(key, { role: 'a' }), 'CLAIM_MISSING'],
  ['null', jwt(key, { role: 'a', tenant: null }), 'CLAIM_MISSING'],
])

const throwing: Provider = provider([key], {
  checks: [{ name: 'own', check: ({ role }) => (role as string).startsWith('x') as never }],
})
for (const { name, createVerifier } of engines) {
  test(`RFC 8725 3.10: a check that takes a claim for granted lets no token in, on the ${name} engine`, async () => {
    const verifier = createVerifier({ providers: [throwing], clock: manualClock() })
    expect(await verdictOn(() => verifier.verify(jwt(key)))).toBe('CONFIG_INVALID')
    // What it returned is no verdict: neither true nor false lets a token in.
    expect(await verdictOn(() => verifier.verify(jwt(key, { role: 'x' })))).toBe('CONFIG_INVALID')
  })
}
