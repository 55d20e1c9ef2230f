import { KeysError } from '../errors.ts'
import type { UnplacedEvent } from '../events.ts'
import { httpClient } from '../http-client.ts'
import { type KeySet, type SkippedKey, screenKeys } from '../key-set.ts'
import type { KeySource, LoadedKeys } from '../key-source.ts'
import { printable } from '../printable.ts'
import type { CacheSettings } from './cache-settings.ts'
import { deadlineOf } from './deadline.ts'
import type { Held } from './held-keys.ts'

/** What one load is made with. */
export interface LoadRequest {
  readonly source: KeySource
  /** The key that a token asks for. */
  readonly kid: string | undefined
  /** What is held in the same place. */
  readonly previous: Held | undefined
  readonly settings: CacheSettings
  /** Ends the load before its time: the verifier was closed, or another load took its place. */
  readonly ending: AbortSignal
  readonly onRequest: () => void
  readonly emit: (event: UnplacedEvent) => void
}

/** One load within its time, and its keys screened. Rejects where it brought no usable key. */
export async function loadKeys(request: LoadRequest): Promise<Omit<Held, 'lease'>> {
  const { source, kid, previous, settings, ending, onRequest } = request
  const deadline = deadlineOf(settings.freshness.timeoutMs, ending)
  const { signal } = deadline
  const context = {
    http: httpClient(settings.http, signal, onRequest),
    signal,
    now: settings.clock.now(),
    ...(kid !== undefined && { kid }),
    ...(previous && { previous: previous.loaded }),
  }
  try {
    const loaded = await Promise.race([source.load(context), deadline.passed])
    return { loaded, set: await screenLoaded(loaded, request) }
  } finally {
    deadline.clear()
  }
}

/** The usable keys of an answer. One that has none is a failure, except that a single key may be gone. */
export async function screenLoaded(
  loaded: LoadedKeys,
  { source, previous, settings, emit }: Pick<LoadRequest, 'source' | 'previous' | 'settings' | 'emit'>,
): Promise<KeySet> {
  if (loaded?.notModified && previous) return previous.set
  const jwks: unknown = loaded?.jwks?.keys
  if (!Array.isArray(jwks)) throw unusable(source, `expected a JWK Set, found ${printable(loaded?.jwks)}`)
  const { engine, maxKeys } = settings
  const set = await screenKeys(engine, { jwks, anyKid: loaded.anyKid === true, maxKeys, previous: previous?.set })
  for (const skipped of set.skipped) {
    if (!previous?.set.skipped.some((one) => isSame(one, skipped))) emit({ type: 'key-skipped', ...skipped })
  }
  const isGone = loaded.partial && jwks.length === 0
  if (set.keys.length > 0 || isGone) return set
  throw unusable(source, `expected at least one usable key, found ${noneOf(set.skipped)}`)
}

function isSame(a: SkippedKey, b: SkippedKey): boolean {
  return a.kid === b.kid && a.reason === b.reason
}

function noneOf([first, ...others]: readonly SkippedKey[]): string {
  if (!first) return 'an empty set'
  const name = first.kid === undefined ? 'without a kid' : printable(first.kid)
  return `none: the key ${name} ${first.reason}${others.length > 0 ? `, and ${others.length} more` : ''}`
}

function unusable({ id }: KeySource, message: string): KeysError {
  return new KeysError('KEYS_UNAVAILABLE', `${id}: ${message}`)
}
