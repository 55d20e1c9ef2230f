// What forged kids leave behind, in a process whose heap is its own.
import { randomBytes } from 'node:crypto'
import { createVerifier, defineProvider, type KeySource, keyEndpoint, remoteJwks, type Verifier } from '@keysource/core'
import { answerToParent, inputFromParent } from '../child-process.ts'
import { endpointControl } from '../faults/control.ts'
import type { EndpointAddress } from '../faults/endpoint.ts'
import { AUDIENCE, forgedToken, signingKey, tokensOf } from '../faults/issuer.ts'
import { issuerOf, jwksUriOf } from '../faults/session.ts'
import { heapAfterCollection } from '../garbage.ts'
import { FORGED, type ForgedKidsInput, type ForgedKidsReport } from './forged-kids.ts'

const KID_CHARACTERS = 200
const AT_ONCE = 100
/** A tenth of the flood, before the heap is first looked at: code is compiled, connections are open. */
const WARM_UP = FORGED / 10
/** Short, so that the flood meets loads as well as the empty bucket. */
const COOLDOWN_MS = 100
const MIB = 1_048_576

answerToParent(await measured(await inputFromParent<ForgedKidsInput & { readonly endpoint: EndpointAddress }>()))

async function measured(input: ForgedKidsInput & { readonly endpoint: EndpointAddress }): Promise<ForgedKidsReport> {
  const session = `forged-${input.source}`
  const issuer = issuerOf(input.endpoint.origin, session)
  const key = signingKey('key-1')
  const control = endpointControl(input.endpoint.control, session)
  await control.set({ keys: [key.jwk], answer: input.source === 'keyEndpoint' ? 'one-key' : 'keys' })
  const verifier = createVerifier({
    providers: [defineProvider({ name: 'acme', issuer, audience: AUDIENCE, keys: sourceOf(input.source, issuer) })],
    cache: { cooldownMs: COOLDOWN_MS },
  })
  const [good = ''] = tokensOf(key, issuer, 1)
  await verifier.verify(good)
  await flood(verifier, issuer, WARM_UP)
  const before = await heapAfterCollection()
  const accepted = await flood(verifier, issuer, FORGED)
  const after = await heapAfterCollection()
  await verifier.verify(good)
  return { growthMiB: (after - before) / MIB, accepted, requests: (await control.counts()).requests }
}

function sourceOf(source: ForgedKidsInput['source'], issuer: string): KeySource {
  if (source === 'remoteJwks') return remoteJwks(jwksUriOf(issuer))
  return keyEndpoint((kid) => `${issuer}/${kid}`, { format: 'jwk', kidPattern: /key-1|[0-9a-f]{200}/ })
}

/** How many were accepted. */
async function flood(verifier: Verifier, issuer: string, count: number): Promise<number> {
  let accepted = 0
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const tokens = Array.from({ length: AT_ONCE }, () =>
      forgedToken(issuer, randomBytes(KID_CHARACTERS / 2).toString('hex')),
    )
    const verdicts = await Promise.allSettled(tokens.map((jwt) => verifier.verify(jwt)))
    accepted += verdicts.filter(({ status }) => status === 'fulfilled').length
  }
  return accepted
}
