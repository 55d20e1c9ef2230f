import { describe, expect, test } from 'vitest'
import { CLAIMS, ENGINES, jwt, manualClock, part, provider, signed, signer, verdict } from '../test/loopback-issuer.ts'
import { adapterRules, type JwtClaims, ownClaim, scopesFrom, staticJwks, textClaim } from './index.ts'

const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
const key = signer()
type Options = NonNullable<Parameters<typeof provider>[1]>
const verify = (claims: Readonly<Record<string, unknown>>, options: Options = {}) =>
  createVerifier({ providers: [provider([key], options)], clock: manualClock() }).verify(jwt(key, claims))

describe('a verified token', () => {
  test('says whose it is, of whom, and for what', async () => {
    const token = await verify({ scope: 'read write', client_id: 'web', jti: '1' })
    expect(token).toEqual({
      provider: 'acme',
      issuer: 'https://id.example',
      subject: 'user-1',
      clientId: 'web',
      scopes: ['read', 'write'],
      tenant: undefined,
      expiresAt: CLAIMS.exp,
      claims: { ...CLAIMS, scope: 'read write', client_id: 'web', jti: '1' },
      header: { alg: 'ES256', kid: 'k1' },
      key: { kid: 'k1', alg: 'ES256' },
    })
  })

  test('tells the key that verified it, in full only to whoever asks for that', async () => {
    const { jwk } = (await createVerifier({ providers: [provider([key])], clock: manualClock() }).verify(jwt(key))).key
    expect(jwk).toEqual({ kty: 'EC', crv: 'P-256', x: key.jwk.x, y: key.jwk.y })
    expect(Object.isFrozen(jwk)).toBe(true)
  })

  const identities: readonly (readonly [name: string, claims: Readonly<Record<string, unknown>>, expected: object])[] =
    [
      ['no claims of identity', { sub: undefined }, { subject: undefined, clientId: undefined, scopes: [] }],
      ['azp', { azp: 'web' }, { clientId: 'web' }],
      ['client_id before azp', { client_id: 'a', azp: 'b' }, { clientId: 'a' }],
      ['a client_id that is no text', { client_id: 5, azp: 'b' }, { clientId: 'b' }],
      ['scp as an array', { scp: ['read', 'write'] }, { scopes: ['read', 'write'] }],
      ['scp as text', { scp: 'read write' }, { scopes: ['read', 'write'] }],
      ['scope before scp', { scope: 'a', scp: 'b' }, { scopes: ['a'] }],
      ['scopes that are no text', { scope: ['a', 5, '', null] }, { scopes: ['a'] }],
      ['blanks between scopes', { scope: ' a  b ' }, { scopes: ['a', 'b'] }],
      ['an object for a scope', { scope: { a: 1 } }, { scopes: [] }],
    ]
  for (const [name, claims, expected] of identities) {
    test(`from ${name}`, async () => {
      expect(await verify(claims)).toMatchObject(expected)
    })
  }

  test('has nothing of a prototype', async () => {
    const text = `${JSON.stringify({ ...CLAIMS, sub: undefined }).slice(0, -1)},"__proto__":{"sub":"root","scope":"admin","azp":"x"}}`
    const token = await createVerifier({ providers: [provider([key])], clock: manualClock() }).verify(
      signed(part({ alg: 'ES256', kid: 'k1' }), part(text), key),
    )
    expect(token).toMatchObject({ subject: undefined, clientId: undefined, scopes: [] })
  })

  test('takes from identify what it says, and the usual for the rest', async () => {
    const identify = (claims: JwtClaims) => ({ tenant: textClaim(claims, 'org'), scopes: ['own'] })
    expect(await verify({ org: 'acme', azp: 'web' }, { identify: identify as never })).toMatchObject({
      subject: 'user-1',
      clientId: 'web',
      scopes: ['own'],
      tenant: 'acme',
    })
    const token = jwt(key, { scope: 'usual' })
    const options = { identify: identify as never }
    const verifier = createVerifier({ providers: [provider([key], options)], clock: manualClock() })
    expect(await verdict(() => verifier.verify(token, { scopes: 'own' }))).toBe('accepted')
    expect(await verdict(() => verifier.verify(token, { scopes: 'usual' }))).toBe('SCOPE_MISSING')
  })

  test('whose identify throws is refused as a fault of the configuration', async () => {
    const identify = (claims: JwtClaims) => ({ tenant: (claims.org as { id: string }).id })
    expect(await verdict(() => verify({ org: { id: 'acme' } }, { identify: identify as never }))).toBe('accepted')
    expect(await verdict(() => verify({}, { identify: identify as never }))).toBe('CONFIG_INVALID')
  })

  test('may name a kid that its key does not have', async () => {
    const { kid: _, ...unnamed } = key.jwk
    const providers = [provider([], { keys: staticJwks({ keys: [unnamed] }) })]
    const token = await createVerifier({ providers, clock: manualClock() }).verify(jwt(key, {}, { kid: undefined }))
    expect(token.key).toEqual({ kid: undefined, alg: 'ES256' })
  })
})

describe('reading claims', () => {
  const claims = JSON.parse('{"a":"x","n":5,"__proto__":{"b":"y"}}')

  test('takes own members alone', () => {
    expect(ownClaim(claims, 'a')).toBe('x')
    expect(ownClaim(claims, 'n')).toBe(5)
    for (const name of ['b', 'constructor', 'toString']) expect(ownClaim(claims, name)).toBeUndefined()
  })

  test('takes text alone, where text is asked for', () => {
    expect(textClaim(claims, 'a')).toBe('x')
    for (const name of ['n', 'b', 'toString']) expect(textClaim(claims, name)).toBeUndefined()
  })

  test('makes a list of scopes from anything', () => {
    for (const value of [undefined, null, 5, {}, true]) expect(scopesFrom(value)).toEqual([])
  })
})

describe('the rules of an adapter', () => {
  const defaults = { name: 'acme', algorithms: ['RS256'], requiredClaims: ['sub', 'jti'] } as const

  test('are its defaults where its user says nothing', () => {
    expect(adapterRules({}, defaults)).toEqual({
      name: 'acme',
      algorithms: ['RS256'],
      typ: undefined,
      clockToleranceSec: undefined,
      requiredClaims: ['sub', 'jti'],
      schema: undefined,
    })
  })

  test('keep its required claims whatever its user asks for', () => {
    const rules = adapterRules(
      { name: 'mine', algorithms: ['ES256'], typ: 'JWT', clockToleranceSec: 0, requiredClaims: ['jti', 'org'] },
      defaults,
    )
    expect(rules).toMatchObject({ name: 'mine', algorithms: ['ES256'], typ: 'JWT', clockToleranceSec: 0 })
    expect(rules.requiredClaims).toEqual(['sub', 'jti', 'org'])
    expect(adapterRules({}, { name: 'x', algorithms: ['RS256'] }).requiredClaims).toEqual([])
  })
})
