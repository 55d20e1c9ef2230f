import type { KeySource } from '../key-source.ts'
import type { KeyStore } from './key-store.ts'

// Registered, so that two copies of this package know each other's combinations: `KeyStore` is a contract between them.
export const OWN_STORE: unique symbol = Symbol.for('@keysource/core.own-store')

/** A source that is no single one, and brings what makes its store: whoever combines none does not load how it is done. */
export interface SourceWithStore extends KeySource {
  readonly [OWN_STORE]: (storeOf: (member: KeySource) => KeyStore) => KeyStore
}

/** The store of a source: the one that it brings, or else a cache around it. */
export function storeFor(source: KeySource, cacheAround: (source: KeySource) => KeyStore): KeyStore {
  const own = (source as Partial<SourceWithStore>)[OWN_STORE]
  return own ? own((member) => storeFor(member, cacheAround)) : cacheAround(source)
}
