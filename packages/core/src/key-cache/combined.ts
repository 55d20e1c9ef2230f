import { MAX_TRIES } from '../key-set.ts'
import type { KeySource } from '../key-source.ts'
import { type Combination, combinationOf } from '../sources/combine.ts'
import { keyCache } from './cache.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { Inquiry, KeyAnswer, KeyStore } from './key-store.ts'

/** The store for a source: a cache, or one a leaf for sources that are combined. */
export function keyStore(source: KeySource, provider: string, settings: CacheSettings): KeyStore {
  const combination = combinationOf(source)
  if (!combination) return keyCache(source, provider, settings)
  return combined(combination, provider, settings)
}

function combined({ kind, members }: Combination, provider: string, settings: CacheSettings): KeyStore {
  const stores = members.map((member) => keyStore(member, provider, settings))
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
