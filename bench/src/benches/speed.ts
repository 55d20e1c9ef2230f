// Tokens verified a second, one at a time: the platform's own crypto.verify as the limit, Keysource, jose.
import type { Bench } from '../bench.ts'
import { interleaved, rate } from '../interleaved.ts'
import { machine } from '../machine.ts'
import { contestants } from '../speed/contestants.ts'
import { issueTokens } from '../speed/tokens.ts'

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
const ROUNDS = 5
const ROUND_MS = 300

export const bench: Bench = {
  about: 'tokens verified a second, beside crypto.verify and jose',
  async run() {
    console.log(`${machine()}; tokens a second, one at a time, median of ${ROUNDS} rounds\n`)
    for (const alg of ALGORITHMS) await compare(alg)
    return true
  },
}

async function compare(alg: string): Promise<void> {
  const issued = await issueTokens(alg)
  const runners = await contestants(issued)
  const rates = await interleaved(
    runners.map(
      ({ verify }) =>
        () =>
          rate(verify, issued.tokens, ROUND_MS),
    ),
    ROUNDS,
  )
  const [limit = Number.NaN] = rates
  runners.forEach(({ name }, at) => {
    const own = rates[at] ?? Number.NaN
    const share = (own / limit).toFixed(2)
    const shown = Math.round(own).toLocaleString('en').padStart(9)
    console.log(`${alg.padEnd(6)} ${name.padEnd(24)} ${shown}  ${share} of the limit`)
  })
  console.log()
}
