import { describe, expect, test } from 'vitest'
import { maxAgeMsOf, retryAfterMsOf } from './cache-control.ts'

describe('how long an answer may be used', () => {
  const cases: readonly (readonly [
    cacheControl: string | undefined,
    age: string | undefined,
    expected: number | undefined,
  ])[] = [
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['public', undefined, undefined],
    ['max-age=60', undefined, 60_000],
    ['public, max-age=60, must-revalidate', undefined, 60_000],
    ['MAX-AGE=60', undefined, 60_000],
    ['max-age="60"', undefined, 60_000],
    ['max-age = 60', undefined, 60_000],
    ['max-age=0', undefined, 0],
    ['max-age=60', '20', 40_000],
    ['max-age=60', '60', 0],
    ['max-age=60', '100', 0],
    ['max-age=60', '-100', 60_000],
    ['max-age=60', 'soon', 60_000],
    ['max-age=-60', undefined, undefined],
    ['max-age=soon', undefined, undefined],
    ['max-age', undefined, undefined],
    ['s-maxage=60', undefined, undefined],
    ['no-store', undefined, 0],
    ['no-cache', undefined, 0],
    ['No-Store, max-age=60', undefined, 0],
    ['max-age=60, no-cache', undefined, 0],
  ]
  for (const [cacheControl, age, expected] of cases) {
    test(`Cache-Control ${cacheControl}, Age ${age}: ${expected}`, () => {
      const headers = new Headers()
      if (cacheControl !== undefined) headers.set('cache-control', cacheControl)
      if (age !== undefined) headers.set('age', age)
      expect(maxAgeMsOf(headers)).toBe(expected)
    })
  }
})

describe('when to come again', () => {
  const now = Date.parse('2027-01-15T08:00:00Z')
  const cases: readonly (readonly [value: string | undefined, expected: number | undefined])[] = [
    [undefined, undefined],
    ['', undefined],
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['Fri, 15 Jan 2027 08:02:00 GMT', 120_000],
    ['Fri, 15 Jan 2027 07:00:00 GMT', 0],
    ['later', undefined],
  ]
  for (const [value, expected] of cases) {
    test(`Retry-After ${value}: ${expected}`, () => {
      expect(retryAfterMsOf(new Headers(value === undefined ? {} : { 'retry-after': value }), now)).toBe(expected)
    })
  }
})
