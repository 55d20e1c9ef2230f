import { describe, expect, test } from 'vitest'
import { errorOf, signer, verdict } from '../test/loopback-issuer.ts'
import {
  adapterOptions,
  callback,
  checkOption,
  checkOptions,
  choice,
  claimIs,
  defineProvider,
  firstOf,
  flag,
  hostName,
  httpsUrl,
  isHostName,
  numberWithin,
  type OptionRule,
  optional,
  secret,
  secureUrl,
  staticJwks,
  text,
  textOrTexts,
  texts,
} from './index.ts'
import { algorithmList } from './options.ts'

const LONG = 'a'.repeat(63)

describe('a rule', () => {
  type Rule = readonly [name: string, rule: OptionRule, good: readonly unknown[], bad: readonly unknown[]]
  const rules: readonly Rule[] = [
    ['text', text(), ['a', ' a '], ['', '  ', 5, null, [], ['a'], {}]],
    ['texts', texts(), [['a'], ['a', 'b']], ['a', [], [''], ['a', 5], null, {}]],
    ['textOrTexts', textOrTexts(), ['a', ['a', 'b']], ['', [], ['a', ' '], 5, null]],
    ['secret', secret(), ['a'], ['', ' ', 5, null]],
    ['choice', choice('a', 'b'), ['a', 'b'], ['c', '', 'A', ['a'], 5, 'constructor', null]],
    [
      'numberWithin',
      numberWithin(1, 300, 'seconds'),
      [1, 1.5, 300],
      [0, 300.1, -1, Number.NaN, Infinity, '5', null, [5]],
    ],
    ['flag', flag, [true, false], ['true', 0, 1, null]],
    ['callback', callback, [() => {}], ['f', null, {}]],
    [
      'hostName',
      hostName('x.example'),
      ['id.example', 'a-b.c2.example', `${LONG}.example`],
      [
        'https://id.example',
        'id.example/',
        'id.example:443',
        'ID.example',
        'id.example.',
        'localhost',
        '-a.example',
        'a-.example',
        'a..example',
        ' id.example',
        'id.example\n',
        `${LONG}a.example`,
        `${`${LONG}.`.repeat(4)}example`,
        'user@id.example',
        '',
        5,
        null,
        '*.example',
        'a_b.example',
      ],
    ],
    [
      'httpsUrl',
      httpsUrl('x'),
      [
        'https://id.example',
        'https://id.example/a?b=c',
        'https://id.example:8443',
        'http://localhost:3000',
        'http://a.localhost',
        'http://127.0.0.1',
        'http://127.1.2.3:80',
        'http://[::1]:3000',
      ],
      [
        'http://id.example',
        'http://localhost.evil.example',
        'http://127.0.0.1.evil.example',
        'http://10.0.0.1',
        'http://[::2]',
        'ftp://id.example',
        'file:///etc/passwd',
        'data:,x',
        'javascript:1',
        '//id.example',
        'id.example',
        'https://user@id.example',
        'https://user:pw@id.example',
        'https://id.example/#x',
        '',
        5,
        null,
      ],
    ],
    [
      'algorithmList',
      algorithmList,
      [['ES256'], ['RS256', 'EdDSA']],
      [[], 'ES256', ['HS256'], ['none'], ['ES256', 'none'], ['constructor'], [5], null],
    ],
    [
      'adapterOptions.name',
      adapterOptions.name,
      ['a', 'a.b_c-D9', 'a'.repeat(64)],
      ['', 'a b', 'a/b', 'a'.repeat(65), 'é', 5, null],
    ],
    ['adapterOptions.typ', adapterOptions.typ, ['at+jwt', ['at+jwt', 'JWT']], ['', [], 5]],
    [
      'adapterOptions.clockToleranceSec',
      adapterOptions.clockToleranceSec,
      [0, 300],
      [-1, 301, Number.NaN, Infinity, '5', null],
    ],
    ['adapterOptions.requiredClaims', adapterOptions.requiredClaims, [[], ['a']], ['a', [''], [5], null]],
    [
      'adapterOptions.schema',
      adapterOptions.schema,
      [{ '~standard': { version: 1, vendor: 'x', validate: () => ({ value: 1 }) } }],
      [
        {},
        null,
        { '~standard': {} },
        { '~standard': { version: 2, validate: () => 1 } },
        { '~standard': { version: 1 } },
        'x',
      ],
    ],
  ]
  for (const [name, rule, good, bad] of rules) {
    for (const value of good) {
      test(`${name} takes ${show(value)}`, () => {
        expect(() => checkOption('acme', 'x', value, rule)).not.toThrow()
      })
    }
    for (const value of bad) {
      test(`${name} refuses ${show(value)}`, async () => {
        const error = await errorOf(() => checkOption('acme', 'x', value, rule))
        expect(error).toMatchObject({ code: 'CONFIG_INVALID', kind: 'config', subject: 'x' })
        expect(error.message).toMatch(/^acme: option "x": expected .+, got .+$/)
        expect(error.expected).toContain(rule.expected)
      })
    }
  }
})

function show(value: unknown): string {
  return (typeof value === 'string' ? JSON.stringify(value) : String(JSON.stringify(value) ?? value)).slice(0, 60)
}

describe('options', () => {
  const rules = {
    domain: hostName('acme.example'),
    count: optional(numberWithin(1, 2, 'things')),
    key: optional(secret()),
  }

  test('that are as they should be pass', () => {
    expect(() => checkOptions('acme', { domain: 'id.example' }, rules)).not.toThrow()
    expect(() => checkOptions('acme', { domain: 'id.example', count: undefined, key: 'x' }, rules)).not.toThrow()
  })

  const wrong: readonly (readonly [name: string, options: unknown, message: RegExp])[] = [
    ['missing altogether', undefined, /option "options": expected an object with "domain", got nothing$/],
    ['null', null, /got null$/],
    ['text', 'id.example', /got "id.example"$/],
    ['an array', [], /got an array of 0$/],
    ['without one that is required', {}, /option "domain": expected a host name .*, got nothing$/],
    ['null for one that is optional', { domain: 'id.example', count: null }, /option "count".*got null$/],
    [
      'with an unknown one',
      { domain: 'id.example', domian: 'x' },
      /^acme: unknown option "domian", expected one of domain, count, key$/,
    ],
    [
      'with one named like what objects inherit',
      { domain: 'id.example', constructor: 'x' },
      /unknown option "constructor"/,
    ],
    [
      'with a prototype of its own',
      JSON.parse('{"domain":"id.example","__proto__":{"count":1}}'),
      /unknown option "__proto__"/,
    ],
  ]
  for (const [name, options, message] of wrong) {
    test(`${name}: refused`, async () => {
      const error = await errorOf(() => checkOptions('acme', options, rules))
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) })
    })
  }

  test('that are secret are not shown', async () => {
    for (const value of [['hunter2'], { hunter2: 1 }]) {
      const error = await errorOf(() => checkOptions('acme', { domain: 'id.example', key: value }, rules))
      expect(error.message).toContain('not shown')
      expect(JSON.stringify(error)).not.toContain('hunter2')
    }
    expect((await errorOf(() => checkOption('acme', 'key', undefined, secret()))).found).toBe('nothing')
  })

  const suggestions: readonly (readonly [given: string, suggestion: string | undefined])[] = [
    ['https://ID.example/', 'id.example'],
    ['http://id.example:8443/path?x#y', 'id.example'],
    [' id.example. ', 'id.example'],
    ['id.example/path', 'id.example'],
    ['not a host', undefined],
    ['https://', undefined],
  ]
  for (const [given, suggestion] of suggestions) {
    test(`of a host ${JSON.stringify(given)} say ${suggestion ? `to write ${suggestion}` : 'what is expected'}`, async () => {
      const { message } = await errorOf(() => checkOptions('acme', { domain: given }, rules))
      if (suggestion) expect(message).toContain(`: write "${suggestion}"`)
      else expect(message).not.toContain('write')
    })
  }

  test('isHostName and secureUrl say the same as their rules', () => {
    expect(isHostName('id.example')).toBe(true)
    expect(isHostName('https://id.example')).toBe(false)
    expect(secureUrl('https://id.example/x')?.href).toBe('https://id.example/x')
    expect(secureUrl('http://id.example')).toBeUndefined()
  })
})

describe('defineProvider', () => {
  const keys = staticJwks({ keys: [signer().jwk] })
  const good = { name: 'acme', issuer: 'https://id.example', audience: 'api', keys }
  const cases: readonly (readonly [name: string, changes: Record<string, unknown>, subject: string | undefined])[] = [
    ['what it needs', {}, undefined],
    [
      'all there is',
      {
        algorithms: ['ES256'],
        typ: 'at+jwt',
        clockToleranceSec: 0,
        requiredClaims: ['a'],
        checks: [claimIs('a', 'b')],
        identify: () => ({}),
        hint: () => 'x',
      },
      undefined,
    ],
    ['no name', { name: undefined }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a name with a blank', { name: 'a b' }, 'name'],
    ['no issuer', { issuer: undefined }, 'issuer'],
    ['no audience', { audience: undefined }, 'audience'],
    ['no keys', { keys: undefined }, 'keys'],
    ['keys that are no source', { keys: { keys: [] } }, 'keys'],
    ['keys without id', { keys: { ...keys, id: '' } }, 'keys'],
    ['keys without load', { keys: { id: 'x' } }, 'keys'],
    ['a misspelt option', { audiance: 'api' }, 'audiance'],
    ['a misspelt check', { check: [] }, 'check'],
    ['an algorithm of secrets', { algorithms: ['HS256'] }, 'algorithms'],
    ['no algorithm', { algorithms: [] }, 'algorithms'],
    ['the algorithm none', { algorithms: ['none'] }, 'algorithms'],
    ['a tolerance of an hour', { clockToleranceSec: 3600 }, 'clockToleranceSec'],
    ['a tolerance that is no number', { clockToleranceSec: Number.NaN }, 'clockToleranceSec'],
    ['an empty typ', { typ: '' }, 'typ'],
    ['required claims as a text', { requiredClaims: 'a' }, 'requiredClaims'],
    ['checks that are functions', { checks: [() => undefined] }, 'checks'],
    ['checks that are null', { checks: [null] }, 'checks'],
    ['an identify that is no function', { identify: {} }, 'identify'],
    ['a hint that is no function', { hint: 'x' }, 'hint'],
    ['a schema that is none', { schema: {} }, 'schema'],
  ]
  for (const [name, changes, subject] of cases) {
    test(`with ${name}: ${subject ? 'refused' : 'taken'}`, async () => {
      const make = () => defineProvider({ ...good, ...changes } as never)
      if (subject === undefined) expect(await verdict(make)).toBe('accepted')
      else expect(await errorOf(make)).toMatchObject({ code: 'CONFIG_INVALID', subject })
    })
  }

  test('is not changed by what happens to its options later', () => {
    const options = { ...good, issuer: ['https://id.example'], audience: ['api'], algorithms: ['ES256' as const] }
    const made = defineProvider(options)
    options.issuer.push('https://evil.example')
    options.audience.push('other')
    options.algorithms.push('ES256')
    expect(made).toMatchObject({ issuer: ['https://id.example'], rules: { audience: ['api'], algorithms: ['ES256'] } })
    expect(Object.isFrozen(made)).toBe(true)
    expect(Object.isFrozen(made.rules)).toBe(true)
    expect(Object.isFrozen(made.rules.algorithms)).toBe(true)
  })

  test('takes combined sources', () => {
    expect(defineProvider({ ...good, keys: firstOf(keys, keys) }).keys).toHaveProperty('load')
  })
})
