import type { Verify } from './contestants.ts'
import { fresh, type IssuedTokens } from './tokens.ts'

/** How the tokens come. */
export type Arrival = 'one at a time' | '64 in flight' | 'seen before'

const IN_FLIGHT = 64

/** Tokens verified a second, for about `roundMs`. Every call gets a string of its own, made while the clock stands still. */
export async function rateOf(
  verify: Verify,
  { tokens }: IssuedTokens,
  arrival: Arrival,
  roundMs: number,
): Promise<number> {
  let elapsedMs = 0
  let count = 0
  while (elapsedMs < roundMs) {
    const texts = fresh(tokens)
    const start = performance.now()
    if (arrival === '64 in flight') await together(verify, texts)
    else await inTurn(verify, texts)
    elapsedMs += performance.now() - start
    count += texts.length
  }
  return (count * 1000) / elapsedMs
}

async function inTurn(verify: Verify, texts: readonly string[]): Promise<void> {
  for (const [at, text] of texts.entries()) await verify(text, at)
}

async function together(verify: Verify, texts: readonly string[]): Promise<void> {
  let next = 0
  const client = async (): Promise<void> => {
    while (next < texts.length) {
      const at = next++
      await verify(texts[at] ?? '', at)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, client))
}
