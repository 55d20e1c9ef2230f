import fc from 'fast-check'
import { CLAIMS, NOW, part } from '../test/loopback-issuer.ts'
import { PUBLICATIONS, SIGNERS, signatureFor } from './differential-keys.ts'
import { alteredObject, brokenJson, jsonText, type Members, type Odd } from './fuzz/json-value.ts'
import { type Mutation, mutations, respell } from './fuzz/token-mutation.ts'

/** A token with all that a verdict on it depends on. */
export interface DifferentialCase {
  readonly token: string
  /** The `kid` of the key pair that signed. */
  readonly signedBy: string
  /** How the public key of that pair is published: one of {@link PUBLICATIONS}. */
  readonly publication: string
}

const json = (...values: readonly unknown[]): readonly string[] => values.map((value) => JSON.stringify(value))
const near = (second: number): readonly string[] => json(...[-1, -0.5, 0, 0.5, 1].map((offset) => second + offset))
const TOLERANCE_SEC = 5
const NO_DATES = ['null', 'true', '"1800000300"', '1e309', '-1e309', '8640000000000', '8640000000001', '1e20', '{}']

const ODD_HEADER: Odd = {
  alg: json('none', 'HS256', 'ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519', 'es256', 'ES256K', '', null, ['ES256']),
  kid: json(...SIGNERS.map(({ kid }) => kid), 'k2', '', null, 5, ['k1'], 'k'.repeat(256), 'k'.repeat(300), '__proto__'),
  typ: json(
    'JWT',
    'jwt',
    'at+jwt',
    'application/at+jwt',
    'logout+jwt',
    'DPoP+JWT',
    'application/secevent+jwt',
    '',
    null,
    5,
  ),
  // The last two bring a member along.
  crit: [...json([], ['exp'], ['b64'], null, '', [5]), '["b64"],"b64":true', '["b64"],"b64":false', '["x"],"x":1'],
  b64: json(true, false, 'true', null),
  jwk: json(SIGNERS[0]?.jwk),
  jku: json('https://evil.example/keys', 5),
  x5c: json(['MIIB'], 5),
  zip: json('DEF'),
}
const ODD_CLAIMS: Odd = {
  exp: [...near(NOW - TOLERANCE_SEC), ...NO_DATES],
  nbf: [...near(NOW + TOLERANCE_SEC), ...NO_DATES],
  iat: [...json(NOW, NOW + 1000, -1), ...NO_DATES],
  aud: json('api', ['api'], ['x', 'api'], ['api', 5], [null, 'api'], [['api']], [], '', 'API', 'api ', null, {
    api: 1,
  }),
  iss: json('https://id.example', 'https://id.example/', ['https://id.example'], 'HTTPS://id.example', null, ''),
  sub: json('', 5, null, ['a'], {}, true),
  scope: json('a b', ['a'], 5),
  jti: json(5),
}

/** Good, for the most part: what is refused early tells little. */
function mostlyGood(good: Members, odd: Odd): fc.Arbitrary<string> {
  const plain = fc.constant(
    `{${Object.entries(good)
      .map(([name, value]) => `"${name}":${value}`)
      .join(',')}}`,
  )
  return fc.oneof(
    { weight: 60, arbitrary: plain },
    { weight: 30, arbitrary: alteredObject(good, Object.keys(odd), odd) },
    {
      weight: 2,
      arbitrary: fc.tuple(plain, fc.constantFrom('\ufeff', ' \n', '\u00a0', ',')).map(([text, sign]) => sign + text),
    },
    { weight: 1, arbitrary: jsonText },
    { weight: 1, arbitrary: brokenJson },
    { weight: 1, arbitrary: fc.integer({ min: 11_000, max: 14_000 }).map((length) => longer(good, length)) },
  )
}

function longer(good: Members, length: number): string {
  return `{${[...Object.entries(good), ['x', `"${'x'.repeat(length)}"`]].map(([name, value]) => `"${name}":${value}`).join(',')}}`
}

const unchanged = fc.constant<Mutation[]>([])

/** Structure, header, signature and key, each as it should be or changed. All of it follows from the seed, but for the keys. */
export const differentialCase: fc.Arbitrary<DifferentialCase> = fc.constantFrom(...SIGNERS).chain((by) => {
  const nameless: Members = { alg: JSON.stringify(by.alg) }
  const named: Members = { ...nameless, kid: JSON.stringify(by.kid) }
  const claims: Members = Object.fromEntries(
    Object.entries(CLAIMS).map(([name, value]) => [name, JSON.stringify(value)]),
  )
  return fc
    .record({
      header: fc.oneof(
        { weight: 3, arbitrary: mostlyGood(named, ODD_HEADER) },
        { weight: 1, arbitrary: mostlyGood(nameless, ODD_HEADER) },
      ),
      payload: mostlyGood(claims, ODD_CLAIMS),
      encoding: fc.oneof({ weight: 20, arbitrary: fc.constant('utf8' as const) }, fc.constant('latin1' as const)),
      // A spelling that is changed before it is signed keeps a signature that holds.
      before: fc.oneof({ weight: 9, arbitrary: unchanged }, fc.array(respell, { minLength: 1, maxLength: 1 })),
      after: fc.oneof({ weight: 6, arbitrary: unchanged }, { weight: 3, arbitrary: mutations }),
      publication: fc.oneof(
        { weight: 3, arbitrary: fc.constant('as it is') },
        { weight: 2, arbitrary: fc.constantFrom(...Object.keys(PUBLICATIONS)) },
      ),
    })
    .map(({ header, payload, encoding, before, after, publication }): DifferentialCase => {
      const parts = [header, payload].map((text) => part(Buffer.from(text, encoding)))
      const input = changed(parts.join('.'), before)
      const token = `${input}.${signatureFor(input, by, publication).toString('base64url')}`
      return { token: changed(token, after), signedBy: by.kid, publication }
    })
})

const BORROWED = ['eyJhbGciOiJub25lIn0.e30.', 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA']

function changed(token: string, by: readonly Mutation[]): string {
  return by.reduce((now, change) => change(now, BORROWED), token)
}
