import { createHmac } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  CLAIMS,
  ENGINES,
  errorOf,
  ISSUER,
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
  verdict,
} from '../test/loopback-issuer.ts'

type Case = readonly [name: string, token: unknown, expected: string]

const key = signer('ES256')
const wide = signer('ES384', 'wide') // its signature ends on a whole group of four characters
const rsa = signer('RS256', 'rsa')
const attacker = signer('ES256')
const longKid = 'k'.repeat(256)
const keys = [key, wide, rsa, jwkWith(key.jwk, { kid: '' }), jwkWith(key.jwk, { kid: longKid })]
const good = jwt(key)
const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.')

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes with a bit set that no byte uses. The part must not end on a whole group of four. */
function respelled(text: string): string {
  if (text.length % 4 === 0) throw new Error('this part has no unused bits')
  return text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.slice(-1)) | 1]
}

/** JSON, padded with blanks, whose encoding leaves a rest of this many characters. */
function partWithRest(value: unknown, rest: 0 | 2 | 3): string {
  const found = ['', ' ', '  ']
    .map((blanks) => part(JSON.stringify(value) + blanks))
    .find((one) => one.length % 4 === rest)
  if (found === undefined) throw new Error('unreachable: three lengths, three rests')
  return found
}

/** A header that has claims too, and one more character, so that a reader who takes a missing dot for the end reads it twice. */
function onePart(): string {
  const whole = partWithRest({ ...CLAIMS, alg: 'ES256', kid: 'k1' }, 3)
  return `${whole}A`
}

/** A good token of exactly this many characters. */
function tokenOfLength(length: number): string {
  for (let inHeader = 0; inHeader < 4; inHeader++) {
    const header = part({ alg: 'ES256', kid: 'k1', x: 'x'.repeat(inHeader) })
    for (let blanks = 0; blanks < 12; blanks++) {
      const bytes = Math.floor(((length - header.length - 88) * 3) / 4) - blanks
      const payload = part(JSON.stringify(CLAIMS).padEnd(bytes))
      if (header.length + payload.length + 88 === length) return signed(header, payload, key)
    }
  }
  throw new Error(`no token has ${length} characters`)
}

const header = { alg: 'ES256', kid: 'k1' }
const withHeader = (value: unknown, by: Signer = key): string => signed(part(value), goodPayload, by)
const withPayload = (value: unknown): string => signed(goodHeader, part(value), key)

const shape: readonly Case[] = [
  ['a good token', good, 'accepted'],
  ['undefined', undefined, 'TOKEN_MALFORMED'],
  ['null', null, 'TOKEN_MALFORMED'],
  ['a number', 42, 'TOKEN_MALFORMED'],
  ['an object', { jwt: good }, 'TOKEN_MALFORMED'],
  ['an array that holds a token', [good], 'TOKEN_MALFORMED'],
  ['a String object', Object(good), 'TOKEN_MALFORMED'],
  ['bytes', Buffer.from(good), 'TOKEN_MALFORMED'],
  ['as long as the limit', tokenOfLength(16_384), 'accepted'],
  ['one character longer than the limit', tokenOfLength(16_385), 'TOKEN_TOO_LARGE'],
  ['too long and malformed', '.'.repeat(20_000), 'TOKEN_TOO_LARGE'],
  ['a megabyte of dots within no part', '.'.repeat(1_000_000), 'TOKEN_TOO_LARGE'],
  ['no character', '', 'TOKEN_MALFORMED'],
  ['one part', 'opaque', 'TOKEN_MALFORMED'],
  ['one part that holds a header and claims', onePart(), 'TOKEN_MALFORMED'],
  ['two parts', `${goodHeader}.${goodPayload}`, 'TOKEN_MALFORMED'],
  ['a fourth part that is empty', `${good}.`, 'TOKEN_MALFORMED'],
  ['a fourth part', `${good}.${goodSignature}`, 'TOKEN_MALFORMED'],
  ['five parts', 'a.b.c.d.e', 'TOKEN_MALFORMED'],
  ['an empty header', `.${goodPayload}.${goodSignature}`, 'TOKEN_MALFORMED'],
  ['an empty payload', signed(goodHeader, '', key), 'TOKEN_MALFORMED'],
  ['an empty signature', `${goodHeader}.${goodPayload}.`, 'TOKEN_MALFORMED'],
  ['a leading dot', `.${good}`, 'TOKEN_MALFORMED'],
]

const alphabet: readonly Case[] = [
  ['a line feed at the end', `${good}\n`, 'TOKEN_MALFORMED'],
  ['a blank before', ` ${good}`, 'TOKEN_MALFORMED'],
  ['a blank within', `${good.slice(0, 20)} ${good.slice(20)}`, 'TOKEN_MALFORMED'],
  ['a tab within the signature', `${good.slice(0, -5)}\t${good.slice(-5)}`, 'TOKEN_MALFORMED'],
  ['padding at the end', `${good}==`, 'TOKEN_MALFORMED'],
  ['padding in the header', signed(`${goodHeader}=`, goodPayload, key), 'TOKEN_MALFORMED'],
  ['padding in the payload', signed(goodHeader, `${goodPayload}=`, key), 'TOKEN_MALFORMED'],
  ['the scheme before', `Bearer ${good}`, 'TOKEN_MALFORMED'],
  ['a plus sign', signed(goodHeader, `${goodPayload}+`, key), 'TOKEN_MALFORMED'],
  ['a slash', signed(goodHeader, `/${goodPayload}`, key), 'TOKEN_MALFORMED'],
  ['a letter outside ASCII', signed(goodHeader, `${goodPayload}é`, key), 'TOKEN_MALFORMED'],
  ['a NUL', `${good}\0`, 'TOKEN_MALFORMED'],
  ['a plus sign where a minus was', inOtherAlphabet('-', '+'), 'TOKEN_MALFORMED'],
  ['a slash where an underscore was', inOtherAlphabet('_', '/'), 'TOKEN_MALFORMED'],
]

// A decoder that looks at the low byte alone takes these for the letters that they are not.
const lookAlikes: readonly Case[] = [0x100, 0x200, 0x2100, 0xfe00].flatMap((above): readonly Case[] => {
  const other = (text: string): string => String.fromCharCode(text.charCodeAt(0) + above) + text.slice(1)
  const last = (text: string): string =>
    text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + above)
  const name = `of U+${above.toString(16).padStart(4, '0')} and above`
  return [
    [`a letter ${name} in the header`, `${other(goodHeader)}.${goodPayload}.${goodSignature}`, 'TOKEN_MALFORMED'],
    [`a letter ${name} in the payload`, `${goodHeader}.${other(goodPayload)}.${goodSignature}`, 'TOKEN_MALFORMED'],
    [`a letter ${name} in the signature`, `${goodHeader}.${goodPayload}.${other(goodSignature)}`, 'TOKEN_MALFORMED'],
    [`a letter ${name} at the end`, last(good), 'TOKEN_MALFORMED'],
    [`a letter ${name} for a dot`, good.replace('.', String.fromCharCode(0x2e + above)), 'TOKEN_MALFORMED'],
  ]
})

/** A good token in whose signature one character is that of the other base64 alphabet. */
function inOtherAlphabet(ours: string, theirs: string): string {
  for (let tries = 0; tries < 1000; tries++) {
    const [h, p, s = ''] = jwt(key, { jti: String(tries) }).split('.')
    if (s.includes(ours)) return `${h}.${p}.${s.replaceAll(ours, theirs)}`
  }
  throw new Error(`unreachable: a signature of 86 characters without "${ours}", a thousand times`)
}

const canonical: readonly Case[] = ([2, 3] as const).flatMap((rest): readonly Case[] => {
  const ownHeader = partWithRest(header, rest)
  const ownPayload = partWithRest(CLAIMS, rest)
  return [
    [`a header with a rest of ${rest}`, signed(ownHeader, goodPayload, key), 'accepted'],
    [
      `a header with a rest of ${rest}, spelled otherwise`,
      signed(respelled(ownHeader), goodPayload, key),
      'TOKEN_MALFORMED',
    ],
    [`a payload with a rest of ${rest}`, signed(goodHeader, ownPayload, key), 'accepted'],
    [
      `a payload with a rest of ${rest}, spelled otherwise`,
      signed(goodHeader, respelled(ownPayload), key),
      'TOKEN_MALFORMED',
    ],
  ]
})

const wideToken = jwt(wide)
const impossible: readonly Case[] = [
  ['a signature spelled otherwise', respelled(good), 'TOKEN_MALFORMED'],
  ['a header one character too long', signed(`${partWithRest(header, 0)}A`, goodPayload, key), 'TOKEN_MALFORMED'],
  ['a payload one character too long', signed(goodHeader, `${partWithRest(CLAIMS, 0)}A`, key), 'TOKEN_MALFORMED'],
  ['a signature of whole groups', wideToken, 'accepted'],
  ['a signature one character too long', `${wideToken}A`, 'TOKEN_MALFORMED'],
]

const bytesIn = (before: string, bytes: readonly number[], after: string): Buffer =>
  Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
const inHeader = (bytes: readonly number[]): string =>
  withHeader(bytesIn('{"alg":"ES256","kid":"k1","x":"', bytes, '"}'))
const claimsText = JSON.stringify(CLAIMS).slice(0, -1)
const inPayload = (bytes: readonly number[]): string => withPayload(bytesIn(`${claimsText},"x":"`, bytes, '"}'))

const utf8: readonly Case[] = [
  ['two and four bytes a letter in the header', inHeader([0xc3, 0xa9, 0xf0, 0x9f, 0x94, 0x91]), 'accepted'],
  ['two and four bytes a letter in the payload', inPayload([0xc3, 0xa9, 0xf0, 0x9f, 0x94, 0x91]), 'accepted'],
  ['a byte that starts nothing in the header', inHeader([0xff]), 'TOKEN_MALFORMED'],
  ['a byte that starts nothing in the payload', inPayload([0xff]), 'TOKEN_MALFORMED'],
  ['a letter cut off in the header', inHeader([0xc3]), 'TOKEN_MALFORMED'],
  ['a letter cut off in the payload', inPayload([0xc3]), 'TOKEN_MALFORMED'],
  ['an overlong letter in the payload', inPayload([0xc0, 0xaf]), 'TOKEN_MALFORMED'],
  ['half a surrogate pair in the payload', inPayload([0xed, 0xa0, 0x80]), 'TOKEN_MALFORMED'],
  [
    'a byte order mark before the header',
    withHeader(bytesIn('', [0xef, 0xbb, 0xbf], JSON.stringify(header))),
    'TOKEN_MALFORMED',
  ],
  [
    'a byte order mark before the payload',
    withPayload(bytesIn('', [0xef, 0xbb, 0xbf], JSON.stringify(CLAIMS))),
    'TOKEN_MALFORMED',
  ],
  ['UTF-16 in the payload', withPayload(Buffer.from(JSON.stringify(CLAIMS), 'utf16le')), 'TOKEN_MALFORMED'],
]

const notObjects = [
  'null',
  '[]',
  '[{"alg":"ES256"}]',
  '"text"',
  '1',
  'true',
  ' ',
  '{',
  '{}x',
  "{'alg':'ES256'}",
  'not JSON',
]
const texts: readonly Case[] = notObjects.flatMap((text): readonly Case[] => [
  [`a header of ${text}`, withHeader(text), 'TOKEN_MALFORMED'],
  [`a payload of ${text}`, withPayload(text), 'TOKEN_MALFORMED'],
])

const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' })
const hmac = (alg: string, secret: string | Buffer): string => {
  const input = `${part({ alg, kid: 'rsa' })}.${goodPayload}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const unsigned = (alg: string): string => `${part({ alg })}.${goodPayload}.`

const badAlgorithms: readonly unknown[] = [
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    'none ',
    '',
    ' ES256',
    'ES256 ',
    'es256',
    'ES256K',
    'HS256',
    'HS512',
    'dir',
    'RSA1_5',
  ],
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'size', 'ES256\0', 'ES256,none'],
  ...[undefined, null, 1, 0, true, false, {}, [], ['ES256'], [['ES256']], { toString: 'ES256' }],
]
const algorithms: readonly Case[] = [
  ...badAlgorithms.map(
    (alg): Case => [`alg ${JSON.stringify(alg)}`, withHeader({ ...header, alg }), 'ALG_NOT_ALLOWED'],
  ),
  ['alg none without a signature', unsigned('none'), 'ALG_NOT_ALLOWED'],
  ['HS256 with the public key in PEM as secret', hmac('HS256', publicPem), 'ALG_NOT_ALLOWED'],
  ['HS256 with the public key in PEM, less its line feed', hmac('HS256', String(publicPem).trim()), 'ALG_NOT_ALLOWED'],
  ['HS256 with the modulus as secret', hmac('HS256', Buffer.from(String(rsa.jwk.n), 'base64url')), 'ALG_NOT_ALLOWED'],
  ['HS256 with no secret', hmac('HS256', ''), 'ALG_NOT_ALLOWED'],
  ['RS256 signed by HMAC', hmac('RS256', publicPem), 'SIGNATURE_INVALID'],
  ['RS256, signed as it says', jwt(rsa), 'accepted'],
  ['alg twice, the good one last', withHeader('{"alg":"none","alg":"ES256","kid":"k1"}'), 'accepted'],
  ['alg twice, the bad one last', withHeader('{"alg":"ES256","alg":"none","kid":"k1"}'), 'ALG_NOT_ALLOWED'],
  ['alg where only a prototype has it', withHeader('{"__proto__":{"alg":"ES256","kid":"k1"}}'), 'ALG_NOT_ALLOWED'],
  [
    'a bad alg and an unknown issuer',
    jwt(key, { iss: 'https://unknown.example' }, { alg: 'HS256' }),
    'ALG_NOT_ALLOWED',
  ],
]

const critical: readonly Case[] = [
  ...[[], ['exp'], ['b64'], null, '', 0, false, {}, 'exp'].map(
    (crit): Case => [`crit ${JSON.stringify(crit)}`, withHeader({ ...header, crit }), 'CRIT_NOT_SUPPORTED'],
  ),
  [
    'crit below __proto__, where it is no header member',
    withHeader('{"alg":"ES256","kid":"k1","__proto__":{"crit":["exp"]}}'),
    'accepted',
  ],
  ...[false, null, 0, 'true', 'false', []].map(
    (b64): Case => [`b64 ${JSON.stringify(b64)}`, withHeader({ ...header, b64 }), 'TOKEN_MALFORMED'],
  ),
  ['b64 true', withHeader({ ...header, b64: true }), 'accepted'],
]

const kids: readonly Case[] = [
  ...[null, 1, 0, false, [], ['k1'], {}].map(
    (kid): Case => [`kid ${JSON.stringify(kid)}`, withHeader({ ...header, kid }), 'TOKEN_MALFORMED'],
  ),
  ['a kid of 257 characters', withHeader({ ...header, kid: `${longKid}k` }), 'TOKEN_MALFORMED'],
  ['a kid of 256 characters', withHeader({ ...header, kid: longKid }), 'accepted'],
  ['an empty kid that a key has', withHeader({ ...header, kid: '' }), 'accepted'],
  [
    'a kid below __proto__, where it names nothing',
    withHeader('{"alg":"ES256","__proto__":{"kid":"wide"}}'),
    'accepted',
  ],
  ...[null, 1, false, ['JWT'], {}].map(
    (typ): Case => [`typ ${JSON.stringify(typ)}`, withHeader({ ...header, typ }), 'TOKEN_MALFORMED'],
  ),
  ['typ JWT', withHeader({ ...header, typ: 'JWT' }), 'accepted'],
]

for (const { name, createVerifier } of ENGINES) {
  describe(`a token on the ${name} engine`, () => {
    const verifier = createVerifier({ providers: [provider(keys)], clock: manualClock() })
    const tables = { shape, alphabet, lookAlikes, canonical, impossible, utf8, json: texts, algorithms, critical, kids }
    for (const [about, cases] of Object.entries(tables)) {
      describe(about, () => {
        for (const [what, token, expected] of cases) {
          test(`${what}: ${expected}`, async () => {
            expect(await verdict(() => verifier.verify(token as string))).toBe(expected)
            // Once more: what is remembered of a header must not change the verdict.
            expect(await verdict(() => verifier.verify(token as string))).toBe(expected)
          })
        }
      })
    }

    test('the last character of a part is the one spelling that its bytes have', async () => {
      for (const length of [86, 87]) {
        for (const last of ALPHABET) {
          const text = 'A'.repeat(length - 1) + last
          const isOne = Buffer.from(text, 'base64url').toString('base64url') === text
          const token = `${goodHeader}.${goodPayload}.${text}`
          const expected = isOne ? 'SIGNATURE_INVALID' : 'TOKEN_MALFORMED'
          expect([text.slice(-1), await verdict(() => verifier.verify(token))]).toEqual([last, expected])
        }
      }
    })

    test('the size limit is an option', async () => {
      const make = (maxTokenBytes: number) =>
        createVerifier({ providers: [provider(keys)], clock: manualClock(), maxTokenBytes })
      expect(await verdict(() => make(good.length).verify(good))).toBe('accepted')
      expect(await verdict(() => make(good.length - 1).verify(good))).toBe('TOKEN_TOO_LARGE')
    })

    for (const [maxTokenBytes, levels] of [
      [16_384, 5900],
      [1_048_576, 380_000],
    ] as const) {
      test(`${levels} arrays in each other, under a limit of ${maxTokenBytes}, are judged and crash nothing`, async () => {
        const nested = `${'['.repeat(levels)}${']'.repeat(levels)}`
        const one = createVerifier({ providers: [provider(keys)], clock: manualClock(), maxTokenBytes })
        const inHead = withHeader(`{"alg":"ES256","kid":"k1","x":${nested}}`)
        const inBody = withPayload(`${claimsText},"x":${nested}}`)
        expect(await verdict(() => one.verify(inHead))).toMatch(/^(accepted|TOKEN_MALFORMED)$/)
        expect(await verdict(() => one.verify(inBody))).toMatch(/^(accepted|TOKEN_MALFORMED)$/)
      })
    }

    test('keys that the token brings or names are never used, and never fetched', async () => {
      const server = await loopbackServer(json({ keys: [attacker.jwk] }))
      const x5c = [attacker.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')]
      const lures: readonly Record<string, unknown>[] = [
        { jwk: attacker.jwk },
        { jku: server.url },
        { x5u: server.url },
        { x5c },
        { jwk: null, jku: 1, x5u: [], x5c: {}, x5t: 'x', 'x5t#S256': 'y' },
      ]
      for (const lure of lures) {
        expect(await verdict(() => verifier.verify(jwt(attacker, {}, lure)))).toBe('SIGNATURE_INVALID')
        expect(await verdict(() => verifier.verify(jwt(attacker, {}, { ...lure, kid: undefined })))).toBe(
          'SIGNATURE_INVALID',
        )
        expect(await verdict(() => verifier.verify(jwt(key, {}, lure)))).toBe('accepted')
      }
      expect(server.requests).toHaveLength(0)
    })

    test('a header that one provider accepted is not accepted for another with other algorithms', async () => {
      const other = 'https://other.example'
      const both = createVerifier({
        providers: [
          provider([key], { name: 'a', algorithms: ['ES256'] }),
          provider([key, rsa], { name: 'b', issuer: other, algorithms: ['RS256'] }),
        ],
        clock: manualClock(),
      })
      expect(await verdict(() => both.verify(jwt(key)))).toBe('accepted')
      expect(await verdict(() => both.verify(jwt(key, { iss: other })))).toBe('ALG_NOT_ALLOWED')
      expect(await verdict(() => both.verify(jwt(rsa, { iss: other })))).toBe('accepted')
      expect(await verdict(() => both.verify(jwt(rsa)))).toBe('ALG_NOT_ALLOWED')
      expect(await verdict(() => both.verify(jwt(signer('PS256', 'rsa'))))).toBe('ALG_NOT_ALLOWED')
    })

    test('a result cannot be used to change what is remembered of a header', async () => {
      for (const extra of [{}, { nested: { list: [1] } }]) {
        const token = jwt(key, {}, extra)
        const first = await verifier.verify(token)
        try {
          Object.assign(first.header.nested ?? first.header, { kid: 'x', list: 0 })
        } catch {
          // frozen: that is one way to keep it as it is
        }
        Object.assign(first.claims, { sub: 'someone else' })
        const second = await verifier.verify(token)
        expect(second.header).toEqual({ alg: 'ES256', kid: 'k1', ...extra })
        expect(second.claims.sub).toBe('user-1')
      }
    })

    test('a header of plain members is read once and shared, and cannot be changed; a long or nested one is a token’s own', async () => {
      const twice = async (extra: Record<string, unknown>) =>
        [await verifier.verify(jwt(key, {}, extra)), await verifier.verify(jwt(key, {}, extra))] as const
      for (const plain of [{}, { x: null }, { x: 1 }]) {
        const [first, second] = await twice(plain)
        expect(second.header).toBe(first.header)
        expect(Object.isFrozen(first.header)).toBe(true)
      }
      for (const own of [{ x: {} }, { x: [1] }, { x: 'x'.repeat(1024) }]) {
        const [first, second] = await twice(own)
        expect(second.header).not.toBe(first.header)
        expect(second.header).toEqual(first.header)
      }
    })

    test('a thousand different headers leave the verdicts as they are', async () => {
      for (let n = 0; n < 1000; n++) {
        const token = jwt(key, {}, { n, pad: 'x'.repeat(n % 50 === 0 ? 2000 : 0) })
        expect(await verdict(() => verifier.verify(token))).toBe('accepted')
      }
      expect(await verdict(() => verifier.verify(good))).toBe('accepted')
      expect(await verdict(() => verifier.verify(withHeader({ ...header, crit: [] })))).toBe('CRIT_NOT_SUPPORTED')
    })

    test('claims come out as they were signed', async () => {
      const claims = { name: 'Zoë 🔑', big: 1e21, deep: { list: [1, null] }, ['__proto__']: { admin: true } }
      const text = `${claimsText},"name":"Zoë 🔑","big":1e21,"deep":{"list":[1,null]},"__proto__":{"admin":true}}`
      const token = await verifier.verify(withPayload(text))
      expect(token.claims).toMatchObject({ iss: ISSUER, name: claims.name, big: 1e21, deep: claims.deep })
      expect(token.claims.admin).toBeUndefined()
      expect(Object.hasOwn(token.claims, '__proto__')).toBe(true)
    })
  })
}

test('a reader of headers keeps only so many of those that strangers send', async () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
  const verifier = createVerifier({ providers: [provider(keys)], clock: manualClock() })
  const send = async (headers: number): Promise<void> => {
    for (let n = 0; n < headers; n++) {
      const own = part({ alg: 'ES256', kid: 'k1', n, pad: 'x'.repeat(650) })
      await verifier.verify(`${own}.${goodPayload}.${goodSignature}`).catch(() => {})
    }
    collect()
    collect()
  }
  await send(1000)
  const before = process.memoryUsage().heapUsed
  await send(5000)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(3_000_000)
})

describe('the refusal of text that is no token', () => {
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
  const verifier = createVerifier({ providers: [provider(keys)], clock: manualClock() })
  const tokens: readonly (readonly [name: string, token: unknown, found: string])[] = [
    ['nothing', undefined, 'nothing'],
    ['an empty string', '', 'an empty string'],
    ['the header value', `Bearer ${good}`, 'the whole Authorization header value: pass what follows "Bearer "'],
    [
      'the header value in lower case',
      `bearer\t${good}`,
      'the whole Authorization header value: pass what follows "Bearer "',
    ],
    ['white space', ` ${good}`, 'white space in the token'],
    ['an opaque token', 'gho_opaque', 'one part: an opaque token, or not a token at all'],
    ['two parts', 'a.b', 'two parts: it was cut off, or has no signature'],
    ['four parts', 'a.b.c.d', '4 parts'],
    ['quotation marks', `"${good}"`, 'quotation marks around it'],
    ['no value', 'undefined', 'the text "undefined": whoever sent it has no token'],
    ['a value of null', 'null', 'the text "null": whoever sent it has no token'],
    ['an encrypted token', 'a.b.c.d.e', 'five parts: an encrypted token (JWE)'],
    ['padding', `${good}==`, 'padding ("=")'],
    ['an empty part', 'a..c', 'an empty part, or characters that are not base64url'],
    ['a signature left out', unsigned('ES256'), 'an empty third part'],
    ['another spelling', respelled(good), 'a spelling that no bytes have: it was cut off, or changed'],
    ['no length that bytes have', `${wideToken}A`, 'a spelling that no bytes have: it was cut off, or changed'],
  ]
  for (const [name, token, found] of tokens) {
    test(`says that it is ${name}`, async () => {
      expect(await errorOf(() => verifier.verify(token as string))).toMatchObject({ code: 'TOKEN_MALFORMED', found })
    })
  }

  const three = 'three base64url parts with dots between (a signed JWT)'
  const canonical = 'canonical base64url (RFC 4648 section 3.5)'
  const changed = 'a spelling that no bytes have: it was cut off, or changed'
  const object = 'a JSON object in UTF-8'
  const shortKid = 'a string of at most 256 characters'
  const refusals: readonly (readonly [token: unknown, subject: string, expected: string, found: string])[] = [
    [5, 'token', 'a string', '5'],
    ['a.b', 'token', three, 'two parts: it was cut off, or has no signature'],
    ['the bearer of this', 'token', three, 'white space in the token'],
    ['a"b', 'token', three, 'one part: an opaque token, or not a token at all'],
    [unsigned('ES256'), 'signature', 'a signature', 'an empty third part'],
    [signed(respelled(partWithRest(header, 2)), goodPayload, key), 'header', canonical, changed],
    [signed(goodHeader, respelled(partWithRest(CLAIMS, 3)), key), 'payload', canonical, changed],
    [respelled(good), 'signature', canonical, changed],
    [withHeader([]), 'header', object, 'something else'],
    [withPayload('null'), 'payload', object, 'something else'],
    [withHeader({ ...header, crit: ['x'] }), 'crit', 'no critical extension', '["x"]'],
    [withHeader({ ...header, b64: false }), 'b64', 'true or absent (RFC 7797 section 7)', 'false'],
    [withHeader({ ...header, kid: 5 }), 'kid', shortKid, '5'],
    [withHeader({ ...header, kid: 'k'.repeat(257) }), 'kid', shortKid, '257 characters'],
    [withHeader({ ...header, typ: 5 }), 'typ', 'a string', '5'],
  ]
  for (const [token, subject, expected, found] of refusals) {
    test(`of ${String(token).slice(0, 20)}… (${subject}: ${found}) says what was expected`, async () => {
      expect(await errorOf(() => verifier.verify(token as string))).toMatchObject({ subject, expected, found })
    })
  }

  test('of a token that is too large says how large it is, and may be', async () => {
    const strict = createVerifier({ providers: [provider(keys)], clock: manualClock(), maxTokenBytes: 10 })
    expect(await errorOf(() => strict.verify('x'.repeat(11)))).toMatchObject({
      subject: 'token',
      expected: 'at most 10 bytes',
      found: '11 bytes',
    })
  })

  test('of an algorithm that other providers may allow says nothing of what is asymmetric', async () => {
    const strict = createVerifier({ providers: [provider([key], { algorithms: ['ES256'] })], clock: manualClock() })
    const refused = (alg: unknown) => errorOf(() => strict.verify(withHeader({ alg })))
    expect(await refused('RS256')).toMatchObject({ expected: '"ES256"', found: '"RS256"' })
    expect(await refused('HS256')).toMatchObject({ expected: '"ES256" (asymmetric algorithms only)', found: '"HS256"' })
    expect(await refused(5)).toMatchObject({ expected: '"ES256" (asymmetric algorithms only)', found: '5' })
  })

  test('says which algorithms would do, and which was there', async () => {
    const error = await errorOf(() => verifier.verify(unsigned('none')))
    expect(error).toMatchObject({ subject: 'alg', found: '"none"', status: 401 })
    expect(error.expected).toContain('"ES256"')
    expect(error.expected).toContain('asymmetric algorithms only')
  })

  test('tells hints how many parts there are', async () => {
    const seen: unknown[] = []
    const hinting = createVerifier({ providers: [provider(keys, { hint: ({ parts }) => void seen.push(parts) })] })
    const tokens = ['opaque', 'o-._~+/=', 'a.b.c.d.e', 'undefined1', 'nullable', 'isundefined', 'notnull']
    // No provider's, so that none takes it for its opaque token.
    const none = ['', 'undefined', 'null', 'Bearer opaque', '"opaque"', 'opaque ']
    for (const token of [...tokens, ...none]) await errorOf(() => hinting.verify(token))
    expect(seen).toEqual([1, 2, 5, 1, 1, 1, 1, ...none.map(() => undefined)])
  })
})
