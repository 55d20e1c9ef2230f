// What a thousand providers with four RSA keys each hold, in a process whose heap is its own.
import { createVerifier, defineProvider, type JWK, staticJwks } from '@keysource/core'
import { answerToParent, inputFromParent } from '../child-process.ts'
import { AUDIENCE, signingKey } from '../faults/issuer.ts'
import { heapAfterCollection } from '../garbage.ts'
import type { ProvidersInput, ProvidersReport } from './providers.ts'

const KEY_PAIRS = 8
const MIB = 1_048_576

answerToParent(await measured(await inputFromParent<ProvidersInput>()))

async function measured({ providers, keysEach }: ProvidersInput): Promise<ProvidersReport> {
  const jwks = Array.from({ length: KEY_PAIRS }, (_, at) => JSON.stringify(signingKey(`key-${at}`).jwk))
  const before = await heapAfterCollection()
  const verifier = createVerifier({ providers: Array.from({ length: providers }, (_, at) => tenant(at)) })
  await verifier.ready()
  const after = await heapAfterCollection()
  const held = verifier.status().reduce((sum, { keys }) => sum + keys.length, 0)
  return { growthMiB: (after - before) / MIB, keys: held }

  function tenant(at: number) {
    // Each has texts of its own, as they come out of an answer's JSON.
    const keys = Array.from({ length: keysEach }, (_, key): JWK => JSON.parse(jwks[(at + key) % KEY_PAIRS] ?? ''))
    const [name, issuer] = [`tenant-${at}`, `https://tenant-${at}.acme.example`]
    return defineProvider({ name, issuer, audience: AUDIENCE, algorithms: ['RS256'], keys: staticJwks({ keys }) })
  }
}
