import { acceptedShare, duration, percent } from '../figures.ts'
import { forgedToken, signingKey, tokensOf } from '../issuer.ts'
import { inTurn, stream } from '../load.ts'
import { COOLDOWN_MS } from '../subjects/subject.ts'
import { type Row, requestsDuring, warmStage } from './row.ts'

/** A thousand forged tokens a second, each with a `kid` of its own. */
const FORGED_EVERY_MS = 1
const FLOOD_AHEAD_MS = 1000
const WATCHED_MS = 4500
const COUNTED_MS = 3000
const BURST = 2
const ONE_REQUEST_MS = 250

/** A new key appears while strangers ask for keys that do not exist. */
export const rotationInFlood: Row = {
  id: 'rotation-in-flood',
  title: 'rotation during a flood of forged `kid`s',
  bar: 'within one cooldown (1 s), then 100 %',
  alone: true,
  async measure(stage) {
    const fresh = signingKey('key-2')
    const next = inTurn(tokensOf(fresh, stage.issuer, 64))
    const { keys, verify } = await warmStage(stage)
    const flood = stream(verify, () => forgedToken(stage.issuer), {
      everyMs: FORGED_EVERY_MS,
      forMs: FLOOD_AHEAD_MS + WATCHED_MS,
    })
    await new Promise((resolve) => setTimeout(resolve, FLOOD_AHEAD_MS))
    await stage.endpoint.set({ keys: [...keys, fresh].map(({ jwk }) => jwk) })
    const outcomes = await stream(verify, next, { everyMs: 10, forMs: WATCHED_MS })
    const forged = acceptedShare(await flood)
    const first = outcomes.findIndex(({ verdict }) => verdict === 'accepted')
    const since = outcomes[first]
    if (!since) return { text: `never in ${duration(WATCHED_MS)}`, meets: false }
    const afterMs = since.at + since.ms
    const share = acceptedShare(outcomes.slice(first))
    return {
      text: `after ${duration(afterMs)}, then ${percent(share)}`,
      meets: afterMs <= COOLDOWN_MS + ONE_REQUEST_MS && share === 1 && forged === 0,
    }
  },
}

/** What the same flood costs the provider. */
export const requestsInFlood: Row = {
  id: 'requests-in-flood',
  title: 'requests in 3 s of that flood',
  bar: `at most ${BURST + COUNTED_MS / COOLDOWN_MS} (burst + time / cooldown)`,
  alone: true,
  async measure(stage) {
    const { verify } = await warmStage(stage)
    const forged = (): string => forgedToken(stage.issuer)
    const requests = await requestsDuring(stage, () =>
      stream(verify, forged, { everyMs: FORGED_EVERY_MS, forMs: COUNTED_MS }),
    )
    return { text: requests.toLocaleString('en'), meets: requests <= BURST + COUNTED_MS / COOLDOWN_MS }
  },
}

const STRANGERS = 200

/** Tokens of issuers that were never configured, at a verifier that was just started. */
export const unknownIssuers: Row = {
  id: 'unknown-issuers',
  title: '200 tokens of unknown issuers: requests',
  bar: '0',
  async measure(stage) {
    await stage.endpoint.set({ keys: [signingKey('key-1').jwk], answer: 'keys' })
    const verify = stage.start()
    let stranger = 0
    const next = (): string => forgedToken(`https://stranger-${stranger++}.example`)
    const requests = await requestsDuring(stage, () => stream(verify, next, { everyMs: 2, forMs: STRANGERS * 2 }))
    return { text: requests.toLocaleString('en'), meets: requests === 0 }
  },
}
