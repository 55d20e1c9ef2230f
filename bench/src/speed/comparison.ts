import { interleaved } from '../interleaved.ts'
import { type Contestant, keysource, PEERS, platformLimit, type Verify } from './contestants.ts'
import { type Arrival, rateOf } from './rates.ts'
import { ALGORITHMS, type IssuedTokens, issueTokens, type MeasuredAlgorithm } from './tokens.ts'

const ROUNDS = 5
const ROUND_MS = 500

/** One line of the table: tokens a second. */
export interface SpeedRow {
  readonly title: string
  /** `crypto.verify` over bytes and keys that were prepared before: nothing where tokens were seen before. */
  readonly limit: number | undefined
  readonly keysource: number
  readonly peers: ReadonlyMap<Contestant, number>
  /** What Keysource has to reach, in words, and whether it does. */
  readonly bar: string
  readonly meets: boolean
}

// Shares of the limit. The dearer the signature, the less of the time is left for the rest.
const AT_ONCE: Readonly<Record<MeasuredAlgorithm, number>> = {
  RS256: 0.84,
  PS256: 0.84,
  ES256: 0.9,
  ES384: 0.9,
  EdDSA: 0.94,
}
const IN_FLIGHT: Readonly<Record<MeasuredAlgorithm, number>> = {
  RS256: 0.82,
  PS256: 0.82,
  ES256: 0.9,
  ES384: 0.9,
  EdDSA: 0.9,
}
const SEEN_BEFORE = 2.5
/** Where the platform itself is so much faster than jose. With ES384 all the time goes into the signature. */
const BESIDE_JOSE = 2

/** Every algorithm, one at a time and many in flight, and tokens that were seen before. */
export async function* speedRows(): AsyncGenerator<SpeedRow> {
  for (const alg of ALGORITHMS) {
    const issued = issueTokens(alg)
    yield await signatureRow(issued, 'one at a time', AT_ONCE[alg])
    yield await signatureRow(issued, '64 in flight', IN_FLIGHT[alg])
  }
  yield await seenBeforeRow(issueTokens('RS256'))
}

async function signatureRow(issued: IssuedTokens, arrival: Arrival, share: number): Promise<SpeedRow> {
  const platform = platformLimit(issued)
  const limitVerify = arrival === '64 in flight' ? platform.onPool : platform.atOnce
  const { limit = Number.NaN, own, peers } = await rates(issued, arrival, limitVerify)
  const jose = [...peers].find(([{ name }]) => name === 'jose')?.[1] ?? Number.NaN
  const twice = arrival === 'one at a time' && share * limit > BESIDE_JOSE * jose
  const first = Math.max(...peers.values()) < own
  return {
    title: `${issued.alg}, ${arrival}`,
    limit,
    keysource: own,
    peers,
    bar: `${share} of the limit, ahead of all${twice ? `, ${BESIDE_JOSE} × jose` : ''}`,
    meets: own >= share * limit && first && (!twice || own >= BESIDE_JOSE * jose),
  }
}

async function seenBeforeRow(issued: IssuedTokens): Promise<SpeedRow> {
  const { own, peers } = await rates(issued, 'seen before', undefined)
  const fastJwt = [...peers].find(([{ name }]) => name === 'fast-jwt')?.[1] ?? Number.NaN
  return {
    title: `${issued.alg}, seen before`,
    limit: undefined,
    keysource: own,
    peers,
    bar: `${SEEN_BEFORE} × fast-jwt with its cache`,
    meets: own >= SEEN_BEFORE * fastJwt,
  }
}

async function rates(
  issued: IssuedTokens,
  arrival: Arrival,
  limit: Verify | undefined,
): Promise<{ readonly limit?: number; readonly own: number; readonly peers: ReadonlyMap<Contestant, number> }> {
  const contestants = [keysource, ...PEERS.filter(({ has }) => has(issued.alg))]
  const cache = arrival === 'seen before' ? ({ cached: true } as const) : undefined
  const verifies = await Promise.all(contestants.map(({ start }) => start(issued, cache)))
  const runners = [...verifies, ...(limit ? [limit] : [])]
  const found = await interleaved(
    runners.map((verify) => () => rateOf(verify, issued, arrival, ROUND_MS)),
    ROUNDS,
  )
  const [own = Number.NaN] = found
  const peers = new Map(contestants.slice(1).map((one, at) => [one, found[at + 1] ?? Number.NaN] as const))
  return { own, peers, ...(limit && { limit: found.at(-1) ?? Number.NaN }) }
}
