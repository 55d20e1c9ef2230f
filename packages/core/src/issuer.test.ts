import { describe, expect, test } from 'vitest'
import {
  ENGINES,
  errorOf,
  ISSUER,
  jwkWith,
  jwt,
  manualClock,
  NOW,
  part,
  provider,
  signed,
  signer,
  verdict,
} from '../test/loopback-issuer.ts'
import { anyTenant, type IssuerPattern, type KeySource, staticJwks } from './index.ts'

const A = '0aaaaaaa-1111-4222-8333-444444444444'
const B = '0bbbbbbb-1111-4222-8333-444444444444'
const TEMPLATE = 'https://login.example/{tenantid}/v2.0'
const of = (tenant: string): string => `https://login.example/${tenant}/v2.0`

const key = signer()
const clock = manualClock()
const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
const verifierFor = (issuer: IssuerPattern, keys?: KeySource) =>
  createVerifier({ providers: [provider([key], { issuer, ...(keys && { keys }) })], clock })

const allowed = verifierFor({ template: TEMPLATE, claim: 'tid', allow: [A] })
const open = verifierFor({ template: TEMPLATE, claim: 'tid', allow: anyTenant('a public API') })

describe('an issuer of a pattern', () => {
  const cases: readonly (readonly [name: string, iss: unknown, tid: unknown, ofAllowed: string, ofAny: string])[] = [
    ['an allowed tenant', of(A), A, 'accepted', 'accepted'],
    ['an allowed tenant in other case', of(A.toUpperCase()), A, 'accepted', 'accepted'],
    ['tid in other case', of(A), A.toUpperCase(), 'accepted', 'accepted'],
    ['another tenant', of(B), B, 'ISSUER_UNKNOWN', 'accepted'],
    ['tid of another tenant', of(A), B, 'CLAIM_INVALID', 'CLAIM_INVALID'],
    ['tid is missing', of(A), undefined, 'CLAIM_MISSING', 'CLAIM_MISSING'],
    ['tid is null', of(A), null, 'CLAIM_INVALID', 'CLAIM_INVALID'],
    ['tid is an array', of(A), [A], 'CLAIM_INVALID', 'CLAIM_INVALID'],
    ['tid is empty', of(A), '', 'CLAIM_INVALID', 'CLAIM_INVALID'],
    ['the template itself', TEMPLATE, '{tenantid}', 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a tenant by name', of('common'), 'common', 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['no tenant', of(''), '', 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['two tenants', of(`${A}/${B}`), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a way up', of(`../${A}`), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a way up behind', of(`${A}/..`), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a tenant in braces', of(`{${A}}`), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a tenant and a line feed', of(`${A}\n`), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a tenant with a digit too many', of(`${A}0`), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a tenant with a digit too few', of(A.slice(1)), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a tenant with a letter that is no digit', of(A.replace('a', 'g')), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['another version', of(A).replace('v2.0', 'v1.0'), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['a slash behind', `${of(A)}/`, A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['another host', of(A).replace('login', 'evil'), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['something before', `x${of(A)}`, A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['the host in other case', of(A).replace('login', 'LOGIN'), A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
    ['an array', [of(A)], A, 'ISSUER_UNKNOWN', 'ISSUER_UNKNOWN'],
  ]
  for (const [name, iss, tid, ofAllowed, ofAny] of cases) {
    test(`${name}: ${ofAllowed}, ${ofAny} where any is let in`, async () => {
      const token = jwt(key, { iss, tid })
      expect(await verdict(() => allowed.verify(token))).toBe(ofAllowed)
      expect(await verdict(() => open.verify(token))).toBe(ofAny)
    })
  }

  test('with tid hidden in a prototype has none', async () => {
    const payload = `{"iss":"${of(A)}","aud":"api","exp":9000000000,"__proto__":{"tid":"${A}"}}`
    const token = signed(part({ alg: 'ES256', kid: 'k1' }), part(payload), key)
    expect(await verdict(() => allowed.verify(token))).toBe('CLAIM_MISSING')
  })

  test('is no plain text of a regular expression', async () => {
    const dots = verifierFor({ template: 'https://a.b/{t}.c', claim: 'tid', allow: [A] })
    expect(await verdict(() => dots.verify(jwt(key, { iss: `https://a.b/${A}.c`, tid: A })))).toBe('accepted')
    expect(await verdict(() => dots.verify(jwt(key, { iss: `https://aXb/${A}.c`, tid: A })))).toBe('ISSUER_UNKNOWN')
    expect(await verdict(() => dots.verify(jwt(key, { iss: `https://a.b/${A}Xc`, tid: A })))).toBe('ISSUER_UNKNOWN')
  })

  test('is found among several patterns, each with its own tenants', async () => {
    const other = 'https://other.example/{tenantid}'
    const verifier = createVerifier({
      providers: [
        provider([key], { name: 'one', issuer: { template: TEMPLATE, claim: 'tid', allow: [A] } }),
        provider([key], { name: 'two', issuer: { template: other, claim: 'org', allow: [B] } }),
      ],
      clock,
    })
    expect((await verifier.verify(jwt(key, { iss: of(A), tid: A }))).provider).toBe('one')
    const two = jwt(key, { iss: other.replace('{tenantid}', B), org: B })
    expect((await verifier.verify(two)).provider).toBe('two')
    expect(await verdict(() => verifier.verify(jwt(key, { iss: of(B), tid: B })))).toBe('ISSUER_UNKNOWN')
  })

  test('is served at once where its tenant is on a list, however many start together', async () => {
    const tenants = Array.from({ length: 5 }, (_, n) => `0000000${n}-1111-4222-8333-444444444444`)
    const issuer = { template: TEMPLATE, claim: 'tid', allow: tenants }
    const keys = () => staticJwks({ keys: [key.jwk] })
    const verifier = createVerifier({ providers: [provider([], { issuer, keys })], clock })
    for (const tid of tenants)
      expect(await verdict(() => verifier.verify(jwt(key, { iss: of(tid), tid })))).toBe('accepted')
  })

  test('may have keys of its own: at most a hundred tenants are held, and those that hold keys stay', async () => {
    const tenant = (n: number): string => `${String(n).padStart(8, '0')}-1111-4222-8333-444444444444`
    const opened: string[] = []
    const keys = (issuer: string): KeySource => {
      opened.push(issuer)
      return staticJwks({ keys: [key.jwk] })
    }
    const issuer = { template: TEMPLATE, claim: 'tid', allow: anyTenant('for this test') }
    const moving = manualClock()
    const verifier = createVerifier({ providers: [provider([], { issuer, keys })], clock: moving })
    const tokenOf = (n: number): string => jwt(key, { iss: of(tenant(n)), tid: tenant(n), exp: NOW + 10_000 })
    for (let n = 0; n < 105; n++) {
      moving.advance(5000) // the tenants share one request budget, of one each cooldown
      expect(await verdict(() => verifier.verify(tokenOf(n)))).toBe('accepted')
    }
    expect(opened).toHaveLength(105)
    expect(verifier.status()[0]?.sources).toHaveLength(100)
    expect(verifier.status()[0]?.issuer).toEqual([TEMPLATE])
    await verifier.verify(tokenOf(104))
    expect(opened).toHaveLength(105)
  })
})

describe('a key that names its issuer', () => {
  const keysWith = (issuer: unknown): KeySource => staticJwks({ keys: [jwkWith(key.jwk, { issuer })] })
  const cases: readonly (readonly [name: string, keyIssuer: unknown, expected: string])[] = [
    ['this tenant’s', of(A), 'accepted'],
    ['the template', TEMPLATE, 'accepted'],
    ['the template with another name of the slot', TEMPLATE.replace('tenantid', 'tid'), 'accepted'],
    ['no issuer', undefined, 'accepted'],
    ['another tenant’s', of(B), 'KEY_NOT_FOUND'],
    ['a template of another version', TEMPLATE.replace('v2.0', 'v1.0'), 'KEY_NOT_FOUND'],
    ['another host', 'https://evil.example', 'KEY_NOT_FOUND'],
    ['empty', '', 'KEY_NOT_FOUND'],
  ]
  for (const [name, keyIssuer, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      const verifier = verifierFor({ template: TEMPLATE, claim: 'tid', allow: [A] }, keysWith(keyIssuer))
      expect(await verdict(() => verifier.verify(jwt(key, { iss: of(A), tid: A })))).toBe(expected)
      const withoutKid = jwt(key, { iss: of(A), tid: A }, { kid: undefined })
      expect(await verdict(() => verifier.verify(withoutKid))).toBe(expected)
    })
  }

  test('signs for an exact issuer only where it is the same', async () => {
    const exact = (keyIssuer: string) =>
      createVerifier({ providers: [provider([], { keys: keysWith(keyIssuer) })], clock })
    expect(await verdict(() => exact(ISSUER).verify(jwt(key)))).toBe('accepted')
    expect(await verdict(() => exact('https://{tenantid}').verify(jwt(key)))).toBe('KEY_NOT_FOUND')
    expect(await verdict(() => exact(`${ISSUER}/`).verify(jwt(key)))).toBe('KEY_NOT_FOUND')
  })

  test('is said to be the reason', async () => {
    const verifier = verifierFor({ template: TEMPLATE, claim: 'tid', allow: [A] }, keysWith(of(B)))
    const error = await errorOf(() => verifier.verify(jwt(key, { iss: of(A), tid: A })))
    expect(error.found).toBe(`"k1", which signs for "${of(B)}" alone`)
  })
})

describe('the option `issuer`', () => {
  const good = { template: TEMPLATE, claim: 'tid', allow: [A] }
  const cases: readonly (readonly [name: string, issuer: unknown, accepted: boolean])[] = [
    ['text', ISSUER, true],
    ['several', [ISSUER, 'urn:x'], true],
    ['a pattern', good, true],
    ['a pattern for any tenant', { ...good, allow: anyTenant('a public API') }, true],
    ['missing', undefined, false],
    ['empty', '', false],
    ['a blank around it', ` ${ISSUER}`, false],
    ['no issuer among several', [], false],
    ['an empty one among several', [ISSUER, ''], false],
    ['a number', 5, false],
    ['null', null, false],
    ['a regular expression', /id/, false],
    ['a pattern without slot', { ...good, template: of(A) }, false],
    ['a pattern with two slots', { ...good, template: 'https://{a}/{b}' }, false],
    ['a pattern without claim', { template: TEMPLATE, allow: [A] }, false],
    ['a pattern with an empty claim', { ...good, claim: '' }, false],
    ['a pattern that allows nobody', { ...good, allow: [] }, false],
    ['a pattern that allows what is no GUID', { ...good, allow: ['common'] }, false],
    ['a pattern that allows a GUID and what is none', { ...good, allow: [A, 'common'] }, false],
    ['a pattern that does not say whom it allows', { ...good, allow: undefined }, false],
    ['a pattern that allows null', { ...good, allow: null }, false],
    ['a pattern that allows everything by true', { ...good, allow: true }, false],
    ['a pattern that allows everything by a star', { ...good, allow: '*' }, false],
    ['a pattern that allows everything by a look-alike', { ...good, allow: { why: 'because' } }, false],
  ]
  for (const [name, issuer, accepted] of cases) {
    test(`${name}: ${accepted ? 'taken' : 'refused'}`, async () => {
      const made = await verdict(() => provider([key], { issuer: issuer as never }))
      expect(made).toBe(accepted ? 'accepted' : 'CONFIG_INVALID')
    })
  }

  test('says what it may be', async () => {
    const error = await errorOf(() => provider([key], { issuer: 5 as never }))
    expect(error.expected).toMatch(/^the exact iss of its tokens, an array of them, or a pattern \{ template: /)
    expect((await errorOf(() => anyTenant(''))).message).toMatch(/^anyTenant\(why\): /)
  })

  test('anyTenant wants a reason in words', async () => {
    for (const why of ['', '  ', undefined, true, 5]) {
      expect(await verdict(() => anyTenant(why as never))).toBe('CONFIG_INVALID')
    }
    expect(anyTenant('a public API').why).toBe('a public API')
  })
})

test.each([
  ['on a list', ['ab000000-0000-4000-8000-00000000abcd'], 'ab000000-0000-4000-8000-00000000abcd'],
  ['on a list in capitals', ['AB000000-0000-4000-8000-00000000ABCD'], 'AB000000-0000-4000-8000-00000000ABCD'],
  ['of any kind', anyTenant('for this test'), 'ab000000-0000-4000-8000-00000000abcd'],
])('however a tenant %s is spelled, its keys are asked for once, under one spelling', async (_, allow, spelling) => {
  const tenant = 'ab000000-0000-4000-8000-00000000abcd'
  const asked: string[] = []
  const issuer = { template: 'https://login.example/{t}/v2.0', claim: 'tid', allow }
  const by = signer('ES256', 'k1')
  const keys = (name: string): KeySource => {
    asked.push(name)
    return { id: name, load: async () => ({ jwks: { keys: [by.jwk] } }) }
  }
  const verifier = createVerifier({ providers: [provider([], { issuer, keys })], clock: manualClock() })
  const spellings = [tenant.toUpperCase(), tenant, tenant.replace('ab', 'Ab'), tenant.replace('abcd', 'aBCd')]
  for (const tid of spellings) {
    const iss = `https://login.example/${tid}/v2.0`
    expect(await verdict(() => verifier.verify(jwt(by, { iss, tid })))).toBe('accepted')
  }
  expect(asked).toEqual([`https://login.example/${spelling}/v2.0`])
})
