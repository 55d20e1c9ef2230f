import type { Provider, Verifier, VerifierOptions } from '../src/index.ts'
import type { SignatureEngine } from '../src/signature/engine.ts'
import { engine as nodeEngine } from '../src/signature/node.ts'
import { engine as webEngine } from '../src/signature/web.ts'
import { verifierOn } from '../src/verifier.ts'
import { CLAIMS, manualClock, part } from '../test/loopback-issuer.ts'
import { verdictOn } from './attack-table.ts'

const ENGINES: Readonly<Record<'node' | 'web', SignatureEngine>> = { node: nodeEngine, web: webEngine }

/** What a vector has signed: the header of its JWS, the bytes of its signature, and the text under it. */
export interface SignedMessage {
  /** Base64url, as it came. */
  readonly header: string
  /** Base64url, as it came. */
  readonly signature: string
  /** What the signature is over, in ASCII. */
  readonly message: string
}

/** Says what becomes of a signature over any message. */
export type MessageVerifier = (signed: SignedMessage) => Promise<string>

/**
 * Vectors sign messages such as `foo`, which no token can hold. Here a token with the vector's header and signature goes the
 * whole way of a verifier (header, choice of the key, length, claims), and at the last step, in the engine, the vector's
 * message stands where the token's own text would: all but the text is as a user has it.
 */
export function messageVerifier(
  engineName: 'node' | 'web',
  options: VerifierOptions<readonly Provider[]>,
): MessageVerifier {
  const engine = ENGINES[engineName]
  const messages = new Map<string, string>()
  const verifier: Verifier = verifierOn({
    ...engine,
    verify: (key, signingInput, signature) => engine.verify(key, messages.get(signingInput) ?? '', signature),
  })({ clock: manualClock(), ...options })
  return ({ header, signature, message }) => {
    const signingInput = `${header}.${part({ ...CLAIMS, message })}`
    messages.set(signingInput, message)
    return verdictOn(() => verifier.verify(`${signingInput}.${signature}`))
  }
}
