import { type KeyNeed, type KeySet, keyKind, selectKeys, unfitness, type VerificationKey } from '../key-set.ts'
import { printable } from '../printable.ts'
import type { InspectedKey } from './key-store.ts'

/** Every key of a set, and why it is not the one for a token, where it is not. */
export function inspectKeys(set: KeySet, need: KeyNeed, source: string): readonly InspectedKey[] {
  const chosen = new Set(selectKeys(set, need))
  const keys = set.keys.map((key) => {
    const fits = chosen.has(key)
    const shown = { source, kid: key.kid, alg: key.alg, kind: keyKind(key.jwk), fits }
    return fits ? shown : { ...shown, reason: reasonFor(key, need) }
  })
  const skipped = set.skipped.map(({ kid, reason }) => ({
    source,
    kid,
    alg: undefined,
    kind: undefined,
    fits: false,
    reason,
  }))
  return [...keys, ...skipped]
}

function reasonFor(key: VerificationKey, need: KeyNeed): string {
  const unfit = unfitness(key, need)
  if (unfit !== undefined) return unfit
  if (need.kid === undefined) return 'is beyond the keys that are tried for a token without a kid'
  return key.kid === undefined ? 'has no kid, and the token names one' : `has another kid than ${printable(need.kid)}`
}
