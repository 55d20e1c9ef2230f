import { describe, expect, test } from 'vitest'
import { oneOf, printable } from './printable.ts'

describe('printable', () => {
  const cases: readonly (readonly [name: string, value: unknown, expected: string])[] = [
    ['text', 'abc', '"abc"'],
    ['an empty text', '', '""'],
    ['quotes', 'a"b', '"a\\"b"'],
    ['a line feed', 'a\nb', '"a\\nb"'],
    ['a carriage return', 'a\rb', '"a\\rb"'],
    ['an escape sequence of a terminal', '\u001b[31m', '"\\u001b[31m"'],
    ['a NUL', '\0', '"\\u0000"'],
    ['delete', '\u007f', '"\\u007f"'],
    ['a control character of Latin-1', '\u009b', '"\\u009b"'],
    ['a line separator', '\u2028', '"\\u2028"'],
    ['an override of the direction', '\u202e', '"\\u202e"'],
    ['an isolate', '\u2066', '"\\u2066"'],
    ['half a surrogate pair', '\ud800', '"\\ud800"'],
    ['letters', 'Zoë 🔑', '"Zoë 🔑"'],
    ['undefined', undefined, 'nothing'],
    ['null', null, 'null'],
    ['a number', 1.5, '1.5'],
    ['infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['a boolean', false, 'false'],
    ['an array of texts', ['a', 'b\n'], '["a", "b\\n"]'],
    ['an empty array', [], 'an array of 0'],
    ['an array of others', ['a', 1], 'an array of 2'],
    ['a long array', Array(9).fill('a'), 'an array of 9'],
    ['an object', { secret: 'x' }, 'an object'],
    ['a function', () => 'x', 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
  ]
  for (const [name, value, expected] of cases) {
    test(`shows ${name}`, () => {
      expect(printable(value)).toBe(expected)
    })
  }

  test('clips what is long, whatever it is', () => {
    expect(printable('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`)
    for (const value of [
      'x'.repeat(10_000),
      '\u0001'.repeat(10_000),
      Array(8).fill('y'.repeat(1000)),
      '"'.repeat(81),
    ]) {
      expect(printable(value).length).toBeLessThanOrEqual(83)
      expect(printable(value)).toContain('…')
    }
    expect(printable('x'.repeat(300), 200)).toBe(`"${'x'.repeat(200)}…"`)
  })
})

describe('oneOf', () => {
  const cases: readonly (readonly [values: readonly string[], expected: string])[] = [
    [[], ''],
    [['a'], '"a"'],
    [['a', 'b'], '"a" or "b"'],
    [['a', 'b', 'c'], '"a", "b" or "c"'],
    [['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'], '"1", "2", "3", "4", "5", "6", "7", "8" or one of 2 more'],
  ]
  for (const [values, expected] of cases) {
    test(`of ${values.length}`, () => {
      expect(oneOf(values)).toBe(expected)
    })
  }
})
