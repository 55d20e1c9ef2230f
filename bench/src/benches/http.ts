// What is left of it in a server: Fastify with a bearer token on each request, beside bare crypto.verify and fast-jwt.
import type { Bench } from '../bench.ts'
import { flags } from '../flags.ts'
import { MANNER, medianLoads } from '../http/load.ts'
import { withServers } from '../http/servers.ts'
import { machine } from '../machine.ts'

const KINDS = ['crypto.verify', 'keysource', 'fast-jwt'] as const
const ROUNDS = 5
const LEAST_SHARE = 0.9
/** Two servers that do the same differ by this much from round to round. */
const P99_SLACK_MS = 1

export const bench: Bench = {
  about: 'requests a second of a Fastify server that verifies a token on each',
  async run(args) {
    flags(args, {})
    const entry = new URL('../http/server-process.ts', import.meta.url)
    const found = await withServers(KINDS, entry, (servers) => medianLoads(servers, ROUNDS))
    const [bare, own, fastJwt] = KINDS.map((kind) => found.get(kind) ?? { perSecond: Number.NaN, p99Ms: Number.NaN })
    if (!bare || !own || !fastJwt) throw new RangeError('expected a load of each kind')
    for (const [kind, { perSecond, p99Ms }] of found) {
      console.log(`${kind.padEnd(14)} ${Math.round(perSecond).toLocaleString('en')} requests a second, p99 ${p99Ms} ms`)
    }
    const share = own.perSecond / bare.perSecond
    const quick = own.p99Ms <= fastJwt.p99Ms + P99_SLACK_MS
    console.log(`\n${machine()}; ${MANNER}, median of ${ROUNDS}\n`)
    console.log(
      `${share >= LEAST_SHARE ? 'PASS' : 'FAIL'}  ${share.toFixed(2)} of the server with crypto.verify alone (bar: ${LEAST_SHARE})`,
    )
    console.log(`${quick ? 'PASS' : 'FAIL'}  p99 no worse than with fast-jwt`)
    return share >= LEAST_SHARE && quick
  },
}
