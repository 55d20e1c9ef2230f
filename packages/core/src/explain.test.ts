import { describe, expect, test } from 'vitest'
import {
  ENGINES,
  errorOf,
  ISSUER,
  jwt,
  loopbackServer,
  manualClock,
  NOW,
  provider,
  signer,
  status,
} from '../test/loopback-issuer.ts'
import { claimIs, createVerifier, remoteJwks, type VerifyOptions } from './index.ts'

const key = signer('ES256', 'k1')
const other = signer('ES256', 'k1')
const clock = manualClock()

function acme(options: Parameters<typeof provider>[1] = {}) {
  const hint = ({ subject }: { subject?: string | undefined }) =>
    subject === 'token_use' ? 'Send the access token.' : undefined
  return provider([key], { checks: [claimIs('token_use', 'access')], hint, ...options })
}

const good = jwt(key, { token_use: 'access', scope: 'read' })
const cases: readonly [name: string, token: string, failed: string, call?: VerifyOptions][] = [
  ['no token at all', 'opaque', 'shape'],
  ['a critical extension', jwt(key, {}, { crit: ['x'] }), 'shape'],
  ['another algorithm', jwt(key, {}, { alg: 'none' }), 'algorithm'],
  ['an unknown issuer', jwt(key, { iss: `${ISSUER}/` }), 'issuer'],
  ['an unknown key', jwt(key, {}, { kid: 'k2' }), 'key'],
  ['a forged signature', jwt(other), 'signature'],
  ['one that has ended', jwt(key, { exp: NOW - 60 }), 'time'],
  ['one for another API', jwt(key, { aud: 'other' }), 'audience'],
  ['another kind', jwt(key, {}, { typ: 'logout+jwt' }), 'type'],
  ['a claim of the wrong type', jwt(key, { sub: 5 }), 'claims'],
  ['a rule of the provider’s own', jwt(key, { token_use: 'id' }), 'token_use'],
  ['a scope that is missing', good, 'scopes', { scopes: 'write' }],
]

describe.each(ENGINES)('explain on the $name engine', ({ createVerifier: make }) => {
  const verifier = make({ providers: [acme()], clock })

  test('a good token passes every check, and names its key', async () => {
    const explanation = await verifier.explain(good, { scopes: 'read' })
    expect(explanation).toMatchObject({
      valid: true,
      provider: 'acme',
      code: undefined,
      key: { kid: 'k1', alg: 'ES256' },
    })
    expect(explanation.checks.map(({ name }) => name)).toEqual([
      'shape',
      'algorithm',
      'issuer',
      'key',
      'signature',
      'time',
      'audience',
      'type',
      'claims',
      'token_use',
      'scopes',
    ])
    expect(new Set(explanation.checks.map(({ outcome }) => outcome))).toEqual(new Set(['passed']))
  })

  test.each(cases)('%s: the first that fails is what verify says', async (_, token, failed, call) => {
    const explanation = await verifier.explain(token, call)
    const error = await errorOf(() => verifier.verify(token, call))
    const first = explanation.checks.find(({ outcome }) => outcome === 'failed')
    expect(first).toMatchObject({ name: failed, code: error.code, expected: error.expected, found: error.found })
    expect(explanation).toMatchObject({ valid: false, code: error.code, message: error.message, hint: error.hint })
  })
})

describe('explain', () => {
  const verifier = createVerifier({ providers: [acme()], clock })

  test('does not reach the claims of a token whose signature does not hold', async () => {
    const { checks } = await verifier.explain(jwt(other, { exp: 1 }))
    expect(checks.find(({ name }) => name === 'time')?.outcome).toBe('not-reached')
  })

  test('makes every check on the claims, also after one that failed', async () => {
    const { checks, hint } = await verifier.explain(jwt(key, { exp: NOW - 60, aud: 'other', token_use: 'id' }))
    const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
    expect(failed).toEqual(['time', 'audience', 'token_use'])
    expect(hint).toBeUndefined() // the provider has one for token_use, and the first failure is the time
  })

  test('says how close an unknown issuer came', async () => {
    const { hint, claims } = await verifier.explain(jwt(key, { iss: `${ISSUER}/` }))
    expect(hint).toContain('ends in a slash')
    expect(claims?.iss).toBe(`${ISSUER}/`)
  })

  test('shows which keys there are, and why each is not the one', async () => {
    const rsa = signer('RS256', 'k2')
    const keys = provider([key, rsa], { name: 'two' })
    const two = createVerifier({ providers: [keys], clock })
    expect((await two.explain(jwt(key, {}, { kid: 'k2' }))).keys).toEqual([
      {
        source: 'static:k1,k2',
        kid: 'k1',
        alg: 'ES256',
        kind: 'EC P-256',
        fits: false,
        reason: 'has another kid than "k2"',
      },
      {
        source: 'static:k1,k2',
        kid: 'k2',
        alg: 'RS256',
        kind: 'RSA',
        fits: false,
        reason: expect.stringMatching(/ES256/),
      },
    ])
    expect((await two.explain(jwt(key))).keys.map(({ fits }) => fits)).toEqual([true, false])
  })

  test('tells an outage as the fault of the keys', async () => {
    const server = await loopbackServer(status(500))
    const down = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    const { checks, code } = await down.explain(good)
    expect(code).toBe('KEYS_UNAVAILABLE')
    expect(checks.find(({ outcome }) => outcome === 'failed')?.name).toBe('key')
  })

  test('holds no key material and no signature', async () => {
    const text = JSON.stringify(await verifier.explain(good))
    expect(text).not.toContain(key.jwk.x)
    expect(text).not.toContain(good.split('.')[2])
  })

  test.each([null, undefined, 5, {}, '', '..'])('never rejects: %j', async (token) => {
    expect(await verifier.explain(token as string)).toMatchObject({ valid: false, code: 'TOKEN_MALFORMED' })
  })

  test('never rejects: a check that throws, a wrong call, a closed verifier', async () => {
    const check = (): never => {
      throw new TypeError('boom')
    }
    const faulty = createVerifier({ providers: [provider([key], { checks: [{ name: 'mine', check }] })], clock })
    expect((await faulty.explain(jwt(key))).checks.find(({ name }) => name === 'mine')?.outcome).toBe('failed')
    expect(await faulty.explain(jwt(key), { scope: 'x' } as VerifyOptions)).toMatchObject({ code: 'CONFIG_INVALID' })
    faulty.close()
    expect(await faulty.explain(jwt(key))).toMatchObject({ valid: false, code: 'CLOSED' })
  })
})
