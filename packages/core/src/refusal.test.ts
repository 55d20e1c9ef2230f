import { describe, expect, test } from 'vitest'
import { ENGINES, errorOf, ISSUER, jwt, manualClock, provider, signer } from '../test/loopback-issuer.ts'
import type { TokenProblem } from './index.ts'

const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
const key = signer()
const OTHER = 'https://other.example'
const clock = manualClock()

describe('a hint', () => {
  test('comes from the provider of the token, which sees what is wrong', async () => {
    const seen: TokenProblem[] = []
    const hint = (problem: TokenProblem) => {
      seen.push(problem)
      return `the ${problem.subject} is wrong`
    }
    const silent = provider([key], { name: 'b', issuer: OTHER, hint: () => 'not asked' })
    const verifier = createVerifier({ providers: [provider([key], { hint }), silent], clock })
    const error = await errorOf(() => verifier.verify(jwt(key, { aud: 'x' })))
    expect(error).toMatchObject({ code: 'AUDIENCE_MISMATCH', hint: 'the aud is wrong' })
    expect(error.message).not.toContain('the aud is wrong')
    expect(seen).toMatchObject([
      { code: 'AUDIENCE_MISMATCH', found: '"x"', header: { kid: 'k1' }, claims: { aud: 'x' } },
    ])
  })

  test('comes from all while the provider is unknown, each by its name', async () => {
    const hint = () => 'opaque?'
    const one = createVerifier({ providers: [provider([key], { hint })], clock })
    expect((await errorOf(() => one.verify('opaque'))).hint).toBe('opaque?')
    const two = createVerifier({
      providers: [
        provider([key], { name: 'a', hint }),
        provider([key], { name: 'b', issuer: OTHER, hint: () => undefined }),
      ],
      clock,
    })
    expect((await errorOf(() => two.verify('opaque'))).hint).toBe('a: opaque?')
    expect((await errorOf(() => two.verify(jwt(key, { iss: 'urn:x' })))).hint).toBe('a: opaque?')
    expect((await errorOf(() => two.verify('opaque', { provider: 'b' }))).hint).toBeUndefined()
  })

  test('of an issuer that is only spelled otherwise says so first', async () => {
    const hint = ({ code }: TokenProblem) => (code === 'ISSUER_UNKNOWN' ? 'Another tenant?' : undefined)
    const hinting = createVerifier({ providers: [provider([key], { hint })], clock })
    const silent = createVerifier({ providers: [provider([key])], clock })
    const close = 'Close to the composed issuer "https://id.example": '
    const slash = `${close}the token’s ends in a slash.`
    const place = `${close}the path differs: another tenant, realm or pool of the same host.`
    for (const [iss, said, alone] of [
      [`${ISSUER}/`, `${slash} Another tenant?`, slash],
      [`${ISSUER}/x`, 'Another tenant?', place], // the provider knows its own places better
      ['urn:x', 'Another tenant?', undefined],
      [5, 'Another tenant?', undefined],
    ] as const) {
      expect((await errorOf(() => hinting.verify(jwt(key, { iss })))).hint).toBe(said)
      expect((await errorOf(() => silent.verify(jwt(key, { iss })))).hint).toBe(alone)
    }
  })

  test('is asked of a few, however many are composed', async () => {
    let asked = 0
    const hint = () => {
      asked += 1
      return undefined
    }
    const providers = Array.from({ length: 50 }, (_, n) => provider([key], { name: `p${n}`, issuer: `urn:${n}`, hint }))
    await errorOf(() => createVerifier({ providers, clock }).verify('opaque'))
    expect(asked).toBe(16)
  })

  test('that throws is a warning, and the refusal stays what it was', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    try {
      const hint = () => JSON.parse('{')
      const verifier = createVerifier({ providers: [provider([key], { hint })], clock })
      const error = await errorOf(() => verifier.verify(jwt(key, { exp: 1 })))
      expect(error.code).toBe('TOKEN_EXPIRED')
      expect(error.hint).toBeUndefined()
      await expect
        .poll(() => warnings.map(({ message }) => message))
        .toEqual([expect.stringContaining('the hint of provider "acme" threw')])
    } finally {
      process.off('warning', onWarning)
    }
  })
})
