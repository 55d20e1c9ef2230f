// What is left of it in a server: Fastify with a bearer token on each request, beside bare crypto.verify and fast-jwt.
import autocannon from 'autocannon'
import type { Bench } from '../bench.ts'
import { flags } from '../flags.ts'
import { KINDS, type ServerKind, type Servers, withServers } from '../http/servers.ts'
import { machine } from '../machine.ts'

const ROUNDS = 5
const ROUND_SEC = 4
const CONNECTIONS = 32
const LEAST_SHARE = 0.9
/** Two servers that do the same differ by this much from round to round. */
const P99_SLACK_MS = 1

interface Load {
  readonly perSecond: number
  readonly p99Ms: number
}

export const bench: Bench = {
  about: 'requests a second of a Fastify server that verifies a token on each',
  async run(args) {
    flags(args, {})
    const found = await withServers(loads)
    const bare = medianOf(found.get('crypto.verify'))
    const own = medianOf(found.get('keysource'))
    const fastJwt = medianOf(found.get('fast-jwt'))
    for (const kind of KINDS) {
      const { perSecond, p99Ms } = medianOf(found.get(kind))
      console.log(`${kind.padEnd(14)} ${Math.round(perSecond).toLocaleString('en')} requests a second, p99 ${p99Ms} ms`)
    }
    const share = own.perSecond / bare.perSecond
    const quick = own.p99Ms <= fastJwt.p99Ms + P99_SLACK_MS
    console.log(`\n${machine()}, ${CONNECTIONS} connections, median of ${ROUNDS} rounds that take turns\n`)
    console.log(
      `${share >= LEAST_SHARE ? 'PASS' : 'FAIL'}  ${share.toFixed(2)} of the server with crypto.verify alone (bar: ${LEAST_SHARE})`,
    )
    console.log(`${quick ? 'PASS' : 'FAIL'}  p99 no worse than with fast-jwt`)
    return share >= LEAST_SHARE && quick
  },
}

async function loads(servers: Servers): Promise<ReadonlyMap<ServerKind, readonly Load[]>> {
  const found = new Map<ServerKind, Load[]>(KINDS.map((kind) => [kind, []]))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [kind, url] of servers.urls) {
      const load = await loadOf(url, servers.issued.tokens)
      if (round > 0) found.get(kind)?.push(load)
    }
  }
  return found
}

async function loadOf(url: string, tokens: readonly string[]): Promise<Load> {
  const requests = tokens.map((jwt, at) => ({
    method: 'GET' as const,
    path: '/',
    headers: { authorization: `Bearer ${jwt}`, 'x-index': String(at) },
  }))
  const result = await autocannon({ url, connections: CONNECTIONS, duration: ROUND_SEC, requests })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`expected 200 alone, found ${result.non2xx} others`)
  return { perSecond: result.requests.average, p99Ms: result.latency.p99 }
}

function medianOf(found: readonly Load[] = []): Load {
  const middle = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  return { perSecond: middle(found.map((one) => one.perSecond)), p99Ms: middle(found.map((one) => one.p99Ms)) }
}
