import { ConfigError } from '../errors.ts'
import { type Combination, combinedStore } from '../key-cache/combined.ts'
import type { KeyStore } from '../key-cache/key-store.ts'
import { OWN_STORE, type SourceWithStore } from '../key-cache/own-store.ts'
import type { KeySource, LoadContext, LoadedKeys } from '../key-source.ts'
import { isKeySource } from '../provider.ts'

/**
 * Fallback, in order: a later source serves only while the earlier ones hold nothing usable, and never counts as their
 * success, so they are tried again as if it were not there.
 *
 * @throws `CONFIG_INVALID` for fewer than two sources
 *
 * @example
 * ```ts
 * firstOf(remoteJwks('https://id.example.com/keys'), jwksFile('/etc/keysource/id.example.com.json'))
 * ```
 */
export function firstOf(...members: readonly KeySource[]): KeySource {
  return combine('first-of', members)
}

/**
 * The keys of several sources together, for an issuer that publishes in more than one place. A source that fails takes
 * nothing from the others.
 *
 * @throws `CONFIG_INVALID` for fewer than two sources
 */
export function merge(...members: readonly KeySource[]): KeySource {
  return combine('merge', members)
}

function combine(kind: Combination, members: readonly KeySource[]): SourceWithStore {
  const name = kind === 'merge' ? 'merge' : 'firstOf'
  if (members.length < 2 || !members.every(isKeySource)) {
    const message = `${name}: expected two or more key sources, got ${members.length} arguments`
    throw new ConfigError('CONFIG_INVALID', message, { subject: name, expected: 'two or more key sources' })
  }
  return Object.freeze({
    id: `${name}(${members.map(({ id }) => id).join(' ')})`,
    // Each member keeps a key cache of its own.
    [OWN_STORE]: (storeOf: (member: KeySource) => KeyStore) => combinedStore(kind, members.map(storeOf)),
    load: (context: LoadContext): Promise<LoadedKeys> => (kind === 'merge' ? loadAll : loadFirst)(members, context),
  })
}

// A verifier gives each member a cache of its own and never comes here; whoever wraps a combination in a source of theirs does.
async function loadFirst(members: readonly KeySource[], context: LoadContext): Promise<LoadedKeys> {
  const errors: unknown[] = []
  for (const member of members) {
    try {
      return await member.load(context)
    } catch (error) {
      errors.push(error)
    }
  }
  throw new AggregateError(errors, 'every source failed')
}

async function loadAll(members: readonly KeySource[], context: LoadContext): Promise<LoadedKeys> {
  const results = await Promise.allSettled(members.map((member) => member.load(context)))
  const loaded = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value)
  if (loaded.length > 0) return { jwks: { keys: loaded.flatMap(({ jwks }) => jwks.keys) } }
  throw new AggregateError(
    results.map((result) => (result as PromiseRejectedResult).reason),
    'every source failed',
  )
}
