import { describe, expect, test } from 'vitest'
import {
  CLAIMS,
  ENGINES,
  errorOf,
  jwt,
  manualClock,
  NOW,
  part,
  provider,
  signed,
  signer,
  verdict,
} from '../test/loopback-issuer.ts'
import { type CheckFailure, claimIs, type TokenCheck, unchecked, type VerifyOptions } from './index.ts'

const key = signer()
type Claims = Readonly<Record<string, unknown>>
type Options = NonNullable<Parameters<typeof provider>[1]>

interface Rules {
  readonly about: string
  readonly options?: Options
  /** The verifier's own tolerance. */
  readonly toleranceSec?: number
  readonly nowSec?: number
  readonly cases: readonly Case[]
}
type Case = readonly [name: string, claims: Claims, expected: string, header?: Claims]

// JSON has no word for infinity, but a number too large for a double becomes one.
const TOO_LARGE = '@1e309@'
const NEGATIVE_TOO_LARGE = '@-1e309@'
const HIDDEN = '@hidden@'

/** A token whose claims are as given, with numbers that JSON.stringify cannot write, or members below `__proto__`. */
function token(claims: Claims, header: Claims = {}): string {
  const json = JSON.stringify({ ...CLAIMS, ...claims })
    .replace(/"@(-?1e309)@"/g, '$1')
    .replace(/"@hidden@":/g, '"__proto__":')
  return signed(part({ alg: key.alg, kid: key.kid, ...header }), part(json), key)
}

const wrongTimes = (name: string): readonly Case[] =>
  ['123', '', null, [NOW + 300], {}, true, false, TOO_LARGE, NEGATIVE_TOO_LARGE, 8.64e12 + 1, -8.64e12 - 1].map(
    (value): Case => [`${name} is ${JSON.stringify(value)}`, { [name]: value }, 'CLAIM_INVALID'],
  )

const profile = { client_id: 'web', jti: '1' }

const tables: readonly Rules[] = [
  {
    about: 'times',
    cases: [
      ['exp is missing', { exp: undefined }, 'CLAIM_MISSING'],
      ['exp is hidden in a prototype', { exp: undefined, [HIDDEN]: { exp: NOW + 300 } }, 'CLAIM_MISSING'],
      ...wrongTimes('exp'),
      ...wrongTimes('nbf'),
      ...wrongTimes('iat'),
      ['exp is the last time that a date can show', { exp: 8.64e12 }, 'accepted'],
      ['exp is a fraction', { exp: NOW + 0.5 }, 'accepted'],
      ['exp is negative', { exp: -1 }, 'TOKEN_EXPIRED'],
      ['exp is zero', { exp: 0 }, 'TOKEN_EXPIRED'],
      ['nbf and iat are missing', { nbf: undefined, iat: undefined }, 'accepted'],
      ['iat is zero', { iat: 0 }, 'accepted'],
      ['iat is in the future', { iat: NOW + 1000 }, 'accepted'],
    ],
  },
  {
    about: 'the second in which a token ends or begins, with the tolerance of 5 s that is the default',
    cases: [
      ['exp is 5 s ago', { exp: NOW - 5 }, 'TOKEN_EXPIRED'],
      ['exp is 4 s ago', { exp: NOW - 4 }, 'accepted'],
      ['nbf is in 6 s', { nbf: NOW + 6 }, 'TOKEN_NOT_YET_VALID'],
      ['nbf is in 5 s', { nbf: NOW + 5 }, 'accepted'],
      ['nbf is past', { nbf: NOW - 1 }, 'accepted'],
    ],
  },
  {
    about: 'no tolerance',
    toleranceSec: 0,
    cases: [
      ['exp is now', { exp: NOW }, 'TOKEN_EXPIRED'],
      ['exp is in 1 s', { exp: NOW + 1 }, 'accepted'],
      ['nbf is in 1 s', { nbf: NOW + 1 }, 'TOKEN_NOT_YET_VALID'],
      ['nbf is now', { nbf: NOW }, 'accepted'],
    ],
  },
  {
    about: 'a fraction of a second',
    toleranceSec: 0,
    nowSec: NOW + 0.5,
    cases: [
      ['exp was half a second ago', { exp: NOW }, 'TOKEN_EXPIRED'],
      ['exp is in half a second', { exp: NOW + 1 }, 'accepted'],
      ['nbf is in half a second', { nbf: NOW + 1 }, 'TOKEN_NOT_YET_VALID'],
    ],
  },
  {
    about: "a provider's own tolerance, which wins",
    toleranceSec: 0,
    options: { clockToleranceSec: 30 },
    cases: [
      ['exp is 30 s ago', { exp: NOW - 30 }, 'TOKEN_EXPIRED'],
      ['exp is 29 s ago', { exp: NOW - 29 }, 'accepted'],
      ['nbf is in 31 s', { nbf: NOW + 31 }, 'TOKEN_NOT_YET_VALID'],
      ['nbf is in 30 s', { nbf: NOW + 30 }, 'accepted'],
    ],
  },
  {
    about: "a provider's own tolerance of none",
    toleranceSec: 300,
    options: { clockToleranceSec: 0 },
    cases: [
      ['exp is now', { exp: NOW }, 'TOKEN_EXPIRED'],
      ['exp is in 1 s', { exp: NOW + 1 }, 'accepted'],
    ],
  },
  {
    about: 'one audience',
    cases: [
      ['aud is it', { aud: 'api' }, 'accepted'],
      ['aud holds it', { aud: ['other', 'api'] }, 'accepted'],
      ['aud is another', { aud: 'other' }, 'AUDIENCE_MISMATCH'],
      ['aud holds others', { aud: ['other', 'more'] }, 'AUDIENCE_MISMATCH'],
      ['aud holds none', { aud: [] }, 'AUDIENCE_MISMATCH'],
      ['aud is empty', { aud: '' }, 'AUDIENCE_MISMATCH'],
      ['aud begins with it', { aud: 'api2' }, 'AUDIENCE_MISMATCH'],
      ['aud is its beginning', { aud: 'ap' }, 'AUDIENCE_MISMATCH'],
      ['aud contains it', { aud: 'my api here' }, 'AUDIENCE_MISMATCH'],
      ['aud is it in other case', { aud: 'API' }, 'AUDIENCE_MISMATCH'],
      ['aud is it with a slash', { aud: 'api/' }, 'AUDIENCE_MISMATCH'],
      ['aud is missing', { aud: undefined }, 'CLAIM_MISSING'],
      ['aud is hidden in a prototype', { aud: undefined, [HIDDEN]: { aud: 'api' } }, 'CLAIM_MISSING'],
      ['aud is null', { aud: null }, 'CLAIM_INVALID'],
      ['aud is a number', { aud: 1 }, 'CLAIM_INVALID'],
      ['aud is an object', { aud: { 0: 'api', length: 1 } }, 'CLAIM_INVALID'],
      ['aud holds it and a number', { aud: ['api', 1] }, 'CLAIM_INVALID'],
      ['aud holds it and null', { aud: ['api', null] }, 'CLAIM_INVALID'],
      ['aud holds an array of it', { aud: [['api']] }, 'CLAIM_INVALID'],
    ],
  },
  {
    about: 'several audiences',
    options: { audience: ['api', 'api-2'] },
    cases: [
      ['aud is the first', { aud: 'api' }, 'accepted'],
      ['aud is the second', { aud: 'api-2' }, 'accepted'],
      ['aud is neither', { aud: 'api-3' }, 'AUDIENCE_MISMATCH'],
      ['aud is both as one text', { aud: 'api,api-2' }, 'AUDIENCE_MISMATCH'],
    ],
  },
  {
    about: 'an audience that is not checked',
    options: { audience: unchecked('tokens of this issuer have none') },
    cases: [
      ['aud is missing', { aud: undefined }, 'accepted'],
      ['aud is anything', { aud: 'other' }, 'accepted'],
      ['aud is no text', { aud: 5 }, 'CLAIM_INVALID'],
    ],
  },
  {
    about: 'no typ asked for',
    cases: [
      ['typ is missing', {}, 'accepted'],
      ['typ is JWT', {}, 'accepted', { typ: 'JWT' }],
      ['typ is at+jwt', {}, 'accepted', { typ: 'at+jwt' }],
      ['typ is of no known kind', {}, 'accepted', { typ: 'acme+jwt' }],
      ...[
        'logout+jwt',
        'dpop+jwt',
        'secevent+jwt',
        'id+jwt',
        'kb+jwt',
        'oauth-authz-req+jwt',
        'token-introspection+jwt',
      ]
        .flatMap((typ) => [typ, typ.toUpperCase(), `application/${typ}`, `Application/${typ}`])
        .map((typ): Case => [`typ is ${typ}`, {}, 'TYP_NOT_ALLOWED', { typ }]),
      ['typ is a foreign kind under another tree', {}, 'accepted', { typ: 'text/logout+jwt' }],
    ],
  },
  {
    about: 'one typ asked for',
    options: { typ: 'at+jwt' },
    cases: [
      ['typ is it', profile, 'accepted', { typ: 'at+jwt' }],
      ['typ is it in full', profile, 'accepted', { typ: 'application/at+jwt' }],
      ['typ is it in other case', profile, 'accepted', { typ: 'AT+JWT' }],
      ['typ is it in full in other case', profile, 'accepted', { typ: 'APPLICATION/AT+JWT' }],
      ['typ is missing', profile, 'TYP_NOT_ALLOWED'],
      ['typ is empty', profile, 'TYP_NOT_ALLOWED', { typ: '' }],
      ['typ is JWT', profile, 'TYP_NOT_ALLOWED', { typ: 'JWT' }],
      ['typ is under another tree', profile, 'TYP_NOT_ALLOWED', { typ: 'text/at+jwt' }],
      ['typ ends in it', profile, 'TYP_NOT_ALLOWED', { typ: 'xat+jwt' }],
      ...['client_id', 'jti', 'sub', 'iat'].map(
        (name): Case => [`${name} is missing`, { ...profile, [name]: undefined }, 'CLAIM_MISSING', { typ: 'at+jwt' }],
      ),
    ],
  },
  {
    about: 'at+jwt in full asked for, and its audience unchecked',
    options: { typ: 'application/at+jwt', audience: unchecked('for this test') },
    cases: [
      ['every claim of the profile is there', profile, 'accepted', { typ: 'at+jwt' }],
      ['aud is missing', { ...profile, aud: undefined }, 'CLAIM_MISSING', { typ: 'at+jwt' }],
    ],
  },
  {
    about: 'several types asked for',
    options: { typ: ['at+jwt', 'JWT'] },
    cases: [
      ['typ is the first', {}, 'accepted', { typ: 'at+jwt' }],
      ['typ is the second', {}, 'accepted', { typ: 'jwt' }],
      ['typ is another', {}, 'TYP_NOT_ALLOWED', { typ: 'id+jwt' }],
    ],
  },
  {
    about: 'a foreign kind asked for by name',
    options: { typ: 'logout+jwt' },
    cases: [['typ is it', {}, 'accepted', { typ: 'logout+jwt' }]],
  },
  {
    about: 'sub',
    cases: [
      ['sub is missing', { sub: undefined }, 'accepted'],
      ['sub is empty', { sub: '' }, 'accepted'],
      ...[null, 1, [], ['user-1'], {}, true].map(
        (sub): Case => [`sub is ${JSON.stringify(sub)}`, { sub }, 'CLAIM_INVALID'],
      ),
    ],
  },
  {
    about: 'required claims',
    options: { requiredClaims: ['jti', 'level'] },
    cases: [
      ['both are there', { jti: 'a', level: 0 }, 'accepted'],
      ['they are false and empty', { jti: '', level: false }, 'accepted'],
      ['one is missing', { jti: 'a' }, 'CLAIM_MISSING'],
      ['one is null', { jti: 'a', level: null }, 'CLAIM_MISSING'],
      ['one is hidden in a prototype', { jti: 'a', [HIDDEN]: { level: 1 } }, 'CLAIM_MISSING'],
    ],
  },
  {
    about: 'a required claim that every object inherits',
    options: { requiredClaims: ['constructor'] },
    cases: [
      ['the token does not have it', {}, 'CLAIM_MISSING'],
      ['the token has it', { constructor: 'x' }, 'accepted'],
    ],
  },
  {
    about: 'claimIs',
    options: { checks: [claimIs('use', 'access'), claimIs('client', ['web', 'mobile'])] },
    cases: [
      ['both are as they should be', { use: 'access', client: 'web' }, 'accepted'],
      ['the other of two', { use: 'access', client: 'mobile' }, 'accepted'],
      ['the first is another', { use: 'id', client: 'web' }, 'CLAIM_INVALID'],
      ['the second is another', { use: 'access', client: 'tv' }, 'CLAIM_INVALID'],
      ['in other case', { use: 'Access', client: 'web' }, 'CLAIM_INVALID'],
      ['an array of it', { use: ['access'], client: 'web' }, 'CLAIM_INVALID'],
      ['null', { use: null, client: 'web' }, 'CLAIM_INVALID'],
      ['missing', { client: 'web' }, 'CLAIM_MISSING'],
      ['hidden in a prototype', { client: 'web', [HIDDEN]: { use: 'access' } }, 'CLAIM_MISSING'],
    ],
  },
]

for (const { name, createVerifier } of ENGINES) {
  describe(`claims on the ${name} engine`, () => {
    for (const { about, options = {}, toleranceSec, nowSec = NOW, cases } of tables) {
      const verifier = createVerifier({
        providers: [provider([key], options)],
        clock: manualClock(nowSec),
        clockToleranceSec: toleranceSec,
      })
      describe(about, () => {
        for (const [what, claims, expected, header] of cases) {
          test(`${what}: ${expected}`, async () => {
            expect(await verdict(() => verifier.verify(token(claims, header)))).toBe(expected)
          })
        }
      })
    }
  })
}

const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
const verifierWith = (options: Options) =>
  createVerifier({ providers: [provider([key], options)], clock: manualClock() })

describe('an audience that the caller asks for', () => {
  const cases: readonly (readonly [name: string, aud: unknown, asked: string | readonly string[], expected: string])[] =
    [
      ['is there beside the provider’s', ['api', 'reports'], 'reports', 'accepted'],
      ['is one of several that are asked for', ['api', 'reports'], ['invoices', 'reports'], 'accepted'],
      ['is not there', ['api'], 'reports', 'AUDIENCE_MISMATCH'],
      ['is there without the provider’s', ['reports'], 'reports', 'AUDIENCE_MISMATCH'],
      ['is the provider’s own', 'api', 'api', 'accepted'],
      ['is there but in other case', ['api', 'Reports'], 'reports', 'AUDIENCE_MISMATCH'],
    ]
  for (const [name, aud, audience, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      expect(await verdict(() => verifierWith({}).verify(token({ aud }), { audience }))).toBe(expected)
    })
  }

  test('is asked of a provider whose own is unchecked', async () => {
    const verifier = verifierWith({ audience: unchecked('for this test') })
    expect(await verdict(() => verifier.verify(token({ aud: 'reports' }), { audience: 'reports' }))).toBe('accepted')
    expect(await verdict(() => verifier.verify(token({ aud: 'other' }), { audience: 'reports' }))).toBe(
      'AUDIENCE_MISMATCH',
    )
    expect(await verdict(() => verifier.verify(token({ aud: undefined }), { audience: 'reports' }))).toBe(
      'CLAIM_MISSING',
    )
  })
})

describe('scopes', () => {
  const cases: readonly (readonly [
    name: string,
    claims: Claims,
    asked: string | readonly string[],
    expected: string,
  ])[] = [
    ['the one that is asked for', { scope: 'read write' }, 'read', 'accepted'],
    ['all that are asked for', { scope: 'read write' }, ['read', 'write'], 'accepted'],
    ['from an array', { scp: ['read'] }, 'read', 'accepted'],
    ['none asked for', {}, [], 'accepted'],
    ['none held', {}, 'read', 'SCOPE_MISSING'],
    ['one of two', { scope: 'read' }, ['read', 'write'], 'SCOPE_MISSING'],
    ['the beginning of one', { scope: 'read' }, 'rea', 'SCOPE_MISSING'],
    ['one with more', { scope: 'read:all' }, 'read', 'SCOPE_MISSING'],
    ['in other case', { scope: 'Read' }, 'read', 'SCOPE_MISSING'],
    ['two as one text', { scope: 'read write' }, 'read write', 'SCOPE_MISSING'],
    ['a number', { scope: 5 }, '5', 'SCOPE_MISSING'],
    ['hidden in a prototype', { [HIDDEN]: { scope: 'read' } }, 'read', 'SCOPE_MISSING'],
  ]
  for (const [name, claims, scopes, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      expect(await verdict(() => verifierWith({}).verify(token(claims), { scopes }))).toBe(expected)
    })
  }

  test('are refused with 403, and only once all else holds', async () => {
    const lacking = await errorOf(() => verifierWith({}).verify(token({ scope: 'a' }), { scopes: ['b', 'c'] }))
    expect(lacking).toMatchObject({ status: 403, kind: 'token', expected: 'b c', found: '"a"' })
    const expired = await errorOf(() => verifierWith({}).verify(token({ exp: 1 }), { scopes: 'b' }))
    expect(expired).toMatchObject({ code: 'TOKEN_EXPIRED', status: 401 })
  })
})

describe('what a refusal says', () => {
  const cases: readonly (readonly [
    claims: Claims,
    subject: string,
    expected: RegExp,
    found: RegExp,
    header?: Claims,
    call?: VerifyOptions,
  ])[] = [
    [{ exp: NOW - 90 }, 'exp', /^a time after 2027-01-15T08:00:00.000Z \(5 s tolerance\)$/, /90 s ago$/],
    [{ exp: NOW - 600 }, 'exp', /a time after/, /10 min ago$/],
    [{ exp: NOW - 36_000 }, 'exp', /a time after/, /10 h ago$/],
    [{ exp: NOW - 864_000 }, 'exp', /a time after/, /10 days ago$/],
    [{ nbf: NOW + 90 }, 'nbf', /^a time up to 2027-01-15T08:00:00.000Z/, /90 s from now$/],
    [{ exp: 'soon' }, 'exp', /seconds since the epoch/, /^"soon"$/],
    [{ aud: 'other' }, 'aud', /^"api"$/, /^"other"$/],
    [{ sub: 5 }, 'sub', /a string/, /^5$/],
    [{ exp: undefined }, 'exp', /^a claim "exp"$/, /^no such claim$/],
    [{ aud: undefined }, 'aud', /^"api"$/, /^no such claim$/],
    [{ aud: 7 }, 'aud', /^a string or an array of strings$/, /^7$/],
    [{ exp: NOW - 119 }, 'exp', /a time after/, /, 119 s ago$/],
    [{ exp: NOW - 120 }, 'exp', /a time after/, /, 2 min ago$/],
    [{ exp: NOW - 7200 }, 'exp', /a time after/, /, 2 h ago$/],
    [{ exp: NOW - 172_800 }, 'exp', /a time after/, /, 2 days ago$/],
    [{}, 'scope', /^a b$/, /^no scope$/, {}, { scopes: ['a', 'b'] }],
    [{ scope: 'b c' }, 'scope', /^a$/, /^"b c"$/, {}, { scopes: 'a' }],
    [{}, 'typ', /^an access or ID token$/, /^"logout\+jwt"$/, { typ: 'logout+jwt' }],
  ]
  for (const [claims, subject, expected, found, header, call] of cases) {
    test(`of ${JSON.stringify(claims)}, ${subject}`, async () => {
      const error = await errorOf(() => verifierWith({}).verify(token(claims, header), call))
      expect(error).toMatchObject({
        subject,
        provider: 'acme',
        expected: expect.stringMatching(expected),
        found: expect.stringMatching(found),
      })
      expect(error.message).toBe(`acme: "${subject}": expected ${error.expected}, found ${error.found}`)
    })
  }
})

describe('the names of the checks', () => {
  test('are those that are documented, in order', async () => {
    const explanation = await verifierWith({ checks: [claimIs('token_use', 'access')] }).explain(token({}))
    const names = explanation.checks.map(({ name }) => name)
    expect(names.slice(names.indexOf('signature') + 1)).toEqual([
      'time',
      'audience',
      'type',
      'claims',
      'token_use',
      'scopes',
    ])
  })

  test('a type that is asked for is named', async () => {
    const error = await errorOf(() => verifierWith({ typ: 'at+jwt' }).verify(token({}, { typ: 'JWT' })))
    expect(error).toMatchObject({ subject: 'typ', expected: '"at+jwt"', found: '"JWT"' })
  })

  test('two audiences are both named, whether the claim is another or none', async () => {
    const verifier = verifierWith({ audience: ['one', 'two'] })
    for (const aud of ['three', undefined]) {
      expect((await errorOf(() => verifier.verify(token({ aud })))).expected).toBe('"one" or "two"')
    }
  })
})

describe("a provider's own checks", () => {
  const failure: CheckFailure = { code: 'CLAIM_INVALID', subject: 'own', expected: 'this', found: 'that' }

  test('run in order, after the common ones, and the first that fails decides', async () => {
    const ran: string[] = []
    const check = (name: string, result?: CheckFailure): TokenCheck => ({
      name,
      check: () => {
        ran.push(name)
        return result
      },
    })
    const checks = [check('a'), check('b', failure), check('c')]
    const verifier = verifierWith({ checks })
    expect(await errorOf(() => verifier.verify(token({})))).toMatchObject({ code: 'CLAIM_INVALID', subject: 'own' })
    expect(ran).toEqual(['a', 'b'])
    expect(await verdict(() => verifier.verify(token({ exp: 1 })))).toBe('TOKEN_EXPIRED')
    expect(ran).toEqual(['a', 'b'])
  })

  test('see the claims and the header', async () => {
    const seen: unknown[] = []
    const verifier = verifierWith({
      checks: [{ name: 'both', check: (claims, header) => void seen.push(claims.sub, header.alg) }],
    })
    await verifier.verify(jwt(key))
    expect(seen).toEqual(['user-1', 'ES256'])
  })

  test('that throw refuse the token as a fault of the configuration', async () => {
    const verifier = verifierWith({
      checks: [
        {
          name: 'careless',
          check: () => {
            throw new TypeError('no roles')
          },
        },
      ],
    })
    const error = await errorOf(() => verifier.verify(token({})))
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', kind: 'config', status: 500, provider: 'acme' })
    expect(error.message).toContain('no roles')
    expect(error.cause).toBeInstanceOf(TypeError)
  })
})
