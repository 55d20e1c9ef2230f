import type { ComposedProvider } from './composition.ts'
import type { Inquiry } from './key-cache/key-store.ts'
import type { VerificationKey } from './key-set.ts'
import { numberWithin, type OptionRule, optional } from './options.ts'
import type { VerifiedToken } from './verified-token.ts'

/** Verified tokens that are kept, so that a token which comes again costs a look-up. Off unless asked for. */
export interface TokenCacheOptions {
  /** How many tokens, at most. */
  readonly max: number
  /** How many bytes they may take, roughly. Default 16,777,216 (16 MiB). */
  readonly maxBytes?: number | undefined
}

/** What a token cache is made of. */
export const tokenCacheRules: Readonly<Record<keyof TokenCacheOptions, OptionRule>> = {
  max: numberWithin(2, 10_000_000, 'tokens'),
  maxBytes: optional(numberWithin(1, 2 ** 40, 'bytes')),
}

const DEFAULT_MAX_BYTES = 16_777_216

/** A token that was verified, and what has to hold still when it comes again. */
export interface RememberedToken {
  readonly token: VerifiedToken
  /** The key that its signature was verified with: gone from the set, it takes the token with it. */
  readonly key: VerificationKey
  readonly composed: ComposedProvider
  readonly inquiry: Inquiry
  /** The times on the wall clock, in seconds, between which the token is as good as it was. */
  readonly from: number
  readonly until: number
}

/** Tokens by their whole text. */
export interface TokenCache {
  get(jwt: string): RememberedToken | undefined
  set(jwt: string, remembered: RememberedToken): void
  delete(jwt: string): void
}

// A signature's last characters are as good as random: they find a token, and the whole text then decides.
const NAME_LENGTH = 32

interface Entry {
  readonly jwt: string
  readonly remembered: RememberedToken
}

/**
 * Two generations of tokens: when the younger is full, the older is dropped whole. A token that is used moves to the
 * younger, so that what is dropped was not used for a while, and a hit costs no bookkeeping.
 */
export function tokenCache({ max, maxBytes = DEFAULT_MAX_BYTES }: TokenCacheOptions): TokenCache {
  let younger = new Map<string, Entry>()
  let older = new Map<string, Entry>()
  let bytes = 0

  function keep(name: string, entry: Entry): void {
    const size = sizeOf(entry.jwt)
    if ((younger.size + 1) * 2 > max || (bytes + size) * 2 > maxBytes) {
      older = younger
      younger = new Map()
      bytes = 0
    }
    if (size * 2 > maxBytes) return
    forget(younger, name)
    bytes += size
    younger.set(name, entry)
  }

  function forget(generation: Map<string, Entry>, name: string): void {
    const entry = generation.get(name)
    if (entry && generation === younger) bytes -= sizeOf(entry.jwt)
    generation.delete(name)
  }

  return {
    get(jwt) {
      const name = jwt.slice(-NAME_LENGTH)
      const young = younger.get(name)
      if (young) return young.jwt === jwt ? young.remembered : undefined
      const old = older.get(name)
      if (old?.jwt !== jwt) return undefined
      older.delete(name)
      keep(name, old)
      return old.remembered
    },
    set: (jwt, remembered) => keep(jwt.slice(-NAME_LENGTH), { jwt, remembered }),
    delete(jwt) {
      const name = jwt.slice(-NAME_LENGTH)
      for (const generation of [younger, older]) if (generation.get(name)?.jwt === jwt) forget(generation, name)
    },
  }
}

// The text, and the claims that were made from it: measured, they take two to four bytes a character.
function sizeOf(jwt: string): number {
  return jwt.length * 4
}

/** Freezes a token with everything in it: callers share it. Without recursion, as claims may be deep. */
export function frozen(token: VerifiedToken): VerifiedToken {
  const rest: unknown[] = [token]
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) continue
    Object.freeze(value)
    for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) rest.push(member)
  }
  return token
}
