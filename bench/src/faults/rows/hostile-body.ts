import { BOMB_MIB } from '../answers.ts'
import { acceptedShare, duration, percent } from '../figures.ts'
import { type SigningKey, signingKey, tokensOf } from '../issuer.ts'
import { type Outcome, once, together } from '../load.ts'
import { peakGrowthMiB } from '../peak-memory.ts'
import type { AnswerName } from '../session.ts'
import { type Finding, type Row, type Stage, warmStage } from './row.ts'

/** Keys that no library can use, beside one that all can. */
export const oddKeys: Row = {
  id: 'odd-keys',
  title: 'three odd keys beside a good one (broken modulus, unknown `kty`, null)',
  bar: '100 %',
  async measure(stage) {
    const key = await published(stage, 'odd-keys')
    const share = acceptedShare(await together(stage.start(), tokensOf(key, stage.issuer, 20)))
    return { text: `${percent(share)} accepted`, meets: share === 1 }
  },
}

const MAX_GROWTH_MIB = 30

/** Valid but for its size. */
export const hugeBody: Row = bomb('huge-body', `a ${BOMB_MIB} MiB body`, 'huge', 200)

/** The same, a thousandth as long on the wire. */
export const gzipBomb: Row = bomb('gzip-bomb', `a gzip bomb (${BOMB_MIB} MiB)`, 'gzip-bomb', 500)

function bomb(id: string, title: string, answer: AnswerName, withinMs: number): Row {
  return {
    id,
    title,
    bar: `refused within ${duration(withinMs)}, under +${MAX_GROWTH_MIB} MiB`,
    alone: true,
    async measure(stage) {
      // What a process needs to fetch at all (TLS, parsers) is there in a server, and is none of the bomb's doing.
      const { keys, token } = await warmStage(stage)
      await stage.endpoint.set({ answer })
      const verify = stage.start()
      const { result, mib } = await peakGrowthMiB(() => once(verify, token(), 20_000))
      const growth = `+${Math.max(0, Math.round(mib))} MiB`
      const meets = result.verdict === 'refused' && result.ms <= withinMs && mib < MAX_GROWTH_MIB && keys.length > 0
      return { text: `${verdictOf(result)}, ${growth}`, meets }
    },
  }
}

const DEADLINE_MS = 5300

/** A body that never stalls and never ends. */
export const drip: Row = {
  id: 'drip',
  title: 'one byte each 50 ms',
  bar: 'refused after 5.0 s',
  async measure(stage) {
    const key = await published(stage, 'drip')
    const result = await once(stage.start(), tokensOf(key, stage.issuer, 1)[0] ?? '')
    return { text: verdictOf(result), meets: result.verdict === 'refused' && result.ms <= DEADLINE_MS }
  },
}

/** The keys are said to be on another host. */
export const redirect: Row = {
  id: 'redirect',
  title: 'a redirect to another host: followed?',
  bar: 'no',
  async measure(stage): Promise<Finding> {
    const key = await published(stage, 'redirect')
    const { verdict } = await once(stage.start(), tokensOf(key, stage.issuer, 1)[0] ?? '')
    const { elsewhere } = await stage.endpoint.counts()
    const followed = elsewhere > 0 || verdict === 'accepted'
    return { text: followed ? 'followed' : 'no', meets: !followed }
  },
}

async function published(stage: Stage, answer: AnswerName): Promise<SigningKey> {
  const key = signingKey('key-1')
  await stage.endpoint.set({ keys: [key.jwk], answer })
  return key
}

function verdictOf({ verdict, ms }: Outcome): string {
  return verdict === 'unanswered' ? `over ${duration(ms)}` : `${verdict} after ${duration(ms)}`
}
