import { type CheckFailure, failure } from './check-failure.ts'
import { type KeyNeed, type KeySet, unfitness } from './key-set.ts'
import { oneOf, printable } from './printable.ts'

/** The refusal of a token whose key is not there: which key it names, which there are, and what is wrong with the nearest. */
export function missingKey(need: KeyNeed, set: KeySet | undefined): CheckFailure {
  const { kid, alg } = need
  const expected = `${kid === undefined ? '' : `"kid" `}${heldKeys(set)}`
  const found = kid === undefined ? `no "kid", and no key that fits ${alg}` : `${printable(kid)}${whyNot(need, set)}`
  return failure('KEY_NOT_FOUND', 'kid', expected, found)
}

function heldKeys(set: KeySet | undefined): string {
  const kids = [...(set?.byKid.keys() ?? [])]
  if (kids.length > 0) return oneOf(kids)
  return set && set.keys.length > 0 ? 'absent, as the published keys have none' : 'of a published key'
}

function whyNot(need: KeyNeed, set: KeySet | undefined): string {
  const [named] = set?.byKid.get(need.kid ?? '') ?? (set?.anyKid ? set.unnamed : [])
  if (named) return `, which ${unfitness(named, need)}`
  const skipped = set?.skipped.find(({ kid }) => kid !== undefined && kid === need.kid)
  if (skipped) return `, which is published but ${skipped.reason}`
  return set?.byKid.size ? ', which is not published, or no longer' : ''
}
