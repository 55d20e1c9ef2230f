import { setTimeout as sleep } from 'node:timers/promises'
import type { Verify } from './subjects/subject.ts'

/** What became of one token. */
export interface Outcome {
  /** When it was due, in milliseconds after the load began. */
  readonly at: number
  /** From when it was due to its verdict: a verifier that holds the event loop delays those behind it, and that counts. */
  readonly ms: number
  readonly verdict: 'accepted' | 'refused' | 'unanswered'
  readonly error: unknown
}

/** An even stream of tokens, which does not wait for verdicts: as requests reach a server. */
export interface Stream {
  readonly everyMs: number
  readonly forMs: number
  /** How long a verdict is waited for. */
  readonly patienceMs?: number
}

const PATIENCE_MS = 8000

/** Sends a stream of tokens, and resolves with all verdicts. */
export async function stream(
  verify: Verify,
  next: () => string,
  { everyMs, forMs, patienceMs }: Stream,
): Promise<Outcome[]> {
  const start = performance.now()
  const outcomes: Promise<Outcome>[] = []
  const count = Math.floor(forMs / everyMs)
  while (outcomes.length < count) {
    const due = start + outcomes.length * everyMs
    const now = performance.now()
    if (due > now) await sleep(due - now)
    else outcomes.push(outcome(verify, next(), start, due, patienceMs ?? PATIENCE_MS))
  }
  return Promise.all(outcomes)
}

/** Sends tokens at one moment. */
export function together(verify: Verify, tokens: readonly string[]): Promise<Outcome[]> {
  const start = performance.now()
  return Promise.all(tokens.map((jwt) => outcome(verify, jwt, start, start, PATIENCE_MS)))
}

/** Sends one token. */
export async function once(verify: Verify, jwt: string, patienceMs: number = PATIENCE_MS): Promise<Outcome> {
  const start = performance.now()
  return outcome(verify, jwt, start, start, patienceMs)
}

/** Takes the tokens in turn, over and over. */
export function inTurn(tokens: readonly string[]): () => string {
  let next = 0
  return () => tokens[next++ % tokens.length] ?? ''
}

async function outcome(verify: Verify, jwt: string, start: number, due: number, patienceMs: number): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<'unanswered'>((resolve) => {
    timer = setTimeout(resolve, patienceMs, 'unanswered')
  })
  const at = due - start
  try {
    const first = await Promise.race([verify(jwt).then(() => 'accepted' as const), over])
    return { at, ms: performance.now() - due, verdict: first, error: undefined }
  } catch (error) {
    return { at, ms: performance.now() - due, verdict: 'refused', error }
  } finally {
    clearTimeout(timer)
  }
}
