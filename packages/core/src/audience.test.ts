import { describe, expect, test } from 'vitest'
import { provider, signer, verdict } from '../test/loopback-issuer.ts'
import { unchecked } from './index.ts'

const key = signer()

describe('the option `audience`', () => {
  const cases: readonly (readonly [name: string, audience: unknown, accepted: boolean])[] = [
    ['text', 'api', true],
    ['several', ['api', 'api-2'], true],
    ['unchecked, with the reason', unchecked('the issuer has none'), true],
    ['missing', undefined, false],
    ['null', null, false],
    ['empty', '', false],
    ['blank', ' ', false],
    ['none of several', [], false],
    ['an empty one of several', ['api', ''], false],
    ['a number', 5, false],
    ['a regular expression', /api/, false],
    ['false', false, false],
    ['a star in an array of arrays', [['*']], false],
    ['a look-alike of unchecked', { why: 'because' }, false],
  ]
  for (const [name, audience, accepted] of cases) {
    test(`${name}: ${accepted ? 'taken' : 'refused'}`, async () => {
      const made = await verdict(() => provider([key], { audience: audience as never }))
      expect(made).toBe(accepted ? 'accepted' : 'CONFIG_INVALID')
    })
  }
})

describe('unchecked', () => {
  for (const why of ['', '  ', undefined, null, true, 5, {}, ['because']]) {
    test(`refuses ${JSON.stringify(why)} for a reason`, async () => {
      expect(await verdict(() => unchecked(why as never))).toBe('CONFIG_INVALID')
    })
  }

  test('keeps its reason, and cannot be changed', () => {
    const mark = unchecked('the issuer has none')
    expect(mark.why).toBe('the issuer has none')
    expect(Object.isFrozen(mark)).toBe(true)
  })
})
