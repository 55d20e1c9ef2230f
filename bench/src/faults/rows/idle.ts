import { setTimeout as sleep } from 'node:timers/promises'
import { acceptedShare, duration, percent, slowest } from '../figures.ts'
import { tokensOf } from '../issuer.ts'
import { together } from '../load.ts'
import { LIFETIME_MS } from '../subjects/subject.ts'
import { type Row, warmStage } from './row.ts'

const IDLE_MS = LIFETIME_MS + 500
const CROWD = 200
const CROWD_P99_MS = 150

/** A crowd at a process that slept past the lifetime of its keys. */
export const idleCrowd: Row = {
  id: 'idle-crowd',
  title: '200 tokens at once after an idle time longer than the lifetime, endpoint slow',
  bar: `p99 under ${CROWD_P99_MS} ms`,
  alone: true,
  async measure(stage) {
    const { keys, verify } = await warmStage(stage)
    const tokens = keys.flatMap((key) => tokensOf(key, stage.issuer, CROWD))
    await stage.endpoint.set({ answer: 'slow' })
    await sleep(IDLE_MS)
    const outcomes = await together(verify, tokens)
    const share = acceptedShare(outcomes)
    const p99 = slowest(outcomes, 0.99)
    const losses = share === 1 ? '' : `, ${percent(share)} accepted`
    return { text: `p99 ${duration(p99)}${losses}`, meets: share === 1 && p99 < CROWD_P99_MS }
  },
}

/** What was withdrawn while the process slept must not pass when it wakes. */
export const idleWithdrawal: Row = {
  id: 'idle-withdrawal',
  title: 'the key is withdrawn in that idle time, endpoint quick',
  bar: 'refused',
  alone: true,
  async measure(stage) {
    const { keys, verify } = await warmStage(stage, ['key-1', 'key-2'])
    const [withdrawn] = keys
    const tokens = withdrawn ? tokensOf(withdrawn, stage.issuer, 20) : []
    await stage.endpoint.set({ keys: keys.slice(1).map(({ jwk }) => jwk) })
    await sleep(IDLE_MS)
    const share = acceptedShare(await together(verify, tokens))
    const text = share === 0 ? 'refused' : share === 1 ? 'accepted' : `${percent(share)} accepted`
    return { text, meets: share === 0 }
  },
}
