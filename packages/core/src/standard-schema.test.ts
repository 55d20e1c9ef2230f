import { describe, expect, test } from 'vitest'
import { ENGINES, errorOf, jwt, manualClock, provider, signer, verdict } from '../test/loopback-issuer.ts'
import type { StandardSchema } from './index.ts'

const key = signer()

/** A schema whose verdict is what the function says. */
const schemaOf = (validate: (value: Record<string, unknown>) => unknown): StandardSchema =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as unknown as StandardSchema

const wantsRole = (claims: Record<string, unknown>) =>
  typeof claims.role === 'string'
    ? { value: { role: claims.role } }
    : { issues: [{ message: 'expected a role', path: ['role'] }] }

for (const { name, createVerifier } of ENGINES) {
  const verifierWith = (schema: StandardSchema) =>
    createVerifier({ providers: [provider([key], { schema })], clock: manualClock() })

  describe(`a schema on the ${name} engine`, () => {
    for (const [kind, schema] of [
      ['at once', schemaOf(wantsRole)],
      ['later', schemaOf(async (claims) => wantsRole(claims))],
    ] as const) {
      test(`that answers ${kind} lets a token in, or refuses it`, async () => {
        const verifier = verifierWith(schema)
        expect((await verifier.verify(jwt(key, { role: 'admin' }))).claims.role).toBe('admin')
        expect(await errorOf(() => verifier.verify(jwt(key, { role: 5 })))).toMatchObject({
          code: 'CLAIM_INVALID',
          subject: 'role',
          expected: 'what the schema asks for',
          found: '"expected a role"',
          provider: 'acme',
          status: 401,
        })
      })
    }

    test('that is a function is a schema too', async () => {
      const schema = Object.assign(() => {}, schemaOf(wantsRole)) as unknown as StandardSchema
      expect(await verdict(() => verifierWith(schema).verify(jwt(key, { role: 'admin' })))).toBe('accepted')
      expect(await verdict(() => verifierWith(schema).verify(jwt(key)))).toBe('CLAIM_INVALID')
    })

    test('sees the claims only once all else holds', async () => {
      let seen = 0
      const verifier = verifierWith(
        schemaOf((value) => {
          seen += 1
          return { value }
        }),
      )
      for (const claims of [{ exp: 1 }, { aud: 'other' }, { iss: 'https://other.example' }, { sub: 5 }]) {
        expect(await verdict(() => verifier.verify(jwt(key, claims)))).not.toBe('accepted')
      }
      expect(await verdict(() => verifier.verify(jwt(signer())))).toBe('SIGNATURE_INVALID')
      expect(seen).toBe(0)
      expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
      expect(seen).toBe(1)
    })
  })
}

const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
const verifierWith = (schema: StandardSchema) =>
  createVerifier({ providers: [provider([key], { schema })], clock: manualClock() })

describe('what a schema returns', () => {
  test('stands over the claims, and leaves the others', async () => {
    const schema = schemaOf(() => ({ value: { role: 'READER', extra: 1 } }))
    const { claims } = await verifierWith(schema).verify(jwt(key, { role: 'reader' }))
    expect(claims).toMatchObject({ role: 'READER', extra: 1, sub: 'user-1' })
  })

  test('does not change when the token ends', async () => {
    const schema = schemaOf((claims) => ({ value: { ...claims, exp: new Date(0) } }))
    const token = await verifierWith(schema).verify(jwt(key, { exp: 1_800_000_300 }))
    expect(token.expiresAt).toBe(1_800_000_300)
  })

  for (const [what, issue, subject] of [
    ['a path of keys', { message: 'no', path: ['address', 'zip'] }, 'address.zip'],
    ['a path of objects', { message: 'no', path: [{ key: 'list' }, { key: 0 }] }, 'list.0'],
    ['no path', { message: 'no' }, 'claims'],
    ['an empty path', { message: 'no', path: [] }, 'claims'],
  ] as const) {
    test(`names ${what} as ${subject}`, async () => {
      const schema = schemaOf(() => ({ issues: [issue] }))
      expect(await errorOf(() => verifierWith(schema).verify(jwt(key)))).toMatchObject({
        code: 'CLAIM_INVALID',
        subject,
      })
    })
  }

  test('is said in one line', async () => {
    const schema = schemaOf(() => ({ issues: [{ message: `no\n${'x'.repeat(1000)}` }] }))
    const { message } = await errorOf(() => verifierWith(schema).verify(jwt(key)))
    expect(message).not.toContain('\n')
    expect(message.length).toBeLessThan(400)
  })
})

test('a schema may answer with a promise that is not of this realm', async () => {
  const schema = schemaOf((claims) => thenable({ value: { ...claims, role: 'reader' } }))
  expect((await verifierWith(schema).verify(jwt(key))).claims.role).toBe('reader')
})

describe('a schema at fault', () => {
  for (const [what, validate] of [
    ['throws', () => JSON.parse('{')],
    ['rejects', async () => JSON.parse('{')],
    ['returns nothing', () => undefined],
    ['returns a promise of nothing', async () => undefined],
  ] as const) {
    test(`that ${what} lets no token in`, async () => {
      expect(await errorOf(() => verifierWith(schemaOf(validate)).verify(jwt(key)))).toMatchObject({
        code: 'CONFIG_INVALID',
        status: 500,
        provider: 'acme',
      })
    })
  }

  for (const [what, validate] of [
    ['an empty list of issues', () => ({ issues: [] })],
    ['a value beside an empty list of issues', (claims: object) => ({ value: claims, issues: [] })],
    ['neither value nor issues', () => ({})],
    ['a promise of another realm, of issues', () => thenable({ issues: [{ message: 'no' }] })],
  ] as const) {
    test(`that returns ${what} lets no token in`, async () => {
      expect(await verdict(() => verifierWith(schemaOf(validate)).verify(jwt(key)))).toMatch(/^C(LAIM|ONFIG)_INVALID$/)
    })
  }
})

/** A promise that is not of this realm's class, as libraries and test runners make them. */
function thenable(value: unknown): unknown {
  const promise = Promise.resolve(value)
  return Object.defineProperty({}, 'then', { value: promise.then.bind(promise) })
}
