import { medianOf } from './median.ts'

/** What a runner does once: tokens verified a second. */
export type Runner = () => Promise<number>

/** A clock reading costs next to nothing beside this many verifications. */
const BATCH = 16

/** The median of each runner's rounds, which take turns, so that a slow moment hits all alike. */
export async function interleaved(runners: readonly Runner[], rounds: number): Promise<number[]> {
  const results = runners.map((): number[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [at, run] of runners.entries()) {
      const result = await run()
      if (round > 0) results[at]?.push(result)
    }
  }
  return results.map(medianOf)
}

/** Tokens verified a second, one at a time, for about `roundMs`. */
export async function rate(
  verify: (jwt: string) => unknown,
  tokens: readonly string[],
  roundMs: number,
): Promise<number> {
  const start = performance.now()
  let elapsed = 0
  let count = 0
  while (elapsed < roundMs) {
    for (let one = 0; one < BATCH; one++) await verify(tokens[count++ % tokens.length] ?? '')
    elapsed = performance.now() - start
  }
  return (count * 1000) / elapsed
}
