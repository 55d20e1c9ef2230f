import type { KeySet } from '../key-set.ts'
import type { LoadedKeys } from '../key-source.ts'
import { type FreshnessOptions, freshness, type Instant, type Lease } from './state.ts'

/** Keys that are held, and since when. */
export interface Held {
  readonly loaded: LoadedKeys
  readonly set: KeySet
  readonly lease: Lease
}

/** The whole set stands under this name; keys that come one at a time stand under their own `kid`. */
export const WHOLE: unique symbol = Symbol('the whole set')
/** Where keys are held. */
export type Slot = string | typeof WHOLE

/** What a cache holds. */
export interface HeldKeys {
  /** Of any age. */
  get(slot: Slot): Held | undefined
  /** That an endpoint does not have a key is remembered too, but is worth nothing once it is stale. */
  find(slot: Slot, now: Instant): Held | undefined
  keep(slot: Slot, held: Held): void
  /** Under a slot that is still empty. */
  keepIfNone(slot: Slot, held: Held): void
  entries(): readonly (readonly [Slot, Held])[]
}

/** Holds a set, or single keys: then at most `most` that exist, and as many names of which none does. */
export function heldKeys(options: FreshnessOptions, most: number): HeldKeys {
  const slots = new Map<Slot, Held>()

  function forgetOldest(): void {
    for (const exists of [true, false]) {
      const alike = [...slots].filter(([slot, { set }]) => slot !== WHOLE && set.keys.length > 0 === exists)
      for (const [slot] of alike.slice(0, Math.max(0, alike.length - most))) slots.delete(slot)
    }
  }

  return {
    get: (slot) => slots.get(slot),
    find(slot, now) {
      const held = slots.get(slot)
      return held?.set.keys.length === 0 && freshness(held.lease, options, now) !== 'fresh' ? undefined : held
    },
    keep(slot, held) {
      slots.delete(slot) // the newest stands last
      slots.set(slot, held)
      if (slot !== WHOLE) forgetOldest()
    },
    keepIfNone(slot, held) {
      if (!slots.has(slot)) slots.set(slot, held)
    },
    entries: () => [...slots],
  }
}
