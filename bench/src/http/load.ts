import autocannon from 'autocannon'
import { medianOf } from '../median.ts'
import type { Servers } from './servers.ts'

const ROUND_SEC = 4
const CONNECTIONS = 32

/** How the rounds are made, in words. */
export const MANNER: string = `${CONNECTIONS} connections, rounds of ${ROUND_SEC} s that take turns`

/** What one round, or the median of several, found. */
export interface Load {
  readonly perSecond: number
  readonly p99Ms: number
}

/** Loads each server in turn, so many times after one that does not count: the medians. */
export async function medianLoads<Kind extends string>(
  { issued, urls }: Servers<Kind>,
  rounds: number,
): Promise<ReadonlyMap<Kind, Load>> {
  const found = new Map<Kind, Load[]>([...urls.keys()].map((kind) => [kind, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [kind, url] of urls) {
      const load = await loadOf(url, issued.tokens)
      if (round > 0) found.get(kind)?.push(load)
    }
  }
  return new Map(
    [...found].map(([kind, loads]) => [
      kind,
      { perSecond: medianOf(loads.map((one) => one.perSecond)), p99Ms: medianOf(loads.map((one) => one.p99Ms)) },
    ]),
  )
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
