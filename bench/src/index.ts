// Tokens verified a second, one at a time: the platform's own crypto.verify as the limit, Keysource, jose.
// Each figure is the median of five rounds; the rounds of all contestants take turns, so that a slow moment hits all alike.
import { cpus } from 'node:os'
import { contestants } from './contestants.ts'
import { issueTokens } from './tokens.ts'

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
const ROUNDS = 5
const ROUND_MS = 300
/** A clock reading costs next to nothing beside this many verifications. */
const BATCH = 16

console.log(
  `Node ${process.version}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores; tokens a second, one at a time\n`,
)

for (const alg of ALGORITHMS) {
  const issued = await issueTokens(alg)
  const runners = await contestants(issued)
  const rates = await interleaved(
    runners.map(
      ({ verify }) =>
        () =>
          rate(verify, issued.tokens),
    ),
  )
  const [limit = Number.NaN] = rates
  runners.forEach(({ name }, at) => {
    const own = rates[at] ?? Number.NaN
    const share = (own / limit).toFixed(2)
    console.log(
      `${alg.padEnd(6)} ${name.padEnd(24)} ${Math.round(own).toLocaleString('en').padStart(9)}  ${share} of the limit`,
    )
  })
  console.log()
}

/** The median of each runner's rounds, which take turns. The first round warms up and does not count. */
async function interleaved(runners: readonly (() => Promise<number>)[]): Promise<number[]> {
  const results = runners.map((): number[] => [])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, run] of runners.entries()) {
      const result = await run()
      if (round > 0) results[at]?.push(result)
    }
  }
  return results.map((rounds) => rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN)
}

async function rate(verify: (jwt: string) => unknown, tokens: readonly string[]): Promise<number> {
  const start = performance.now()
  let elapsed = 0
  let count = 0
  while (elapsed < ROUND_MS) {
    for (let one = 0; one < BATCH; one++) await verify(tokens[count++ % tokens.length] ?? '')
    elapsed = performance.now() - start
  }
  return (count * 1000) / elapsed
}
