// The libraries that people use, as they are: typed claims, refusals that name the path, promises, transforms.
import { setImmediate } from 'node:timers/promises'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { AUDIENCE, ENGINES, errorOf, ISSUER, jwt, manualClock, signer } from '../test/loopback-issuer.ts'
import { createVerifier, defineProvider, type JwtClaims, type StandardSchema, staticJwks } from './index.ts'

const key = signer()
const clock = manualClock()

/** What a provider's own tokens hold. */
interface AcmeClaims extends JwtClaims {
  readonly token_use: 'access' | 'id'
}

/** A provider with claims of its own, and its user's schema for further ones. */
function acme<Extra>(schema: StandardSchema<Extra>) {
  return defineProvider<'acme', AcmeClaims, Extra>({
    name: 'acme',
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: staticJwks({ keys: [key.jwk] }),
    schema,
  })
}

// The same claims in each: a list with objects in it, one that may be absent, and one that becomes something else.
const zodSchema = z.object({
  org: z.object({ roles: z.array(z.object({ name: z.string() })) }),
  plan: z.enum(['free', 'team']).optional(),
  joined: z.iso.datetime().transform((text) => new Date(text)),
})
const valibotSchema = v.object({
  org: v.object({ roles: v.array(v.object({ name: v.string() })) }),
  plan: v.optional(v.picklist(['free', 'team'])),
  joined: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.transform((text) => new Date(text)),
  ),
})
const arkSchema = type({
  org: { roles: type({ name: 'string' }).array() },
  'plan?': "'free' | 'team'",
  joined: 'string.date.iso.parse',
})

const good = { org: { roles: [{ name: 'admin' }] }, plan: 'team', joined: '2026-11-24T10:00:00Z', token_use: 'access' }

const libraries: readonly (readonly [name: string, schema: StandardSchema])[] = [
  ['zod', zodSchema],
  ['valibot', valibotSchema],
  ['arktype', arkSchema],
]

describe.each(libraries)('%s', (_, schema) => {
  describe.each(ENGINES)('on the $name engine', ({ name, createVerifier: make }) => {
    const verifier = make({ providers: [acme(schema)], clock })

    test('lets a token in, with what it makes of the claims', async () => {
      const { claims } = await verifier.verify(jwt(key, { ...good, other: 1 }))
      expect(claims).toMatchObject({
        org: { roles: [{ name: 'admin' }] },
        joined: new Date('2026-11-24T10:00:00Z'),
        token_use: 'access', // not in the schema, and still there
        other: 1,
      })
      if (name !== 'node') return
      expect(verifier.verifySync(jwt(key, good)).claims.joined).toEqual(new Date('2026-11-24T10:00:00Z'))
    })

    test.each([
      ['a claim deep in the token', { org: { roles: [{ name: 'admin' }, { name: 5 }] } }, 'org.roles.1.name'],
      ['a claim that is not there', { org: undefined }, 'org'],
      ['a claim out of its range', { plan: 'gold' }, 'plan'],
      ['a claim that cannot be transformed', { joined: 'yesterday' }, 'joined'],
    ])('refuses %s, and names its path', async (_, wrong, subject) => {
      const token = jwt(key, { ...good, ...wrong })
      const refusal = { code: 'CLAIM_INVALID', status: 401, provider: 'acme', subject }
      expect(await errorOf(() => verifier.verify(token))).toMatchObject(refusal)
      if (name === 'node') expect(await errorOf(() => verifier.verifySync(token))).toMatchObject(refusal)
      const { checks } = await verifier.explain(token)
      expect(checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({ name: 'schema', subject })
    })
  })
})

const isListed = async (org: string): Promise<boolean> => org === 'acme'

const asynchronous: readonly (readonly [name: string, schema: StandardSchema])[] = [
  ['zod', z.object({ org: z.string().refine(isListed, 'an organization that is not listed') })],
  [
    'valibot',
    v.objectAsync({ org: v.pipeAsync(v.string(), v.checkAsync(isListed, 'an organization that is not listed')) }),
  ],
]

describe.each(asynchronous)('a schema of %s that asks elsewhere', (_, schema) => {
  const [node] = ENGINES as readonly [(typeof ENGINES)[number]]
  const verifier = node.createVerifier({ providers: [acme(schema)], clock })

  test('is waited for', async () => {
    expect((await verifier.verify(jwt(key, { org: 'acme' }))).claims.org).toBe('acme')
    expect(await errorOf(() => verifier.verify(jwt(key, { org: 'other' })))).toMatchObject({
      code: 'CLAIM_INVALID',
      subject: 'org',
      found: '"an organization that is not listed"',
    })
  })

  test('cannot be used by verifySync, whatever it would say', async () => {
    for (const org of ['acme', 'other']) {
      expect(await errorOf(() => verifier.verifySync(jwt(key, { org })))).toMatchObject({
        code: 'SYNC_NOT_SUPPORTED',
        message: expect.stringContaining('use verify'),
      })
    }
    await setImmediate() // what the schema says in the end is nobody's unhandled rejection
  })
})

describe('the claims are typed', () => {
  interface Further {
    org: { roles: { name: string }[] }
    joined: Date
  }

  test('by zod', async () => {
    const { claims } = await createVerifier({ providers: [acme(zodSchema)], clock }).verify(jwt(key, good))
    expectTypeOf(claims).toExtend<Further>()
    expectTypeOf(claims.plan).toEqualTypeOf<'free' | 'team' | undefined>()
    expectTypeOf(claims.token_use).toEqualTypeOf<'access' | 'id'>()
    expect(claims.joined.getUTCFullYear()).toBe(2026)
  })

  test('by valibot', async () => {
    const { claims } = await createVerifier({ providers: [acme(valibotSchema)], clock }).verify(jwt(key, good))
    expectTypeOf(claims).toExtend<Further>()
    expectTypeOf(claims.plan).toEqualTypeOf<'free' | 'team' | undefined>()
    expectTypeOf(claims.token_use).toEqualTypeOf<'access' | 'id'>()
    expect(claims.joined.getUTCFullYear()).toBe(2026)
  })

  test('by arktype', async () => {
    const { claims } = await createVerifier({ providers: [acme(arkSchema)], clock }).verify(jwt(key, good))
    expectTypeOf(claims).toExtend<Further>()
    expectTypeOf(claims.plan).toEqualTypeOf<'free' | 'team' | undefined>()
    expectTypeOf(claims.token_use).toEqualTypeOf<'access' | 'id'>()
    expect(claims.joined.getUTCFullYear()).toBe(2026)
  })

  test('for each provider its own, told apart by the name', async () => {
    const other = defineProvider({
      name: 'other',
      issuer: 'https://other.example',
      audience: AUDIENCE,
      keys: staticJwks({ keys: [key.jwk] }),
      schema: z.object({ level: z.coerce.number() }),
    })
    const token = await createVerifier({ providers: [acme(valibotSchema), other], clock }).verify(
      jwt(key, { iss: 'https://other.example', level: '3' }),
    )
    if (token.provider === 'acme') expectTypeOf(token.claims.joined).toEqualTypeOf<Date>()
    else expectTypeOf(token.claims.level).toEqualTypeOf<number>()
    expect(token.claims.level).toBe(3)
  })
})
