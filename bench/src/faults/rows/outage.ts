import { acceptedShare, duration, percent, slowest } from '../figures.ts'
import { signingKey, tokensOf } from '../issuer.ts'
import { inTurn, type Outcome, stream } from '../load.ts'
import type { AnswerName } from '../session.ts'
import { type Row, requestsDuring, warmStage } from './row.ts'

const OUTAGE_MS = 7000
const MAX_REQUESTS = 9

/** Right after its keys were loaded, the endpoint fails in one of the usual ways. */
export const outages: readonly Row[] = [
  outage('outage-500', 'endpoint answers 500 for 7 s', 'status-500'),
  outage('outage-reset', 'endpoint resets connections for 7 s', 'reset'),
  outage('outage-html', 'endpoint answers HTML for 7 s', 'html'),
  outage('outage-half', 'endpoint sends half a body for 7 s', 'half'),
  outage('outage-no-keys', 'endpoint answers `{"keys":[]}` for 7 s', 'no-keys'),
]

function outage(id: string, title: string, answer: AnswerName): Row {
  return {
    id,
    title,
    bar: `100 %, at most ${MAX_REQUESTS} requests`,
    async measure(stage) {
      const { verify, token } = await warmStage(stage)
      await stage.endpoint.set({ answer })
      let outcomes: readonly Outcome[] = []
      const requests = await requestsDuring(stage, async () => {
        outcomes = await stream(verify, () => token(), { everyMs: 5, forMs: OUTAGE_MS })
      })
      const share = acceptedShare(outcomes)
      return {
        text: `${percent(share)} accepted, ${requests.toLocaleString('en')} requests`,
        meets: share === 1 && requests <= MAX_REQUESTS,
      }
    },
  }
}

const HANG_P99_MS = 15

/** For 7 s no request is answered; then those that still wait are. */
export const hang: Row = {
  id: 'hang',
  title: 'endpoint hangs for 7 s',
  bar: `100 %, p99 under ${HANG_P99_MS} ms`,
  alone: true,
  async measure(stage) {
    const { verify, token } = await warmStage(stage)
    await stage.endpoint.set({ answer: 'hang' })
    const end = setTimeout(() => stage.endpoint.set({ answer: 'keys' }), OUTAGE_MS)
    const outcomes = await stream(verify, () => token(), { everyMs: 5, forMs: OUTAGE_MS })
    clearTimeout(end)
    const share = acceptedShare(outcomes)
    const p99 = slowest(outcomes, 0.99)
    return { text: `${percent(share)} accepted, p99 ${duration(p99)}`, meets: share === 1 && p99 < HANG_P99_MS }
  },
}

const SLOWEST_MS = 100
const UNDER_LOAD_MS = 6000

/** Every refresh takes 1.5 s, while tokens keep coming. */
export const slowRefresh: Row = {
  id: 'slow-refresh',
  title: 'a refresh takes 1.5 s, under load',
  bar: `slowest under ${SLOWEST_MS} ms`,
  alone: true,
  async measure(stage) {
    const { verify, token } = await warmStage(stage)
    await stage.endpoint.set({ answer: 'slow' })
    let outcomes: readonly Outcome[] = []
    const requests = await requestsDuring(stage, async () => {
      outcomes = await stream(verify, () => token(), { everyMs: 2, forMs: UNDER_LOAD_MS })
    })
    const share = acceptedShare(outcomes)
    const max = slowest(outcomes, 1)
    const losses = share === 1 ? '' : `, ${percent(share)} accepted`
    const never = requests === 0 ? ' (never refreshes)' : ''
    return {
      text: `slowest ${duration(max)}${never}${losses}`,
      meets: share === 1 && max < SLOWEST_MS && requests > 0,
    }
  },
}

const COLD_MS = 3000
const COLD_REQUESTS = 4

/** A verifier that never had a key, and an endpoint that takes no connection. */
export const coldStart: Row = {
  id: 'cold-start',
  title: 'cold start while the endpoint is down: requests in 3 s, and the error',
  bar: `at most ${COLD_REQUESTS}, 503 with Retry-After`,
  async measure(stage) {
    const next = inTurn(tokensOf(signingKey('key-1'), stage.issuer, 64))
    await stage.endpoint.set({ answer: 'reset' })
    const verify = stage.start()
    let outcomes: readonly Outcome[] = []
    const requests = await requestsDuring(stage, async () => {
      outcomes = await stream(verify, next, { everyMs: 5, forMs: COLD_MS })
    })
    const answers = outcomes.map(({ error }) => statusOf(error))
    const odd = answers.find(({ status, retryAfterSec }) => status !== 503 || !retryAfterSec)
    const { status, retryAfterSec } = odd ?? answers[0] ?? {}
    const shown = status === undefined ? 'no status' : `${status}${retryAfterSec ? ' with Retry-After' : ''}`
    return {
      text: `${requests.toLocaleString('en')}, ${shown}`,
      meets: requests <= COLD_REQUESTS && odd === undefined,
    }
  },
}

/** What an error says an HTTP API should answer. */
function statusOf(error: unknown): { status: number | undefined; retryAfterSec: number | undefined } {
  const { status, statusCode, retryAfterSec } = (error ?? {}) as Record<string, unknown>
  const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
  return { status: number(status) ?? number(statusCode), retryAfterSec: number(retryAfterSec) }
}
