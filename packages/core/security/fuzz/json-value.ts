import fc from 'fast-check'
import { AUDIENCE, ISSUER, NOW } from '../../test/loopback-issuer.ts'

// JSON as text, and not as values: numbers that no value is written as, members that come twice, `__proto__`.

const ODD_TEXT = fc.constantFrom(
  '',
  ' ',
  '\u0000',
  '\ufeff',
  '\ufffd',
  '\u202e',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  'none',
  'HS256',
  'ES256',
  'RS256',
  'k1',
  'JWT',
  'at+jwt',
  ISSUER,
  `${ISSUER}/`,
  AUDIENCE,
)

const text: fc.Arbitrary<string> = fc
  .oneof(ODD_TEXT, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
  .map((value) => JSON.stringify(value))

const number: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1e309',
    '-1e309',
    '1e-400',
    '8640000000000',
    '8640000000001',
    '-1',
    '9'.repeat(400),
    '0.1',
  ),
  fc.integer().map(String),
  fc.integer({ min: -10, max: 10 }).map((offset) => String(NOW + offset)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
)

/** Any JSON, as text. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false'),
    text,
    number,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 6 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .array(fc.tuple(text, tie('value')), { maxLength: 6 })
    .map((members) => `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`),
})).value

/** What may be wrong with JSON that is none. */
export const brokenJson: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '{', '{}{}', '[', '{"a":}', 'NaN', "{'a':1}", '\ufeff{}', '{"a":1,}', '<!doctype html>'),
  jsonText.map((json) => json.slice(0, -1)),
)

/** Members of an object, each as JSON. */
export type Members = Readonly<Record<string, string>>

/** A good object with some members taken away, and others in their place or twice. `odd` are values that are apt for one. */
export function alteredObject(good: Members, names: readonly string[], odd: Odd = {}): fc.Arbitrary<string> {
  const name = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: ODD_TEXT })
  const member = name.chain((chosen) => {
    const apt = Object.hasOwn(odd, chosen) ? odd[chosen] : undefined
    const value = apt ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...apt) }, jsonText) : jsonText
    return fc.tuple(fc.constant(chosen), value)
  })
  return fc
    .record({
      without: fc.array(fc.constantFrom(...Object.keys(good)), { maxLength: 1 }),
      added: fc.array(member, { maxLength: 3 }),
    })
    .map(({ without, added }) => {
      const kept = Object.entries(good).filter(([name]) => !without.includes(name))
      return `{${[...kept, ...added].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
    })
}

/** For some members, values as JSON that come close to a good one. */
export type Odd = Readonly<Record<string, readonly string[]>>

/** JSON that is as long or as deep as it is told to be. */
export const SHAPES: Readonly<Record<string, (length: number) => string>> = {
  'nested arrays': (length) => `${'['.repeat(length >> 1)}${']'.repeat(length >> 1)}`,
  'nested arrays that never end': (length) => '['.repeat(length),
  'nested objects': (length) => `${'{"a":'.repeat(length / 6)}0${'}'.repeat(length / 6)}`,
  'one long text': (length) => `"${'a'.repeat(length)}"`,
  'one text of escapes': (length) => `"${'\\u0000'.repeat(length / 6)}"`,
  'one text of letters beyond ASCII': (length) => `"${'\u20ac'.repeat(length / 3)}"`,
  'many numbers': (length) => `[${'1,'.repeat(length >> 1)}1]`,
  'many texts': (length) => `[${'"a",'.repeat(length >> 2)}"a"]`,
  'many members': (length) => `{${Array.from({ length: length / 9 }, (_, n) => `"${n}":0`).join(',')}}`,
  'one member many times': (length) => `{${'"a":0,'.repeat(length / 6)}"a":0}`,
  '__proto__ within __proto__': (length) => `${'{"__proto__":'.repeat(length / 14)}0${'}'.repeat(length / 14)}`,
  'one long number': (length) => '9'.repeat(length),
  'a long fraction': (length) => `0.${'3'.repeat(length)}`,
  blanks: (length) => `${' '.repeat(length)}0`,
  'spaces in a text': (length) => `"${' '.repeat(length)}"`,
}
