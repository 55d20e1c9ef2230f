import { systemClock } from './clock.ts'
import { type ComposedProvider, composeProviders } from './composition.ts'
import { ConfigError, isKeysourceError, KeysError, type KeysourceError, messageOf } from './errors.ts'
import { deliver } from './events.ts'
import { type Explanation, explainToken } from './explain.ts'
import { keyCache } from './key-cache/cache.ts'
import { storeFor } from './key-cache/own-store.ts'
import type { Snapshot, SnapshotEntry } from './key-cache/snapshot.ts'
import { initialState } from './key-cache/state.ts'
import { isPromise } from './promise.ts'
import type { Provider } from './provider.ts'
import { unavailableFor } from './refusal.ts'
import type { SignatureEngine } from './signature/engine.ts'
import { type ProviderStatus, providerStatus } from './status.ts'
import { tokenReader } from './token.ts'
import { tokenMemory } from './token-memory.ts'
import {
  type Attempt,
  begin,
  checkClaims,
  findKeys,
  findKeysSync,
  findVerifyingKey,
  syncNotSupported,
  throwIfAborted,
  untilAborted,
  type VerificationContext,
} from './verification.ts'
import type { AnyProviders, VerifiedToken, VerifiedTokenOf } from './verified-token.ts'
import {
  checkReadyOptions,
  checkVerifierOptions,
  DEFAULT_CLOCK_TOLERANCE_SEC,
  DEFAULT_MAX_TOKEN_BYTES,
  NO_OPTIONS,
  type ReadyOptions,
  type VerifierOptions,
  type VerifyOptions,
  withCacheDefaults,
} from './verifier-options.ts'

/** Verifies tokens of several providers. Made by {@link createVerifier}. */
export interface Verifier<Token = VerifiedToken> {
  /**
   * Verifies a token: resolves with what it says, once every check held.
   *
   * @param jwt - the token alone, without `Bearer`
   * @throws `KeysourceError`: kind `'token'` (401, 403), `'keys'` (503) or `'config'` (`ABORTED`, `CLOSED`, a wrong call)
   */
  verify(jwt: string, options?: VerifyOptions): Promise<Token>
  /**
   * The same from keys that are held, with no promise made. It starts refreshes as `verify` does.
   *
   * @throws `KEYS_NOT_LOADED` wherever `verify` would wait; `SYNC_NOT_SUPPORTED` on the WebCrypto engine
   */
  verifySync(jwt: string, options?: Omit<VerifyOptions, 'signal'>): Token
  /**
   * Makes every check of `verify` and says what became of each, with what was expected and found, the keys that there are, and
   * the hint. Never rejects, and takes no token that `verify` would refuse. It is safe to show to the token's owner.
   */
  explain(jwt: string, options?: VerifyOptions): Promise<Explanation>
  /**
   * Fetches every provider's keys that are not fresh. A provider with several issuers is ready when the keys of one are there;
   * one that serves a key at a time is always ready.
   *
   * @throws `KEYS_UNAVAILABLE`, with what failed, provider by provider, in its message and in `errors`
   */
  ready(options?: ReadyOptions): Promise<void>
  /** How each provider's keys stand. */
  status(): readonly ProviderStatus[]
  /**
   * The keys that are held, to be saved and given to the next process as `snapshot`: it then verifies while a provider is
   * down. Plain data; public keys and no secret.
   */
  export(): Snapshot
  /** Ends loads and timers. Verifications after it reject with `CLOSED`. */
  close(): void
}

/** The type of {@link createVerifier}. */
export type CreateVerifier = <const Providers extends AnyProviders>(
  options: VerifierOptions<Providers>,
) => Verifier<VerifiedTokenOf<Providers>>

/** `createVerifier` on an engine. */
export function verifierOn(engine: SignatureEngine): CreateVerifier {
  return ((options: VerifierOptions<AnyProviders>) => makeVerifier(engine, options)) as CreateVerifier
}

function makeVerifier(engine: SignatureEngine, options: VerifierOptions<AnyProviders>): Verifier {
  checkVerifierOptions(options)
  const closing = new AbortController()
  const context = contextOf(engine, options, closing.signal)
  const { providers } = context.composition
  const { onEvent } = options
  const memory = options.tokenCache && tokenMemory(context, options.tokenCache)

  async function verify(jwt: string, call: VerifyOptions = NO_OPTIONS): Promise<VerifiedToken> {
    let attempt: Attempt | undefined
    try {
      const known = memory?.recall(jwt, call)
      if (known) return accepted(known)
      attempt = begin(context, jwt, call)
      // A step is awaited only where it has to wait: held keys and an idle machine make no promise on the way.
      const held = findKeys(context, attempt)
      const keys = isPromise(held) ? await held : held
      const verifying = findVerifyingKey(engine.verify, attempt, keys)
      const key = isPromise(verifying) ? await verifying : verifying
      const checked = checkClaims(context, attempt, key)
      const token = isPromise(checked) ? await checked : checked
      return accepted(memory ? memory.keep(jwt, attempt, key, token) : token)
    } catch (error) {
      throw rejected(error, attempt)
    }
  }

  function verifySync(jwt: string, call: VerifyOptions = NO_OPTIONS): VerifiedToken {
    let attempt: Attempt | undefined
    try {
      const known = memory?.recall(jwt, call)
      if (known) return accepted(known)
      attempt = begin(context, jwt, call)
      if (!engine.verifySync) throw syncNotSupported('the WebCrypto engine verifies asynchronously alone')
      const key = findVerifyingKey(engine.verifySync, attempt, findKeysSync(attempt))
      const token = checkClaims(context, attempt, key)
      if (isPromise(token)) {
        token.catch(() => {}) // nobody waits for it: its refusal would end the process
        throw syncNotSupported('the schema of this provider is asynchronous')
      }
      return accepted(memory ? memory.keep(jwt, attempt, key, token) : token)
    } catch (error) {
      throw rejected(error, attempt)
    }
  }

  function accepted(token: VerifiedToken): VerifiedToken {
    if (onEvent) {
      const { provider, issuer, key } = token
      deliver(onEvent, { type: 'verified', at: context.clock.now(), provider, issuer, ...key })
    }
    return token
  }

  function rejected(error: unknown, attempt: Attempt | undefined): KeysourceError {
    const refusal = isKeysourceError(error) ? error : faultOf(error, attempt?.route.composed.provider)
    if (onEvent)
      deliver(onEvent, { type: 'rejected', at: context.clock.now(), provider: refusal.provider, error: refusal })
    return refusal
  }

  return Object.freeze({
    verify,
    verifySync,
    explain: (jwt: string, call: VerifyOptions = NO_OPTIONS) => explainToken(context, jwt, call),
    async ready(call: ReadyOptions = {}) {
      checkReadyOptions(call)
      if (closing.signal.aborted) throw closing.signal.reason
      throwIfAborted(call.signal)
      await untilAborted(allReady(providers), call.signal)
    },
    status: () => providers.map(statusOf),
    export: (): Snapshot => ({ version: 1, sources: providers.flatMap(entriesOf) }),
    close() {
      closing.abort(new ConfigError('CLOSED', 'the verifier was closed'))
      for (const { openStores } of providers) for (const store of openStores()) store.close()
    },
  })
}

function contextOf(
  engine: SignatureEngine,
  options: VerifierOptions<AnyProviders>,
  closing: AbortSignal,
): VerificationContext {
  const { clock = systemClock, fetch, onEvent } = options
  const { maxBytes, maxKeys, keepFresh, ...freshness } = withCacheDefaults(options.cache)
  const http = { fetch, maxBytes, now: () => clock.now() }
  const loads = { begun: 0 }
  const settings = {
    engine,
    http,
    clock,
    chance: Math.random,
    freshness,
    maxKeys,
    keepFresh,
    onEvent,
    loads,
    sharesPromises: !isWorkerd(),
    snapshot: options.snapshot,
  }
  const composition = composeProviders(options.providers, {
    clockToleranceSec: options.clockToleranceSec ?? DEFAULT_CLOCK_TOLERANCE_SEC,
    budget: () => ({ current: initialState(freshness, { mono: clock.monotonic(), wall: clock.now() }).bucket }),
    storeFor: (source, provider, sharedBucket) =>
      storeFor(source, (single) => keyCache(single, provider, { ...settings, sharedBucket })),
  })
  const read = tokenReader(engine, composition.algorithms, options.maxTokenBytes ?? DEFAULT_MAX_TOKEN_BYTES)
  return { engine, clock, composition, read, loads, closing }
}

/** Cloudflare's Workers: a request there must not wait for what another request started. */
function isWorkerd(): boolean {
  return globalThis.navigator?.userAgent === 'Cloudflare-Workers'
}

/** What a provider's own code threw: a check, a schema or `identify` that took a claim for granted. The token is refused. */
function faultOf(cause: unknown, provider: Provider | undefined): ConfigError {
  const name = provider?.name ?? 'keysource'
  const message = `${name}: its own check, schema or identify threw: ${messageOf(cause)}`
  return new ConfigError('CONFIG_INVALID', message, { provider: provider?.name, cause })
}

async function allReady(providers: readonly ComposedProvider[]): Promise<void> {
  const results = await Promise.all(providers.map(readinessOf))
  const errors = results.filter((result) => result !== undefined)
  if (errors.length === 0) return
  const retryAfterSec = Math.max(...errors.map((error) => error.retryAfterSec ?? 1))
  const list = errors.map(({ message }) => message).join('; ')
  const message = `${errors.length} of ${providers.length} providers are not ready: ${list}`
  throw new KeysError('KEYS_UNAVAILABLE', message, { retryAfterSec, errors })
}

/** What keeps a provider from being ready, or nothing. One of several issuers is enough: a pool uses one form of two. */
async function readinessOf(composed: ComposedProvider): Promise<KeysError | undefined> {
  const stores = composed.namedStores()
  const results = await Promise.allSettled(stores.map((store) => store.ready()))
  const failures = results.filter((result) => result.status === 'rejected')
  if (failures.length < results.length || results.length === 0) return undefined
  return unavailableFor(failures[0]?.reason, composed)
}

function entriesOf({ openStores }: ComposedProvider): readonly SnapshotEntry[] {
  return openStores().flatMap((store) => store.snapshot())
}

function statusOf({ provider, issuers, namedStores, openStores }: ComposedProvider): ProviderStatus {
  const stores = new Set([...namedStores(), ...openStores()])
  return providerStatus(
    provider.name,
    issuers,
    [...stores].flatMap((store) => store.status()),
  )
}
