import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { isKeysourceError, type KeysourceError, type Verifier } from '@keysource/core'
import type { Random } from '../random.ts'
import type { HeldKeys } from './held.ts'
import type { IssuerKey, IssuerUnderTest } from './issuer-under-test.ts'
import type { Ledger } from './ledger.ts'

/** What all clients share. */
export interface Clients {
  readonly verifier: Verifier
  readonly issuers: readonly IssuerUnderTest[]
  readonly held: HeldKeys
  readonly ledger: Ledger
  readonly forge: () => string
  readonly random: Random
}

/** So many tokens of held keys are under way at every moment. */
const IN_FLIGHT = 100
/** Beside them: forged tokens, and good ones of keys that are held or not. They may wait long, so they are not of the hundred. */
const STRANGERS = 20
/** After so many tokens a client lets the event loop turn, should no verification have done so. */
const BATCH = 16
const STRANGER_PAUSE_MS = 50
const SLOW_MS = 250

/** Sends tokens until the signal, and resolves when the last has its verdict. */
export async function runClients(clients: Clients, signal: AbortSignal): Promise<void> {
  const byKid = new Map(clients.issuers.flatMap(({ keys }) => keys.map((key) => [key.kid, key] as const)))
  const all = [...byKid.values()]
  const regular = async (): Promise<void> => {
    for (let sent = 1; !signal.aborted; sent++) {
      const kids = clients.held.all()
      const key = byKid.get(kids[Math.floor(clients.random.next() * kids.length)] ?? '')
      if (key) await sendGood(clients, key)
      // Hardly ever: a pause after each token would spread them out, and then no two would be under way together.
      if (sent % BATCH === 0) await turn()
    }
  }
  const stranger = async (): Promise<void> => {
    while (!signal.aborted) {
      const key = all[Math.floor(clients.random.next() * all.length)]
      if (clients.random.next() < 0.5) await sendForged(clients)
      else if (key) await sendGood(clients, key)
      await sleep(clients.random.between(0, STRANGER_PAUSE_MS))
    }
  }
  await Promise.all([...Array.from({ length: IN_FLIGHT }, regular), ...Array.from({ length: STRANGERS }, stranger)])
}

async function sendGood({ verifier, held, ledger }: Clients, key: IssuerKey): Promise<void> {
  const { kid } = key
  const wasHeld = held.has(kid)
  const changes = held.changes(kid)
  const start = performance.now()
  const error = await failureOf(verifier, key.token())
  const ms = performance.now() - start
  if (error) checkError(ledger, error)
  if (held.changes(kid) !== changes) return ledger.passing(!error)
  if (!wasHeld) {
    if (!error) ledger.broken('withdrawn-accepted', `${kid} after ${ms.toFixed(1)} ms`)
    return ledger.passing(!error)
  }
  ledger.held(ms)
  if (error) ledger.broken('held-refused', `${kid}: ${described(error)}`)
  if (ms > SLOW_MS) ledger.broken('held-slow', `${kid}: ${ms.toFixed(0)} ms`)
}

async function sendForged({ verifier, ledger, forge }: Clients): Promise<void> {
  const jwt = forge()
  const error = await failureOf(verifier, jwt)
  ledger.forged()
  if (error) checkError(ledger, error)
  else ledger.broken('forged-accepted', jwt)
}

function checkError(ledger: Ledger, error: unknown): void {
  const { kind } = error as Partial<KeysourceError>
  if (!isKeysourceError(error) || (kind !== 'token' && kind !== 'keys'))
    ledger.broken('foreign-error', described(error))
}

async function failureOf(verifier: Verifier, jwt: string): Promise<unknown> {
  try {
    await verifier.verify(jwt)
    return undefined
  } catch (error) {
    return error
  }
}

function described(error: unknown): string {
  return isKeysourceError(error) ? `${error.code} ${error.message}` : String(error)
}
