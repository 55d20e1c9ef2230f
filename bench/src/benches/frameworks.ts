// What a framework's package costs a request: an empty Express and an empty Fastify, beside verifier.verify called by hand.
import type { Bench } from '../bench.ts'
import { flags } from '../flags.ts'
import { FRAMEWORKS, type FrameworkKind, KINDS } from '../frameworks/kinds.ts'
import { type Load, MANNER, medianLoads } from '../http/load.ts'
import { withServers } from '../http/servers.ts'
import { machine } from '../machine.ts'
import { medianOf } from '../median.ts'

const ROUNDS = 7
const LEAST_SHARE = 0.97

export const bench: Bench = {
  about: 'requests a second with @keysource/express and @keysource/fastify, beside the same by hand',
  async run(args) {
    flags(args, {})
    const entry = new URL('../frameworks/server-process.ts', import.meta.url)
    const found: ReadonlyMap<FrameworkKind, Load>[] = []
    // Fresh processes each round: two that run the same code differ by more than what is measured here.
    for (let round = 0; round < ROUNDS; round++) {
      found.push(await withServers(KINDS, entry, (servers) => medianLoads(servers, 1)))
    }
    const rate = (kind: FrameworkKind, loads: ReadonlyMap<FrameworkKind, Load>): number =>
      loads.get(kind)?.perSecond ?? Number.NaN
    for (const kind of KINDS) {
      const perSecond = Math.round(medianOf(found.map((loads) => rate(kind, loads))))
      console.log(`${kind.padEnd(16)} ${perSecond.toLocaleString('en')} requests a second`)
    }
    console.log(`\n${machine()}; ${MANNER}, each in a fresh process, median of ${ROUNDS}\n`)
    const shares = FRAMEWORKS.map((name) => {
      const share = medianOf(found.map((loads) => rate(name, loads) / rate(`${name} by hand`, loads)))
      const verdict = share >= LEAST_SHARE ? 'PASS' : 'FAIL'
      console.log(`${verdict}  ${name}: ${share.toFixed(3)} of the rate by hand (bar: ${LEAST_SHARE})`)
      return share
    })
    return shares.every((share) => share >= LEAST_SHARE)
  },
}
