// The soak itself, in a process that trusts the endpoint's certificate and whose heap is its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { createVerifier, defineProvider, remoteJwks, type Verifier } from '@keysource/core'
import { answerToParent, inputFromParent } from '../child-process.ts'
import type { EndpointAddress } from '../faults/endpoint.ts'
import { AUDIENCE } from '../faults/issuer.ts'
import { jwksUriOf } from '../faults/session.ts'
import { COOLDOWN_MS, LIFETIME_MS } from '../faults/subjects/subject.ts'
import { heapAfterCollection } from '../garbage.ts'
import { seeded } from '../random.ts'
import { chaos } from './chaos.ts'
import { type Clients, runClients } from './clients.ts'
import { forger } from './forgeries.ts'
import { type HeldKeys, heldKeys } from './held.ts'
import { type IssuerUnderTest, issuerUnderTest } from './issuer-under-test.ts'
import { ledger as openLedger } from './ledger.ts'
import type { SoakPlan, SoakReport } from './soak-report.ts'

const PROVIDERS = 10
const MIB = 1_048_576
/** Until code is compiled and connections are open, the heap grows for good reasons. */
const WARM_UP_SHARE = 0.1
const LONGEST_WARM_UP_S = 30
const RECOVERY_MS = 15_000

answerToParent(await soak(await inputFromParent<SoakPlan & { readonly endpoint: EndpointAddress }>()))

async function soak({
  seconds,
  seed,
  endpoint,
}: SoakPlan & { readonly endpoint: EndpointAddress }): Promise<SoakReport> {
  const issuers = Array.from({ length: PROVIDERS }, (_, at) => issuerUnderTest(endpoint, `soak-${at}`))
  const held = heldKeys()
  const verifier = await startVerifier(issuers, held)
  const random = seeded(seed)
  const ledger = openLedger()
  const clients: Clients = { verifier, issuers, held, ledger, forge: forger(issuers, random), random }

  const stop = new AbortController()
  const troubles = issuers.map((one, at) => chaos(one, seeded(seed + 1 + at), stop.signal, () => ledger.trouble()))
  const warmUpS = Math.min(LONGEST_WARM_UP_S, seconds * WARM_UP_SHARE)
  await runClients(clients, AbortSignal.timeout(warmUpS * 1000))
  const heapBefore = await heapAfterCollection()
  ledger.restart()
  await runClients(clients, AbortSignal.timeout((seconds - warmUpS) * 1000))
  stop.abort()
  await Promise.all(troubles)
  const recovered = await recoveries(verifier, issuers)
  const requests = verifier.status().reduce((sum, provider) => sum + provider.requests, 0)
  const heapGrowthMiB = ((await heapAfterCollection()) - heapBefore) / MIB
  return { ...ledger.report(), requests, heapGrowthMiB, recovered, providers: PROVIDERS }
}

/** All but the lifetime and the cooldown as they are by default. Its first keys come from a healthy endpoint. */
async function startVerifier(issuers: readonly IssuerUnderTest[], held: HeldKeys): Promise<Verifier> {
  for (const { endpoint, keys } of issuers) {
    await endpoint.set({ keys: keys.slice(0, 2).map(({ jwk }) => jwk), answer: 'keys' })
  }
  const verifier = createVerifier({
    providers: issuers.map(({ name, issuer }) =>
      defineProvider({ name, issuer, audience: AUDIENCE, keys: remoteJwks(jwksUriOf(issuer)), algorithms: ['RS256'] }),
    ),
    cache: { ttlMs: LIFETIME_MS, cooldownMs: COOLDOWN_MS },
    onEvent: held.onEvent,
  })
  await verifier.ready()
  held.start(verifier.status().flatMap(({ keys }) => keys.flatMap(({ kid }) => kid ?? [])))
  return verifier
}

/** How many providers verify a new key's token soon after their endpoint is well. */
async function recoveries(verifier: Verifier, issuers: readonly IssuerUnderTest[]): Promise<number> {
  const results = await Promise.all(
    issuers.map(async ({ endpoint, keys }) => {
      await endpoint.set({ keys: keys.map(({ jwk }) => jwk), answer: 'keys' })
      const deadline = performance.now() + RECOVERY_MS
      while (performance.now() < deadline) {
        const verdicts = await Promise.allSettled(keys.map((key) => verifier.verify(key.token())))
        if (verdicts.every(({ status }) => status === 'fulfilled')) return true
        await sleep(100)
      }
      return false
    }),
  )
  return results.filter(Boolean).length
}
