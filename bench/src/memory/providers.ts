import { answerOfChild } from '../child-process.ts'

/** How many are composed. */
export interface ProvidersInput {
  readonly providers: number
  readonly keysEach: number
}

/** What they hold. */
export interface ProvidersReport {
  readonly growthMiB: number
  readonly keys: number
}

const INPUT: ProvidersInput = { providers: 1000, keysEach: 4 }
const MAX_GROWTH_MIB = 40
const LIMIT_MS = 60_000

/** Composes them, prints what they hold, and says whether it is within bounds. */
export async function providersHeap(): Promise<boolean> {
  const entry = new URL('providers-process.ts', import.meta.url)
  const { growthMiB, keys } = await answerOfChild<ProvidersReport>({ entry, input: INPUT, limitMs: LIMIT_MS })
  const good = growthMiB < MAX_GROWTH_MIB && keys === INPUT.providers * INPUT.keysEach
  const count = INPUT.providers.toLocaleString('en')
  console.log(
    `${good ? 'PASS' : 'FAIL'}  ${count} providers of ${INPUT.keysEach} RSA keys hold ${growthMiB.toFixed(1)} MiB ` +
      `(bar: under ${MAX_GROWTH_MIB})`,
  )
  return good
}
