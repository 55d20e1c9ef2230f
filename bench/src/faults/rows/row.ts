import type { EndpointControl } from '../control.ts'
import { type SigningKey, signingKey, tokensOf } from '../issuer.ts'
import { inTurn, once } from '../load.ts'
import type { Verify } from '../subjects/subject.ts'

/** A fault, and what becomes of tokens during it. */
export interface Row {
  /** Names it on the command line. */
  readonly id: string
  /** What happens, for the first column. */
  readonly title: string
  /** What Keysource is held to, for the last. */
  readonly bar: string
  /** Set where times, memory or a flood is measured: nothing else runs beside it. */
  readonly alone?: boolean
  measure(stage: Stage): Promise<Finding>
}

/** What one library did. */
export interface Finding {
  readonly text: string
  /** Whether it is within Keysource's bar. */
  readonly meets: boolean
}

/** Where a row is played: a library, and an issuer of its own at the endpoint. */
export interface Stage {
  readonly issuer: string
  readonly endpoint: EndpointControl
  /** A verifier with nothing in its cache. */
  start(): Verify
}

/** A stage on which the library holds the keys. */
export interface WarmStage {
  readonly keys: readonly SigningKey[]
  readonly verify: Verify
  /** Good tokens of the key at this place, in turn. */
  token(key?: number): string
}

const TOKENS = 64

/** Publishes keys and has the library verify a token of each. Ends when that is done, so that the keys were just loaded. */
export async function warmStage(stage: Stage, kids: readonly string[] = ['key-1']): Promise<WarmStage> {
  const keys = kids.map(signingKey)
  const tokens = keys.map((key) => inTurn(tokensOf(key, stage.issuer, TOKENS)))
  const token = (key = 0): string => tokens[key]?.() ?? ''
  await stage.endpoint.set({ keys: keys.map(({ jwk }) => jwk), answer: 'keys' })
  const verify = stage.start()
  for (const at of keys.keys()) {
    const { verdict, error } = await once(verify, token(at))
    if (verdict !== 'accepted') throw new Error(`a good token, a healthy endpoint, and yet: ${error ?? verdict}`)
  }
  return { keys, verify, token }
}

/** How many requests the endpoint received meanwhile. */
export async function requestsDuring(stage: Stage, work: () => Promise<unknown>): Promise<number> {
  const before = await stage.endpoint.counts()
  await work()
  const after = await stage.endpoint.counts()
  return after.requests - before.requests
}
