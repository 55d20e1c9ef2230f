import { describe, expect, test } from 'vitest'
import { errorOf, verdict } from '../test/loopback-issuer.ts'
import { readEnvironment } from './index.ts'

const environment = { DOMAIN: ' id.example ', EMPTY: '', BLANK: '  ', LIST: 'a, b  c,,d\n', OTHER: 'x' }
const read = readEnvironment('acme', environment)

describe('the environment', () => {
  test('gives a variable without the blanks around it', () => {
    expect(read.optional('DOMAIN')).toBe('id.example')
    expect(read.required('DOMAIN')).toBe('id.example')
  })

  test('gives the first of several that is set', () => {
    expect(read.optional('MISSING', 'EMPTY', 'BLANK', 'OTHER', 'DOMAIN')).toBe('x')
    expect(read.required('MISSING', 'OTHER')).toBe('x')
  })

  test('takes an empty variable for none', async () => {
    expect(read.optional('EMPTY', 'BLANK')).toBeUndefined()
    expect(read.list('EMPTY')).toBeUndefined()
    expect(await verdict(() => read.required('EMPTY'))).toBe('CONFIG_INVALID')
  })

  test('splits a list at commas and white space', () => {
    expect(read.list('LIST')).toEqual(['a', 'b', 'c', 'd'])
    expect(read.requiredList('MISSING', 'LIST')).toEqual(['a', 'b', 'c', 'd'])
  })

  test('names the variables that are missing, and shows none of their values', async () => {
    for (const miss of [() => read.required('ACME_DOMAIN', 'EMPTY'), () => read.requiredList('ACME_DOMAIN', 'EMPTY')]) {
      expect(await errorOf(miss)).toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^acme\.fromEnv: expected the environment variable ACME_DOMAIN or EMPTY/),
      })
    }
  })

  test('is read at the call', () => {
    const own = readEnvironment('acme')
    expect(own.optional('KEYSOURCE_TEST_VARIABLE')).toBeUndefined()
    process.env.KEYSOURCE_TEST_VARIABLE = 'set'
    try {
      expect(own.optional('KEYSOURCE_TEST_VARIABLE')).toBe('set')
    } finally {
      delete process.env.KEYSOURCE_TEST_VARIABLE
    }
  })
})
