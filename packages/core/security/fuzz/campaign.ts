import fc from 'fast-check'
import { expect, test } from 'vitest'
import { heapAfterCollection } from './heap.ts'

// fast-check, and no fuzzer that is guided by coverage: it runs in vitest on every platform with no native addon, it knows the
// structure of what it makes (most random bytes never pass the first check), and it shrinks what fails to a few characters.

export { fc }

/** How the time is shared among all targets: it adds up to one. */
const SHARES = {
  'text in place of a token': 0.08,
  'a good token, mutated': 0.18,
  'header and claims of every JSON type, well signed': 0.18,
  'huge and deep tokens': 0.14,
  'bodies of key endpoints': 0.18,
  'certificates and PEM': 0.12,
  'metadata documents': 0.12,
} as const

/** What is fuzzed. */
export type Target = keyof typeof SHARES

const ASKED_SEC = process.env.KEYSOURCE_FUZZ_SEC
const TOTAL_SEC = Number(ASKED_SEC ?? 10)
/** What all that is random follows from. */
export const SEED: number = Number(process.env.KEYSOURCE_SEED ?? Date.now() % 2 ** 31)

const RUNS_A_ROUND = 50
// What compiled code and caches of the platform may take. A leak of a hundred bytes a verification shows within a minute.
const MAX_GROWTH_MIB = 4
// Rounds before the heap is first measured: by then everything was called once.
const WARM_UP_ROUNDS = 2

/**
 * Runs a property on new inputs until the target's share of `KEYSOURCE_FUZZ_SEC` is used up. Each round has a seed of its
 * own: `KEYSOURCE_SEED` with the one that fast-check prints begins with the round that failed.
 */
export function campaign<Input>(
  target: Target,
  input: fc.Arbitrary<Input>,
  hold: (input: Input) => Promise<void>,
): void {
  const budgetMs = TOTAL_SEC * 1000 * SHARES[target]
  test(target, { timeout: budgetMs * 2 + 120_000 }, async () => {
    const property = fc.asyncProperty(input, hold)
    const startedAt = performance.now()
    let rounds = 0
    let heapAtFirst = Number.NaN
    do {
      if (rounds === WARM_UP_ROUNDS) heapAtFirst = await heapAfterCollection()
      await fc.assert(property, { seed: SEED + rounds, numRuns: RUNS_A_ROUND })
      rounds += 1
    } while (performance.now() - startedAt < budgetMs)
    const grownMib = ((await heapAfterCollection()) - heapAtFirst) / 2 ** 20
    if (ASKED_SEC) report(target, rounds, (performance.now() - startedAt) / 1000, grownMib)
    // In a run of a moment there is nothing to compare.
    if (rounds > WARM_UP_ROUNDS) expect(grownMib, 'MiB that the heap has grown by').toBeLessThan(MAX_GROWTH_MIB)
  })
}

function report(target: Target, rounds: number, sec: number, grownMib: number): void {
  const runs = rounds * RUNS_A_ROUND
  const heap = Number.isNaN(grownMib) ? 'not compared' : `${grownMib >= 0 ? '+' : ''}${grownMib.toFixed(1)} MiB`
  console.log(`${target}: ${runs} inputs in ${sec.toFixed(0)} s, heap ${heap}, seed ${SEED}`)
}
