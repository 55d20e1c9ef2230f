import { expect } from 'vitest'
import { type Explanation, isKeysourceError, type Verifier, type VerifyOptions } from '../../src/index.ts'

/** Longer tokens are refused, unless a verifier is told otherwise. */
export const MAX_TOKEN_BYTES = 16_384
// The longest that a token up to that limit may take, and one of which a verifier was told to take a mebibyte.
const MAX_TOKEN_MS = 20
const MAX_HUGE_MS = 500

const KINDS: ReadonlySet<string> = new Set(['token', 'keys', 'config'])
const REPEATS = 7

/** One verifier on each engine, composed alike. */
export interface Pair {
  readonly node: Verifier
  readonly web: Verifier
}

/**
 * `'accepted'`, or the code that both engines refuse a token with, by `verify`, `verifySync` and `explain`. Whatever else is
 * thrown fails the test, and so does a verdict on which they differ.
 */
export async function judge({ node, web }: Pair, token: unknown, options?: VerifyOptions): Promise<string> {
  const jwt = token as string
  // The signature is part of what is measured, so that this is more than is promised.
  const maxMs = jwt?.length > MAX_TOKEN_BYTES ? MAX_HUGE_MS : MAX_TOKEN_MS
  const atOnce = await outcome(() => node.verifySync(jwt, options), token)
  const verdicts = {
    'verify on node': await outcome(() => node.verify(jwt, options), token),
    'verify on web': await outcome(() => web.verify(jwt, options), token),
    'explain on node': explained(await quick(() => node.explain(jwt, options), maxMs)),
    'explain on web': explained(await quick(() => web.explain(jwt, options), maxMs)),
  }
  const [first = ''] = Object.values(verdicts)
  // What waited for a load is told by that code where nothing can wait.
  if (atOnce !== 'KEYS_NOT_LOADED' || first !== 'KEY_NOT_FOUND') expect(atOnce, 'verifySync on node').toBe(first)
  if (Object.values(verdicts).some((verdict) => verdict !== first)) expect(verdicts, 'one verdict').toEqual(first)
  return first
}

/** What a call came to. Only errors of ours may get out, and none that repeats the token. */
export async function outcome(work: () => unknown, token?: unknown): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    if (!isKeysourceError(error)) throw new Error('something else than a KeysourceError was thrown', { cause: error })
    const { code, kind, message, status } = error
    expect(KINDS.has(kind) && code.length > 0 && message.length > 0 && status >= 400, `${code}, ${kind}`).toBe(true)
    if (typeof token === 'string' && token.length >= 40) expect(message.includes(token)).toBe(false)
    return code
  }
}

function explained({ valid, code, checks }: Explanation): string {
  const failed = checks.find(({ outcome }) => outcome === 'failed')
  // A wrong call is no check of the token's.
  if (code !== undefined && failed !== undefined) expect(failed.code).toBe(code)
  expect(valid).toBe(code === undefined)
  return code ?? 'accepted'
}

/**
 * What the work resolves with, held to its time. What took longer once is measured again, and the median decides: else a busy
 * machine would raise the alarm.
 */
export async function quick<T>(work: () => Promise<T>, maxMs: number): Promise<T> {
  const [result, took] = await timed(work)
  if (took <= maxMs) return result
  const again: number[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) again.push((await timed(work))[1])
  const median = again.sort((a, b) => a - b)[REPEATS >> 1] ?? 0
  expect(median, 'the median time in ms').toBeLessThanOrEqual(maxMs)
  return result
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const startedAt = performance.now()
  return [await work(), performance.now() - startedAt]
}
