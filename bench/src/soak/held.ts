import type { VerifierEvent } from '@keysource/core'

/** Which keys a verifier holds, told by its events alone. */
export interface HeldKeys {
  readonly onEvent: (event: VerifierEvent) => void
  /** Said of the first set, which comes without an event of its own for each key. */
  start(kids: Iterable<string>): void
  has(kid: string): boolean
  /** Grows each time that the key comes or goes. */
  changes(kid: string): number
  /** All, for the choice of a token. */
  all(): readonly string[]
}

/** Follows the events of a verifier. */
export function heldKeys(): HeldKeys {
  const held = new Set<string>()
  const changes = new Map<string, number>()
  let list: readonly string[] = []

  function changed(kid: string): void {
    changes.set(kid, (changes.get(kid) ?? 0) + 1)
    list = [...held]
  }

  function add(kid: string): void {
    held.add(kid)
    changed(kid)
  }

  return {
    onEvent(event) {
      if (event.type !== 'rotated') return
      for (const kid of event.removed) {
        held.delete(kid)
        changed(kid)
      }
      for (const kid of event.added) add(kid)
    },
    start(kids) {
      for (const kid of kids) add(kid)
    },
    has: (kid) => held.has(kid),
    changes: (kid) => changes.get(kid) ?? 0,
    all: () => list,
  }
}
