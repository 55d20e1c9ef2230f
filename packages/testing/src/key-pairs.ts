import { AsyncLocalStorage } from 'node:async_hooks'
import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Algorithm } from '@keysource/core'

/** A private key and its public one. */
export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Key pairs by kind and number, each made when it is first asked for. */
export interface KeyPairs {
  at(alg: Algorithm, index: number): Promise<KeyPair>
}

const shared = new AsyncLocalStorage<KeyPairs>()

/** A store of key pairs of its own: nothing is shared with another one. */
export function keyPairs(): KeyPairs {
  const made = new Map<string, Map<number, Promise<KeyPair>>>()
  return {
    at(alg, index) {
      const kind = keyKind(alg)
      const pairs = made.get(kind) ?? new Map<number, Promise<KeyPair>>()
      const pair = pairs.get(index) ?? generate(kind)
      made.set(kind, pairs.set(index, pair))
      return pair
    },
  }
}

/**
 * Every stand-in that is started within `run` draws its keys from `pairs`. An RSA pair takes a quarter of a second to
 * make: a suite that starts a stand-in for each of forty tests would spend its time on nothing else. Two such stand-ins
 * have the same keys, under other `kid`s: do not compose them in one verifier.
 *
 * @example
 * ```ts
 * const pairs = keyPairs()
 * const standIn = await withKeyPairs(pairs, () => startCognito())
 * ```
 */
export function withKeyPairs<T>(pairs: KeyPairs, run: () => T): T {
  return shared.run(pairs, run)
}

/** The key pairs for a stand-in that starts here: those of the suite around it, else new ones. */
export function keyPairsHere(): KeyPairs {
  return shared.getStore() ?? keyPairs()
}

const promised = promisify(generateKeyPair)

const CURVES: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** `rsa`, `ed25519` or the name of a curve: RS256 and PS512 sign with one kind of key. */
function keyKind(alg: Algorithm): string {
  return CURVES[alg] ?? (alg === 'EdDSA' || alg === 'Ed25519' ? 'ed25519' : 'rsa')
}

function generate(kind: string): Promise<KeyPair> {
  if (kind === 'rsa') return promised('rsa', { modulusLength: 2048 })
  if (kind === 'ed25519') return promised('ed25519')
  return promised('ec', { namedCurve: kind })
}
