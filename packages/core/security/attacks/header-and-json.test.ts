/** Header, JSON, size. */
import { deflateRawSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { isKeysourceError } from '../../src/index.ts'
import { CLAIMS, eventLog, jwt, manualClock, NOW, part, provider, signed, signer } from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, engines, expectNothingLeaked, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const header = part({ alg: 'ES256', kid: 'k1' })
const payload = part(CLAIMS)
const one = { providers: [provider([key])] }
const withHeader = (members: object): string => signed(part({ alg: 'ES256', kid: 'k1', ...members }), payload, key)
const withPayload = (value: unknown): string => signed(header, part(value), key)

const CRITICAL: readonly unknown[] = [[], ['exp'], ['b64'], ['x'], [''], [null], 'exp', '', null, 0, 1, false, true, {}]
attacks('CVE-2025-59420, CVE-2026-32597, CVE-2026-35042: crit', one, [
  ['no crit', withHeader({}), 'accepted'],
  ['a member that crit would name, without crit', withHeader({ exp: 1, x: 1 }), 'accepted'],
  ...CRITICAL.map((crit): AttackCase => [`crit ${JSON.stringify(crit)}`, withHeader({ crit }), 'CRIT_NOT_SUPPORTED']),
  ['a crit whose extension is there', withHeader({ crit: ['x'], x: 1 }), 'CRIT_NOT_SUPPORTED'],
  [
    'a crit that is inherited: a member of that name is no crit',
    signed(part('{"alg":"ES256","kid":"k1","__proto__":{"crit":["x"]}}'), payload, key),
    'accepted',
  ],
  ['CRIT, another member', withHeader({ CRIT: ['x'] }), 'accepted'],
])

const UNENCODED: readonly unknown[] = [false, null, 0, 1, 'false', 'true', '', [], {}]
attacks('RFC 7797 7: b64', one, [
  ['b64 true, which changes nothing', withHeader({ b64: true }), 'accepted'],
  ...UNENCODED.map((b64): AttackCase => [`b64 ${JSON.stringify(b64)}`, withHeader({ b64 }), 'TOKEN_MALFORMED']),
  ['b64 false and named in crit', withHeader({ b64: false, crit: ['b64'] }), 'CRIT_NOT_SUPPORTED'],
  [
    'b64 false over a payload that is not encoded',
    signed(part({ alg: 'ES256', kid: 'k1', b64: false }), JSON.stringify(CLAIMS), key),
    'TOKEN_MALFORMED',
  ],
])

const twice = (member: string): string => withPayload(JSON.stringify(CLAIMS).replace(/}$/, `,${member}}`))
attacks('RFC 7515 4, RFC 7519 4: of a member that is there twice, the last counts, everywhere', one, [
  ['the same exp twice', twice(`"exp":${CLAIMS.exp}`), 'accepted'],
  ['an exp that is over, last', twice('"exp":1'), 'TOKEN_EXPIRED'],
  ['another issuer, last', twice('"iss":"https://evil.example"'), 'ISSUER_UNKNOWN'],
  ['another audience, last', twice('"aud":"other"'), 'AUDIENCE_MISMATCH'],
  [
    'another issuer, first',
    withPayload(`{"iss":"https://evil.example",${JSON.stringify(CLAIMS).slice(1)}`),
    'accepted',
  ],
  ['alg none, first', signed(part('{"alg":"none","alg":"ES256","kid":"k1"}'), payload, key), 'accepted'],
  ['alg none, last', signed(part('{"alg":"ES256","kid":"k1","alg":"none"}'), payload, key), 'ALG_NOT_ALLOWED'],
  ['crit, and not again', signed(part('{"crit":["x"],"alg":"ES256","kid":"k1"}'), payload, key), 'CRIT_NOT_SUPPORTED'],
  ['a name written with an escape', twice('"\\u0065xp":1'), 'TOKEN_EXPIRED'],
])

const hidden = (members: string): string => withPayload(`{"__proto__":${JSON.stringify(CLAIMS)},${members}"x":1}`)
attacks(
  'fast-jwt: __proto__ is a member like any other',
  { providers: [provider([key], { requiredClaims: ['role'] })] },
  [
    ['claims of its own', withPayload({ ...CLAIMS, role: 'a' }), 'accepted'],
    ['all claims inherited', hidden(''), 'ISSUER_UNKNOWN'],
    ['exp inherited', hidden(`"iss":"${CLAIMS.iss}","aud":"api",`), 'CLAIM_MISSING'],
    ['aud inherited', hidden(`"iss":"${CLAIMS.iss}","exp":${CLAIMS.exp},`), 'CLAIM_MISSING'],
    [
      'a required claim inherited',
      withPayload(`${JSON.stringify(CLAIMS).slice(0, -1)},"__proto__":{"role":"admin"}}`),
      'CLAIM_MISSING',
    ],
    [
      'constructor.prototype',
      withPayload(`${JSON.stringify(CLAIMS).slice(0, -1)},"role":"a","constructor":{"prototype":{"admin":true}}}`),
      'accepted',
    ],
  ],
)

test('fast-jwt: no token reaches Object.prototype', async () => {
  for (const { createVerifier } of engines) {
    const verifier = createVerifier({ ...one, clock: manualClock() })
    const text = `${JSON.stringify(CLAIMS).slice(0, -1)},"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`
    const token = await verifier.verify(withPayload(text))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect((token.claims as { polluted?: boolean }).polluted).toBeUndefined()
    expect(Object.getPrototypeOf(token.claims)).toBe(Object.prototype)
  }
})

const bytes = (...values: (string | readonly number[])[]): Buffer =>
  Buffer.concat(values.map((value) => Buffer.from(value as string)))
const open = JSON.stringify(CLAIMS).slice(0, -1)
const INVALID: readonly (readonly [string, readonly number[]])[] = [
  ['a byte that starts nothing', [0xff]],
  ['a letter cut off', [0xc3]],
  ['latin1', [0xe9]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong zero', [0xc0, 0x80]],
  ['half a surrogate pair', [0xed, 0xa0, 0x80]],
  ['beyond the last code point', [0xf5, 0x80, 0x80, 0x80]],
  ['a byte that continues nothing', [0x80]],
]
attacks('RFC 8725 3.7: what is not UTF-8', one, [
  ['letters beyond ASCII', withPayload({ ...CLAIMS, name: 'Zoë 🔑 \ufffd' }), 'accepted'],
  ...INVALID.flatMap(([name, invalid]): AttackCase[] => [
    [`${name} in the payload`, withPayload(bytes(`${open},"x":"`, invalid, '"}')), 'TOKEN_MALFORMED'],
    [
      `${name} in the header`,
      signed(part(bytes('{"alg":"ES256","kid":"k1","x":"', invalid, '"}')), payload, key),
      'TOKEN_MALFORMED',
    ],
  ]),
  ['a byte order mark', withPayload(bytes([0xef, 0xbb, 0xbf], JSON.stringify(CLAIMS))), 'TOKEN_MALFORMED'],
  ['UTF-16', withPayload(Buffer.from(JSON.stringify(CLAIMS), 'utf16le')), 'TOKEN_MALFORMED'],
])

const umlaut = signer('ES256', 'schlüssel-ключ-🔑')
attacks('jws: a kid beyond ASCII is found', { providers: [provider([umlaut])] }, [
  ['the kid as it is', jwt(umlaut), 'accepted'],
  ['its latin1 reading', jwt(umlaut, {}, { kid: Buffer.from(umlaut.kid).toString('latin1') }), 'KEY_NOT_FOUND'],
])

const NO_OBJECT = [
  'null',
  '"text"',
  '1',
  'true',
  '[]',
  `[${JSON.stringify(CLAIMS)}]`,
  '',
  ' ',
  '{',
  '{}x',
  'undefined',
  'NaN',
  "{'iss':1}",
]
attacks('jsonwebtoken: a payload that is null, text, a number, an array', one, [
  ['an object', withPayload(CLAIMS), 'accepted'],
  ...NO_OBJECT.map(
    (text): AttackCase => [`the payload ${text.slice(0, 20) || '(nothing)'}`, withPayload(text), 'TOKEN_MALFORMED'],
  ),
  ...NO_OBJECT.map(
    (text): AttackCase => [
      `the header ${text.slice(0, 20) || '(nothing)'}`,
      signed(part(text), payload, key),
      'TOKEN_MALFORMED',
    ],
  ),
  ['an empty object', withPayload('{}'), 'ISSUER_UNKNOWN'],
])

const deep = (depth: number): string => `{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`
const LARGE: readonly AttackCase[] = [
  ['a million dots', '.'.repeat(1_000_000), 'TOKEN_TOO_LARGE'],
  ['as many dots as fit', '.'.repeat(16_384), 'TOKEN_MALFORMED'],
  ['a dot after each letter', 'a.'.repeat(8_192), 'TOKEN_MALFORMED'],
  ['1 MiB', 'a'.repeat(1 << 20), 'TOKEN_TOO_LARGE'],
  ['8 MiB', `${header}.${'a'.repeat(8 << 20)}.${'a'.repeat(86)}`, 'TOKEN_TOO_LARGE'],
  ['a header a million deep', `${part(deep(500_000))}.${payload}.${'a'.repeat(86)}`, 'TOKEN_TOO_LARGE'],
  ['a header as deep as fits', signed(part(deep(5_000)), payload, key), 'ALG_NOT_ALLOWED'],
  ['a payload as deep as fits', withPayload(`${open},"x":${'['.repeat(5000)}${']'.repeat(5000)}}`), 'accepted'],
  ['a payload of numbers that take long to read', withPayload(`${open},"x":${'9'.repeat(10_000)}}`), 'accepted'],
]
attacks('CVE-2025-27144, CVE-2025-30204, CVE-2025-22868, CVE-2025-53864: many dots, huge, deep', one, LARGE)

test('CVE-2025-27144, CVE-2025-30204, CVE-2025-22868, CVE-2025-53864: each is refused under 5 ms', async () => {
  for (const { createVerifier } of engines) {
    const verifier = createVerifier({ ...one, clock: manualClock() })
    await verifier.ready()
    for (const [, token, expected] of LARGE) {
      if (expected === 'accepted') continue
      let best = Number.POSITIVE_INFINITY
      for (let round = 0; round < 5; round++) {
        const startedAt = performance.now()
        await verdictOn(() => verifier.verify(token as string))
        best = Math.min(best, performance.now() - startedAt)
      }
      expect(best).toBeLessThan(5)
    }
  }
})

attackOn(
  'CVE-2026-35041: a regular expression where an issuer or an audience is due',
  'CONFIG_INVALID',
  async (engine) => {
    for (const options of [{ issuer: /id/ }, { issuer: [/id/] }, { audience: /api/ }, { audience: [/api/] }]) {
      expect(await verdictOn(() => provider([key], options as never))).toBe('CONFIG_INVALID')
    }
    const verifier = engine.createVerifier({ ...one, clock: manualClock() })
    return verdictOn(() => verifier.verify(jwt(key), { audience: /api/ as never }))
  },
)

const squeezed = deflateRawSync(Buffer.alloc(8 << 20, 0x20))
attacks('CVE-2022-36083, CVE-2024-28176, CVE-2024-28180, CVE-2023-52428, CVE-2024-21319: p2c and zip', one, [
  [
    'PBES2 with a huge p2c',
    signed(part({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 - 1, p2s: 'AAAA' }), payload, key),
    'ALG_NOT_ALLOWED',
  ],
  ['p2c beside an allowed alg, which nothing reads', withHeader({ p2c: 2 ** 31 - 1 }), 'accepted'],
  ['zip over a payload that is not compressed, which nothing reads', withHeader({ zip: 'DEF' }), 'accepted'],
  [
    '8 MiB deflated into a payload',
    signed(part({ alg: 'ES256', kid: 'k1', zip: 'DEF' }), part(squeezed), key),
    'TOKEN_MALFORMED',
  ],
  [
    'claims in gzip',
    signed(part({ alg: 'ES256', kid: 'k1', zip: 'GZ' }), part(gzipSync(JSON.stringify(CLAIMS))), key),
    'TOKEN_MALFORMED',
  ],
])

attackOn(
  'CVE-2026-35039: a token cache answers for the whole token and all that was asked',
  'accepted',
  async (engine) => {
    const other = signer('ES256', 'k1')
    const clock = manualClock()
    const verifier = engine.createVerifier({
      providers: [provider([key]), provider([other], { name: 'other', issuer: 'https://other.example' })],
      clock,
      tokenCache: { max: 100 },
    })
    const token = jwt(key, { scope: 'read' })
    const [head = '', body = '', signature = ''] = token.split('.')
    const evil = part({ ...CLAIMS, scope: 'read', sub: 'admin' })
    for (let round = 0; round < 2; round++) {
      expect(await verdictOn(() => verifier.verify(token))).toBe('accepted')
      expect(await verdictOn(() => verifier.verify(token, { scopes: 'write' }))).toBe('SCOPE_MISSING')
      expect(await verdictOn(() => verifier.verify(token, { audience: 'other' }))).toBe('AUDIENCE_MISMATCH')
      expect(await verdictOn(() => verifier.verify(token, { provider: 'other' }))).toBe('ISSUER_UNKNOWN')
      expect(await verdictOn(() => verifier.verify(`${head}.${evil}.${signature}`))).toBe('SIGNATURE_INVALID')
      expect(await verdictOn(() => verifier.verify(`${part({ kid: 'k1', alg: 'ES256' })}.${body}.${signature}`))).toBe(
        'SIGNATURE_INVALID',
      )
      expect(await verdictOn(() => verifier.verify(`${token}=`))).toBe('TOKEN_MALFORMED')
    }
    const first = await verifier.verify(token)
    expect(await verdictOn(() => Object.assign(first.claims as object, { sub: 'admin' }))).toMatch(/TypeError/)
    clock.advance(305_000)
    expect(await verdictOn(() => verifier.verify(token))).toBe('TOKEN_EXPIRED')
    clock.jump(-305_000)
    return verdictOn(() => verifier.verify(token))
  },
)

test('no token, signature or secret is in an error, an event, an explanation or the status', async () => {
  for (const { createVerifier } of engines) {
    const { all, onEvent } = eventLog()
    const verifier = createVerifier({ ...one, clock: manualClock(), onEvent })
    const evil = signer('ES256', 'k1')
    const tokens = [
      jwt(key),
      jwt(evil),
      jwt(key, { exp: 1 }),
      jwt(key, {}, { kid: 'gone' }),
      `Bearer ${jwt(key)}`,
      jwt(key, { iss: jwt(key) }),
      jwt(key, {}, { kid: jwt(key).slice(0, 250) }),
      jwt(key, {}, { typ: jwt(key) }),
      jwt(key, { aud: jwt(key) }),
      jwt(key, { exp: jwt(key) }),
      jwt(key, {}, { alg: jwt(key) }),
    ]
    for (const token of tokens) {
      const error = await verifier.verify(token).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error) expect(isKeysourceError(error)).toBe(true)
      const { message, stack, cause } = (error ?? {}) as Error
      expectNothingLeaked({ error, message, stack, cause: String(cause) }, token)
    }
    const told = JSON.stringify(all, (_, value) =>
      value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value,
    )
    for (const token of tokens) expectNothingLeaked(told, token)
    expectNothingLeaked(verifier.status(), tokens[0])
    expect(all.length).toBeGreaterThan(tokens.length)
    expect(NOW).toBeGreaterThan(0)
  }
})
