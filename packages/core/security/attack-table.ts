import { describe, expect, type TestContext, test } from 'vitest'
import type { Provider, Verifier, VerifierOptions, VerifyOptions } from '../src/index.ts'
import { ENGINES, manualClock } from '../test/loopback-issuer.ts'
import { countVerdicts } from './verdicts.ts'

/** A token, and what must become of it: `'accepted'`, or the code of its refusal. */
export type AttackCase = readonly [name: string, token: unknown, expected: string, options?: VerifyOptions]

/** One engine as a test gets it. */
export interface Engine {
  readonly name: string
  readonly createVerifier: (options: VerifierOptions<readonly Provider[]>) => Verifier
}

/** The engines that every attack is made on. */
export const engines: readonly Engine[] = ENGINES as readonly Engine[]

/**
 * Tokens for one verifier, composed as a user composes it, on both engines: `verify` must give the verdict that is
 * expected, `explain` and `verifySync` the same one, and no refusal may repeat the token.
 */
export function attacks(
  title: string,
  options: Partial<VerifierOptions<readonly Provider[]>> & { readonly providers: readonly Provider[] },
  cases: readonly AttackCase[],
): void {
  describe(title, () => {
    for (const { name: engine, createVerifier } of engines) {
      const verifier = createVerifier({ clock: manualClock(), ...options })
      for (const one of cases) {
        test(`${one[0]}, on the ${engine} engine`, (context) => attack(context, engine, verifier, one))
      }
    }
  })
}

async function attack(
  context: TestContext,
  engine: string,
  verifier: Verifier,
  [, token, expected, options]: AttackCase,
): Promise<void> {
  const verdict = await verdictOn(() => verifier.verify(token as string, options), token)
  record(context, engine, expected, verdict)
  expect(verdict).toBe(expected)
  const explanation = await verifier.explain(token as string, options)
  expect(explanation.valid).toBe(expected === 'accepted')
  // What the token says itself is shown as it is.
  expectNothingLeaked({ ...explanation, header: undefined, claims: undefined }, token)
  if (engine !== 'node') return
  expect(await verdictOn(() => verifier.verifySync(token as string, options), token)).toBe(expected)
}

/** Counts one case of a test that does more than verify a token. */
export function record(context: TestContext, engine: string, expected: string, verdict: string): void {
  const mustBe = expected === 'accepted' ? 'accepted' : 'refused'
  countVerdicts(context, 'attacks', engine, [{ mustBe, accepted: verdict === 'accepted' }])
}

/** One attack that needs a setting of its own, on both engines. What it resolves with is the verdict. */
export function attackOn(
  title: string,
  expected: string,
  make: (engine: Engine, context: TestContext) => Promise<string>,
): void {
  for (const engine of engines) {
    test(`${title}, on the ${engine.name} engine`, async (context) => {
      const verdict = await make(engine, context)
      record(context, engine.name, expected, verdict)
      expect(verdict).toBe(expected)
    })
  }
}

/** `'accepted'`, or the code. Anything that is thrown and none of ours is told in words, so that it equals no code. */
export async function verdictOn(work: () => unknown, token?: unknown): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    const { code, message, stack, hint, found, expected } = error as Record<string, unknown>
    if (token !== undefined) expectNothingLeaked({ message, stack, hint, found, expected }, token)
    return typeof code === 'string' && 'kind' in (error as object) ? code : `not a KeysourceError: ${error}`
  }
}

/** Neither a token nor its signature may be in what is told: whoever reads a log could use it. */
export function expectNothingLeaked(told: unknown, token: unknown): void {
  if (typeof token !== 'string' || token.length < 40) return
  const text = JSON.stringify(told) ?? ''
  const signature = token.slice(token.lastIndexOf('.') + 1)
  expect(text.includes(token)).toBe(false)
  if (signature.length >= 40) expect(text.includes(signature)).toBe(false)
}
