import type { Laboratory } from '../faults/laboratory.ts'

/** How many tokens, each with a `kid` of its own. */
export const FORGED = 60_000

/** Which kind of source meets them. */
export interface ForgedKidsInput {
  readonly source: 'remoteJwks' | 'keyEndpoint'
}

/** What they left. */
export interface ForgedKidsReport {
  readonly growthMiB: number
  readonly accepted: number
  readonly requests: number
}

const MAX_GROWTH_MIB = 5
const LIMIT_MS = 120_000

/** Floods both kinds of source, prints what is left, and says whether it is within bounds. */
export async function forgedKids({ endpoint, run }: Laboratory): Promise<boolean> {
  let meets = true
  for (const source of ['remoteJwks', 'keyEndpoint'] as const) {
    const entry = new URL('forged-kids-process.ts', import.meta.url)
    const input: ForgedKidsInput = { source }
    const { growthMiB, accepted, requests } = await run<ForgedKidsReport>(entry, { ...input, endpoint }, LIMIT_MS)
    const good = growthMiB < MAX_GROWTH_MIB && accepted === 0
    meets &&= good
    console.log(
      `${good ? 'PASS' : 'FAIL'}  ${FORGED.toLocaleString('en')} forged kids of 200 characters, ${source}: heap ` +
        `${growthMiB >= 0 ? '+' : ''}${growthMiB.toFixed(2)} MiB (bar: under ${MAX_GROWTH_MIB}), ${accepted} accepted, ` +
        `${requests} requests`,
    )
  }
  return meets
}
