import { MAX_TRIES } from '../key-set.ts'
import type { Inquiry, KeyAnswer, KeyStore } from './key-store.ts'

/** How the answers of several sources become one. */
export type Combination = 'first-of' | 'merge'

/** The store of a combined source, over those of its members. */
export function combinedStore(kind: Combination, stores: readonly KeyStore[]): KeyStore {
  return {
    holds: (inquiry) => stores.some((store) => store.holds(inquiry)),
    knows: (inquiry) => stores.some((store) => store.knows(inquiry)),
    isFailing: () => stores.every((store) => store.isFailing()),
    nudge(inquiry) {
      for (const store of stores) store.nudge(inquiry)
    },
    ask: (inquiry) => (kind === 'merge' ? askAll : askInOrder)(stores, inquiry),
    async ready() {
      const results = await Promise.allSettled(stores.map((store) => store.ready()))
      const failures = results.filter((result) => result.status === 'rejected')
      // A fallback is there so that one that fails does no harm; so is the other half of a merged set.
      if (failures.length === stores.length) throw failures[0]?.reason
    },
    snapshot: () => stores.flatMap((store) => store.snapshot()),
    inspect: (inquiry) => stores.flatMap((store) => store.inspect(inquiry)),
    status: () => stores.flatMap((store) => store.status()),
    close() {
      for (const store of stores) store.close()
    },
  }
}

/** The first that holds something usable answers. One that is known to fail is tried on the side, and holds nobody up. */
function askInOrder(stores: readonly KeyStore[], inquiry: Inquiry): KeyAnswer {
  let answer: KeyAnswer | undefined
  for (const [index, store] of stores.entries()) {
    if (store.holds(inquiry)) return store.ask(inquiry)
    const fallback = stores.slice(index + 1).some((later) => later.holds(inquiry))
    if (fallback && store.isFailing()) store.nudge(inquiry)
    else {
      answer = store.ask(inquiry)
      if ('wait' in answer || 'keys' in answer) return answer
    }
  }
  return answer ?? { missing: undefined, source: 'firstOf' }
}

/** Whoever has the key answers. Only where nobody has it are all asked, and the first to end its wait may settle it. */
function askAll(stores: readonly KeyStore[], inquiry: Inquiry): KeyAnswer {
  const knowing = stores.filter((store) => store.knows(inquiry))
  const answers = (knowing.length > 0 ? knowing : stores).map((store) => store.ask(inquiry))
  const found = answers.filter((answer) => 'keys' in answer)
  const keys = found.flatMap((answer) => answer.keys).slice(0, MAX_TRIES)
  if (found[0] && keys.length > 0) return { keys, set: found[0].set }
  const waits = answers.filter((answer) => 'wait' in answer).map((answer) => answer.wait)
  if (waits.length > 0) return { wait: Promise.race(waits) }
  return answers.find((answer) => 'unavailable' in answer) ?? answers[0] ?? { missing: undefined, source: 'merge' }
}
