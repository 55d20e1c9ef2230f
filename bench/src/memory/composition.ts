import { answerOfChild } from '../child-process.ts'

/** What is compared with one provider, and for how long. */
export interface CompositionInput {
  readonly providers: number
  readonly rounds: number
  readonly roundMs: number
}

/** Tokens verified a second, one at a time. */
export interface CompositionReport {
  readonly rateOfOne: number
  readonly rateOfMany: number
  /** Of crypto.verify alone: the rate with as many keys as providers, over that with a few. */
  readonly platformShare: number
}

const INPUT: CompositionInput = { providers: 1000, rounds: 9, roundMs: 400 }
const LEAST_SHARE = 0.9
const LIMIT_MS = 120_000

/** Compares, prints, and says whether a thousand are hardly slower than one. */
export async function composition(): Promise<boolean> {
  const entry = new URL('composition-process.ts', import.meta.url)
  const report = await answerOfChild<CompositionReport>({ entry, input: INPUT, limitMs: LIMIT_MS })
  const { rateOfOne, rateOfMany, platformShare } = report
  const share = rateOfMany / rateOfOne
  const meets = share >= LEAST_SHARE
  const shown = (rate: number): string => Math.round(rate).toLocaleString('en')
  console.log(
    `${meets ? 'PASS' : 'FAIL'}  ${INPUT.providers.toLocaleString('en')} providers verify at ${share.toFixed(2)} of the rate ` +
      `of one (bar: ${LEAST_SHARE}): ${shown(rateOfMany)} and ${shown(rateOfOne)} tokens a second, RS256, median of ` +
      `${INPUT.rounds} rounds; crypto.verify alone, with as many keys: ${platformShare.toFixed(2)}`,
  )
  return meets
}
