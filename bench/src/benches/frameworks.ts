// What a framework's package costs a request: an empty Express and an empty Fastify, beside verifier.verify called by hand.
import type { Bench } from '../bench.ts'
import { flags } from '../flags.ts'
import { FRAMEWORKS, KINDS } from '../frameworks/kinds.ts'
import { MANNER, medianLoads } from '../http/load.ts'
import { withServers } from '../http/servers.ts'
import { machine } from '../machine.ts'

const ROUNDS = 9
const LEAST_SHARE = 0.97

export const bench: Bench = {
  about: 'requests a second with @keysource/express and @keysource/fastify, beside the same by hand',
  async run(args) {
    flags(args, {})
    const entry = new URL('../frameworks/server-process.ts', import.meta.url)
    const found = await withServers(KINDS, entry, (servers) => medianLoads(servers, ROUNDS))
    for (const [kind, { perSecond, p99Ms }] of found) {
      console.log(`${kind.padEnd(16)} ${Math.round(perSecond).toLocaleString('en')} requests a second, p99 ${p99Ms} ms`)
    }
    console.log(`\n${machine()}; ${MANNER}, median of ${ROUNDS}\n`)
    const shares = FRAMEWORKS.map((name) => {
      const share = (found.get(name)?.perSecond ?? Number.NaN) / (found.get(`${name} by hand`)?.perSecond ?? Number.NaN)
      console.log(
        `${share >= LEAST_SHARE ? 'PASS' : 'FAIL'}  ${name}: ${share.toFixed(3)} of the rate by hand (bar: ${LEAST_SHARE})`,
      )
      return share
    })
    return shares.every((share) => share >= LEAST_SHARE)
  },
}
