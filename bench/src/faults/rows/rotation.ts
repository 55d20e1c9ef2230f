import { acceptedShare, duration, percent } from '../figures.ts'
import { signingKey, tokensOf } from '../issuer.ts'
import { inTurn, stream } from '../load.ts'
import { LIFETIME_MS } from '../subjects/subject.ts'
import { type Row, warmStage } from './row.ts'

/** The issuer signs with a new key a moment after its keys were loaded. */
export const rotation: Row = {
  id: 'rotation',
  title: 'tokens of a new key right after a rotation',
  bar: '100 %',
  async measure(stage) {
    const fresh = signingKey('key-2')
    const next = inTurn(tokensOf(fresh, stage.issuer, 64))
    const { keys, verify } = await warmStage(stage)
    await stage.endpoint.set({ keys: [...keys, fresh].map(({ jwk }) => jwk) })
    const share = acceptedShare(await stream(verify, next, { everyMs: 5, forMs: 1500 }))
    return { text: `${percent(share)} accepted`, meets: share === 1 }
  },
}

const WATCHED_MS = 5000
const ONE_REQUEST_MS = 250

/** One of two keys is taken back. Tokens of both keep coming. */
export const withdrawal: Row = {
  id: 'withdrawal',
  title: 'a key is withdrawn: still accepted for',
  bar: 'the lifetime (2 s) + one request',
  async measure(stage) {
    const { keys, verify, token } = await warmStage(stage, ['key-1', 'key-2'])
    await stage.endpoint.set({ keys: keys.slice(1).map(({ jwk }) => jwk) })
    const load = { everyMs: 10, forMs: WATCHED_MS }
    const [withdrawn, good] = await Promise.all([
      stream(verify, () => token(0), load),
      stream(verify, () => token(1), load),
    ])
    const last = withdrawn.findLast(({ verdict }) => verdict === 'accepted')
    const lastMs = last ? last.at + last.ms : 0
    const share = acceptedShare(good)
    const forHowLong = lastMs > WATCHED_MS - 100 ? `still accepted after ${duration(WATCHED_MS)}` : duration(lastMs)
    return {
      text: share === 1 ? forHowLong : `${forHowLong}; ${percent(share)} of the other key's`,
      meets: lastMs <= LIFETIME_MS + ONE_REQUEST_MS && share === 1,
    }
  },
}
