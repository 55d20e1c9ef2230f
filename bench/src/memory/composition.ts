import { answerOfChild } from '../child-process.ts'

/** What is compared with one provider, and for how long. */
export interface CompositionInput {
  readonly providers: number
  readonly rounds: number
  readonly roundMs: number
}

/** Shares of the rate of one provider alone. */
export interface CompositionReport {
  /** Tokens verified a second, one at a time. */
  readonly rateOfOne: number
  /** With a tenth of them composed, and tokens of each in turn. */
  readonly tenthShare: number
  /** With all composed, and tokens of a few of them. */
  readonly someShare: number
  /** With all composed, and tokens of each in turn. */
  readonly allShare: number
  /** What crypto.verify alone keeps of its rate when it, too, takes as many keys in turn. */
  readonly platformShare: number
}

const INPUT: CompositionInput = { providers: 1000, rounds: 9, roundMs: 400 }
const LEAST_SHARE = 0.9
const LIMIT_MS = 120_000

/** Compares, prints, and says whether a thousand are hardly slower than one. */
export async function composition(): Promise<boolean> {
  const entry = new URL('composition-process.ts', import.meta.url)
  const report = await answerOfChild<CompositionReport>({ entry, input: INPUT, limitMs: LIMIT_MS })
  const { rateOfOne, tenthShare, someShare, allShare, platformShare } = report
  const all = INPUT.providers.toLocaleString('en')
  const rates = `RS256, median of ${INPUT.rounds} rounds; one alone: ${Math.round(rateOfOne).toLocaleString('en')} a second`
  const beside = allShare / platformShare
  line(
    tenthShare,
    `${INPUT.providers / 10} providers, tokens of all in turn: ${tenthShare.toFixed(2)} of the rate of one`,
  )
  line(
    someShare,
    `${all} providers composed, tokens of 8 of them: ${someShare.toFixed(2)} of the rate of one (${rates})`,
  )
  line(
    beside,
    `tokens of all ${all} in turn: ${allShare.toFixed(2)} of the rate of one, where crypto.verify alone, with as many keys, ` +
      `keeps ${platformShare.toFixed(2)} of its own: ${beside.toFixed(2)} of that`,
  )
  return [tenthShare, someShare, beside].every((share) => share >= LEAST_SHARE)
}

function line(share: number, text: string): void {
  console.log(`${share >= LEAST_SHARE ? 'PASS' : 'FAIL'}  ${text} (bar: ${LEAST_SHARE})`)
}
