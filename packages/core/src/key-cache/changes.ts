import type { UnplacedEvent } from '../events.ts'
import type { KeySet } from '../key-set.ts'

/** What a new set changes: keys added and removed, and, an alarm, other material under a `kid` that was held. */
export function setChanges(before: KeySet, after: KeySet): UnplacedEvent[] {
  const events: UnplacedEvent[] = []
  const added = namesNotIn(after, before)
  const removed = namesNotIn(before, after)
  if (added.length > 0 || removed.length > 0) events.push({ type: 'rotated', added, removed })
  for (const [kid, keys] of after.byKid) {
    const material = new Set(before.byKid.get(kid)?.map(({ jwk }) => JSON.stringify(jwk)))
    if (material.size > 0 && !keys.some(({ jwk }) => material.has(JSON.stringify(jwk))))
      events.push({ type: 'key-changed', kid })
  }
  return events
}

function namesNotIn(set: KeySet, other: KeySet): string[] {
  return [...set.byKid.keys()].filter((kid) => !other.byKid.has(kid))
}
