import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import {
  ENGINES,
  errorOf,
  ISSUER,
  jwks,
  jwt,
  loopbackServer,
  manualClock,
  part,
  provider,
  signed,
  signer,
  verdict,
} from '../test/loopback-issuer.ts'
import { anyTenant, type KeySource, remoteJwks, staticJwks } from './index.ts'

const OTHER = 'https://other.example'
const key = signer()
const otherKey = signer() // under the same kid
const clock = manualClock()

const notTheIssuer: readonly (readonly [name: string, iss: unknown])[] = [
  ['missing', undefined],
  ['null', null],
  ['a number', 5],
  ['true', true],
  ['an object', { iss: ISSUER }],
  ['an array that holds it', [ISSUER]],
  ['an array that holds it twice', [ISSUER, ISSUER]],
  ['empty', ''],
  ['another', 'https://evil.example'],
  ['it with a slash', `${ISSUER}/`],
  ['it with a path', `${ISSUER}/tenant`],
  ['it with a port', `${ISSUER}:443`],
  ['it with a fragment', `${ISSUER}#`],
  ['it as the beginning of a host', `${ISSUER}.evil.example`],
  ['the beginning of it', ISSUER.slice(0, -1)],
  ['its host alone', 'id.example'],
  ['it over http', ISSUER.replace('https', 'http')],
  ['it in upper case', ISSUER.toUpperCase()],
  ['its host in other case', 'https://ID.example'],
  ['it with a blank after', `${ISSUER} `],
  ['it with a line feed after', `${ISSUER}\n`],
  ['it after another', `https://evil.example ${ISSUER}`],
  ['it as user information', `${ISSUER}@evil.example`],
  ['a name that every object has', 'constructor'],
  ['the name of prototypes', '__proto__'],
]

for (const { name, createVerifier } of ENGINES) {
  describe(`issuers on the ${name} engine`, () => {
    test('no request is made for an issuer that is not composed', async () => {
      const server = await loopbackServer(jwks([key]))
      const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
      for (const [what, iss] of notTheIssuer) {
        expect([what, await verdict(() => verifier.verify(jwt(key, { iss })))]).toEqual([what, 'ISSUER_UNKNOWN'])
      }
      expect(server.requests).toHaveLength(0)
      expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
      expect(server.requests).toHaveLength(1)
    })

    test('an issuer hidden in a prototype is none', async () => {
      const verifier = createVerifier({ providers: [provider([key])], clock })
      const payload = `{"__proto__":{"iss":"${ISSUER}"},"aud":"api","exp":9000000000}`
      expect(await verdict(() => verifier.verify(signed(part({ alg: 'ES256', kid: 'k1' }), part(payload), key)))).toBe(
        'ISSUER_UNKNOWN',
      )
    })

    for (const kid of ['k1', undefined]) {
      test(`two providers ${kid ? 'that share a kid' : 'and tokens without kid'} never cross, in either order`, async () => {
        const a = provider([key], { name: 'a' })
        const b = provider([otherKey], { name: 'b', issuer: OTHER })
        for (const providers of [
          [a, b],
          [b, a],
        ]) {
          const verifier = createVerifier({ providers, clock })
          const tokens: readonly (readonly [string, string])[] = [
            [jwt(key, {}, { kid }), 'accepted'],
            [jwt(otherKey, { iss: OTHER }, { kid }), 'accepted'],
            [jwt(otherKey, {}, { kid }), 'SIGNATURE_INVALID'],
            [jwt(key, { iss: OTHER }, { kid }), 'SIGNATURE_INVALID'],
          ]
          for (const [token, expected] of tokens) expect(await verdict(() => verifier.verify(token))).toBe(expected)
        }
      })
    }
  })
}

const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]

describe('one provider with several issuers', () => {
  test('takes tokens of each', async () => {
    const verifier = createVerifier({ providers: [provider([key], { issuer: [ISSUER, OTHER] })], clock })
    expect((await verifier.verify(jwt(key))).issuer).toBe(ISSUER)
    expect((await verifier.verify(jwt(key, { iss: OTHER }))).issuer).toBe(OTHER)
    expect(await verdict(() => verifier.verify(jwt(key, { iss: 'https://third.example' })))).toBe('ISSUER_UNKNOWN')
  })

  test('may give each keys of its own, which never cross', async () => {
    const asked: string[] = []
    const keys = (issuer: string): KeySource => {
      asked.push(issuer)
      return staticJwks({ keys: [issuer === ISSUER ? key.jwk : otherKey.jwk] })
    }
    const verifier = createVerifier({ providers: [provider([], { issuer: [ISSUER, OTHER], keys })], clock })
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
    expect(asked).toEqual([ISSUER])
    expect(await verdict(() => verifier.verify(jwt(otherKey, { iss: OTHER })))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(key, { iss: OTHER })))).toBe('SIGNATURE_INVALID')
    expect(await verdict(() => verifier.verify(jwt(otherKey)))).toBe('SIGNATURE_INVALID')
    expect(asked).toEqual([ISSUER, OTHER])
  })

  test('whose function returns no source is at fault, not the token', async () => {
    const keys = () => ({ id: 'x' }) as unknown as KeySource
    const verifier = createVerifier({ providers: [provider([], { keys })], clock })
    expect(await errorOf(() => verifier.verify(jwt(key)))).toMatchObject({ code: 'CONFIG_INVALID', subject: 'keys' })
  })
})

describe('algorithms', () => {
  const rsa = signer('RS256', 'k2')
  const verifier = createVerifier({
    providers: [
      provider([key, rsa], { name: 'a', algorithms: ['ES256'] }),
      provider([key, rsa], { name: 'b', issuer: OTHER, algorithms: ['RS256'] }),
    ],
    clock,
  })

  test('are those of the token’s own provider, not of all', async () => {
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
    expect(await errorOf(() => verifier.verify(jwt(rsa)))).toMatchObject({
      code: 'ALG_NOT_ALLOWED',
      provider: 'a',
      expected: '"ES256"',
      found: '"RS256"',
    })
    expect(await verdict(() => verifier.verify(jwt(rsa, { iss: OTHER })))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(key, { iss: OTHER })))).toBe('ALG_NOT_ALLOWED')
  })

  test('that no provider allows are refused before the issuer is looked at', async () => {
    const ps = signer('PS256', 'k2')
    const error = await errorOf(() => verifier.verify(jwt(ps, { iss: 'https://unknown.example' })))
    expect(error).toMatchObject({ code: 'ALG_NOT_ALLOWED', expected: '"ES256" or "RS256"' })
    expect(error.provider).toBeUndefined()
  })

  test('outside the list make no request', async () => {
    const server = await loopbackServer(jwks([key]))
    const keys = remoteJwks(server.url)
    const providers = [provider([], { keys, algorithms: ['ES256'] }), provider([rsa], { name: 'b', issuer: OTHER })]
    const remote = createVerifier({ providers, clock })
    expect(await verdict(() => remote.verify(jwt(rsa)))).toBe('ALG_NOT_ALLOWED')
    expect(server.requests).toHaveLength(0)
  })
})

describe('the option `provider`', () => {
  const verifier = createVerifier({
    providers: [provider([key], { name: 'a' }), provider([otherKey], { name: 'b', issuer: OTHER })],
    clock,
  })

  test('takes tokens of that provider alone', async () => {
    expect((await verifier.verify(jwt(key), { provider: 'a' })).provider).toBe('a')
    expect(await errorOf(() => verifier.verify(jwt(key), { provider: 'b' }))).toMatchObject({
      code: 'ISSUER_UNKNOWN',
      expected: `"${OTHER}"`,
      found: `"${ISSUER}"`,
    })
  })

  test('names a composed provider', async () => {
    for (const name of ['c', 'constructor', 'A']) {
      expect(await errorOf(() => verifier.verify(jwt(key), { provider: name }))).toMatchObject({
        code: 'CONFIG_INVALID',
        expected: '"a" or "b"',
      })
    }
  })
})

describe('providers that do not compose', () => {
  const a = provider([key], { name: 'a' })
  const template = 'https://login.example/{tenantid}/v2.0'
  const pattern = { template, claim: 'tid', allow: anyTenant('for this test') }
  const cases: readonly (readonly [name: string, providers: readonly unknown[], expected: RegExp | undefined])[] = [
    ['two of other names and issuers', [a, provider([key], { name: 'b', issuer: OTHER })], undefined],
    ['two of one name', [a, provider([key], { name: 'a', issuer: OTHER })], /the name "a" twice/],
    ['two of one issuer', [a, provider([key], { name: 'b' })], /"a" and "b" both have it/],
    ['two that share one of several issuers', [a, provider([key], { name: 'b', issuer: [OTHER, ISSUER] })], /twice/],
    ['one that names an issuer twice', [provider([key], { issuer: [ISSUER, ISSUER] })], /twice/],
    [
      'two of one pattern',
      [provider([key], { issuer: pattern }), provider([key], { name: 'b', issuer: pattern })],
      /twice/,
    ],
    ['a pattern and an issuer', [a, provider([key], { name: 'b', issuer: pattern })], undefined],
    ['none', [], /at least one provider/],
    ['null', [null], /providers\[0\]/],
    ['text', [a, 'auth0'], /providers\[1\]/],
    ['an object that is no provider', [{ name: 'x' }], /providers\[0\]/],
    ['an object without name', [{ ...a, name: undefined }], /providers\[0\]/],
    ['an object without issuer', [{ ...a, issuer: undefined }], /providers\[0\]/],
    ['an object without keys', [{ ...a, keys: undefined }], /providers\[0\]/],
    ['an object without rules', [{ ...a, rules: undefined }], /providers\[0\]/],
    ['an object without identify', [{ ...a, identify: undefined }], /providers\[0\]/],
  ]
  for (const [name, providers, expected] of cases) {
    test(`${name}: ${expected ? 'CONFIG_INVALID' : 'composed'}`, async () => {
      const make = () => createVerifier({ providers: providers as never, clock })
      if (expected === undefined) expect(make).not.toThrow()
      else {
        const error = await errorOf(make)
        expect(error.code).toBe('CONFIG_INVALID')
        expect(error.message).toMatch(expected)
      }
    })
  }
})

describe('the issuer that is found', () => {
  test('is said in the error, clipped, beside those that are composed', async () => {
    const verifier = createVerifier({ providers: [provider([key], { issuer: [ISSUER, OTHER] })], clock })
    const error = await errorOf(() => verifier.verify(jwt(key, { iss: `https://${'x'.repeat(5000)}` })))
    expect(error).toMatchObject({ subject: 'iss', expected: `"${ISSUER}" or "${OTHER}"`, status: 401 })
    expect(error.message.length).toBeLessThan(400)
    expect(await errorOf(() => verifier.verify(jwt(key, { iss: undefined })))).toMatchObject({ found: 'no "iss"' })
  })
})

describe('tokens of strangers', () => {
  test('leave nothing behind, however many tenants they name', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const issuer = { template: 'https://login.example/{t}/v2.0', claim: 'tid', allow: anyTenant('for this test') }
    const verifier = createVerifier({ providers: [provider([key], { issuer })], clock })
    const header = part({ alg: 'ES256', kid: 'k1' })
    const send = async (tokens: number): Promise<void> => {
      for (let n = 0; n < tokens; n++) {
        const payload = part({ iss: `https://login.example/${crypto.randomUUID()}/v2.0`, exp: 9e9 })
        await verifier.verify(`${header}.${payload}.${'A'.repeat(86)}`).catch(() => {})
      }
    }
    const heap = (): number => {
      collect()
      collect()
      return process.memoryUsage().heapUsed
    }
    await send(2000)
    const before = heap()
    await send(20_000)
    expect(heap() - before).toBeLessThan(1_000_000)
  })

  test('of an unknown issuer cost little, however long it is and however many are composed', async () => {
    const providers = Array.from({ length: 16 }, (_, n) =>
      provider([key], {
        name: `p${n}`,
        issuer: Array.from({ length: 10 }, (__, m) => `https://h${n}-${m}.example/a/b`),
      }),
    )
    const verifier = createVerifier({ providers, clock })
    const token = jwt(key, { iss: `https://a.example/${'../'.repeat(3500)}` })
    const time = async (): Promise<number> => {
      const startedAt = performance.now()
      expect(await verdict(() => verifier.verify(token))).toBe('ISSUER_UNKNOWN')
      return performance.now() - startedAt
    }
    const times = []
    for (let n = 0; n < 30; n++) times.push(await time())
    expect(Math.min(...times)).toBeLessThan(3)
  })
})
