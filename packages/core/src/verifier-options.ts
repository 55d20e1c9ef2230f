import type { Clock } from './clock.ts'
import type { EventListener } from './events.ts'
import { checkSnapshot, type Snapshot } from './key-cache/snapshot.ts'
import {
  allOptional,
  callback,
  checkOptions,
  flag,
  numberWithin,
  type OptionRule,
  text,
  textOrTexts,
} from './options.ts'
import { isRecord, withoutUndefined } from './record.ts'
import { type TokenCacheOptions, tokenCacheRules } from './token-cache.ts'
import type { AnyProviders } from './verified-token.ts'

/** How keys are kept fresh. Durations in milliseconds. */
export interface CacheOptions {
  /** How long keys live; a response can only shorten it. Default 600,000 (10 min). */
  readonly ttlMs?: number | undefined
  /** How long after the last success keys serve while the provider fails. Default 86,400,000 (24 h). */
  readonly staleIfErrorMs?: number | undefined
  /** How long a token waits for the refresh when its process was idle past the lifetime. Default 100. */
  readonly staleWaitMs?: number | undefined
  /** How far past the lifetime idle keys serve without waiting for the refresh to end. Default 3,600,000 (1 h). */
  readonly maxIdleStaleMs?: number | undefined
  /** How often an unknown `kid` may cause a request once `burst` is used up. Default 5000. */
  readonly cooldownMs?: number | undefined
  /** How many requests unknown `kid`s may cause at once. Default 2. */
  readonly burst?: number | undefined
  /** The whole time of one load: all its requests, headers and bodies. Default 5000. */
  readonly timeoutMs?: number | undefined
  /** The longest body that is read, in bytes after decompression. Default 524,288 (512 KiB). */
  readonly maxBytes?: number | undefined
  /** How many keys of one set are read. Default 100. */
  readonly maxKeys?: number | undefined
  /** Refresh on a timer, which holds no process open, instead of with the first token that finds it due. Default `false`. */
  readonly keepFresh?: boolean | undefined
}

/** Options of {@link createVerifier}. */
export interface VerifierOptions<Providers extends AnyProviders> {
  /** The providers whose tokens are taken. No two of one name or one issuer. */
  readonly providers: Providers
  readonly cache?: CacheOptions | undefined
  /**
   * Keeps verified tokens, so that one which comes again costs a look-up. Off unless asked for. A token that is kept is
   * frozen, ends with its `exp` and is forgotten when its key is withdrawn.
   */
  readonly tokenCache?: TokenCacheOptions | undefined
  /** Seconds by which an issuer's clock may differ, 0 to 300. Default 5. A provider's own setting wins. */
  readonly clockToleranceSec?: number | undefined
  /** The longest token that is looked at, in bytes. Default 16,384. */
  readonly maxTokenBytes?: number | undefined
  /** In place of the runtime's own `fetch`: for a proxy, or for tests. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** In place of the runtime's own clocks: for tests. */
  readonly clock?: Clock | undefined
  /** What `verifier.export()` of an earlier process returned: it starts with these keys, and loads newer ones at once. */
  readonly snapshot?: Snapshot | undefined
  /** Called with each event, at once. */
  readonly onEvent?: EventListener | undefined
}

/** Options of one verification. */
export interface VerifyOptions {
  /** Takes tokens of this composed provider alone. */
  readonly provider?: string | undefined
  /** Scopes that the token must have, all of them: else `SCOPE_MISSING`, 403. */
  readonly scopes?: string | readonly string[] | undefined
  /** One of these must be in `aud`, in addition to the provider's own audience. */
  readonly audience?: string | readonly string[] | undefined
  /** Ends the wait for keys: `ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /** Lets a refresh outlive the request, on runtimes that stop work after the response: `(work) => ctx.waitUntil(work)`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** What `cache` leaves out. */
export const CACHE_DEFAULTS: { readonly [Option in keyof CacheOptions]-?: NonNullable<CacheOptions[Option]> } = {
  ttlMs: 600_000,
  staleIfErrorMs: 86_400_000,
  staleWaitMs: 100,
  maxIdleStaleMs: 3_600_000,
  cooldownMs: 5000,
  burst: 2,
  timeoutMs: 5000,
  maxBytes: 524_288,
  maxKeys: 100,
  keepFresh: false,
}

/** What {@link VerifierOptions} leaves out. */
export const DEFAULT_CLOCK_TOLERANCE_SEC = 5
/** What {@link VerifierOptions} leaves out. */
export const DEFAULT_MAX_TOKEN_BYTES = 16_384

// A timer takes at most 2^31 - 1 ms: with more it fires at once. This leaves room for what is added to some.
const MAX_MS = 2_000_000_000

const milliseconds = (least: number): OptionRule => numberWithin(least, MAX_MS, 'milliseconds')

const cacheRules: Readonly<Record<keyof CacheOptions, OptionRule>> = /* @__PURE__ */ allOptional({
  ttlMs: milliseconds(1),
  staleIfErrorMs: milliseconds(0),
  staleWaitMs: milliseconds(0),
  maxIdleStaleMs: milliseconds(0),
  cooldownMs: milliseconds(1),
  burst: numberWithin(1, 1000, 'requests'),
  timeoutMs: milliseconds(1),
  maxBytes: numberWithin(1, 2 ** 30, 'bytes'),
  maxKeys: numberWithin(1, 10_000, 'keys'),
  keepFresh: flag,
})

const verifierRules: Readonly<Record<keyof VerifierOptions<[]>, OptionRule>> = {
  providers: {
    expected: 'an array with at least one provider, such as [oidc({ issuer, audience })]',
    accepts: (value) => Array.isArray(value) && value.length > 0,
  },
  ...allOptional({
    cache: { expected: 'an object of cache options', accepts: isRecord },
    tokenCache: { expected: 'an object { max }', accepts: isRecord },
    clockToleranceSec: numberWithin(0, 300, 'seconds'),
    maxTokenBytes: numberWithin(1, 1_048_576, 'bytes'),
    fetch: callback,
    clock: {
      expected: 'a clock { now(), monotonic() }, both in milliseconds',
      accepts: (value) =>
        typeof (value as Partial<Clock> | null)?.now === 'function' &&
        typeof (value as Partial<Clock>).monotonic === 'function',
    },
    snapshot: { expected: 'what verifier.export() returned', accepts: isRecord },
    onEvent: callback,
  }),
}

/**
 * Checks the options of a verifier.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkVerifierOptions(options: VerifierOptions<AnyProviders>): void {
  checkOptions('createVerifier', options, verifierRules)
  if (options.cache) checkOptions('createVerifier: cache', options.cache, cacheRules)
  if (options.tokenCache) checkOptions('createVerifier: tokenCache', options.tokenCache, tokenCacheRules)
  if (options.snapshot) checkSnapshot(options.snapshot)
}

const verifyRules: Readonly<Record<keyof VerifyOptions, OptionRule>> = /* @__PURE__ */ allOptional({
  provider: text('the name of a composed provider'),
  scopes: {
    expected: 'a scope or an array of scopes',
    accepts: (value) => textOrTexts().accepts(value) || (Array.isArray(value) && value.length === 0),
  },
  audience: textOrTexts('an audience or an array of them'),
  signal: { expected: 'an AbortSignal', accepts: isAbortSignal },
  waitUntil: callback,
})

/** By what it does: a runtime that runs user code in a realm of its own (Next's edge runtime) hands in signals of another. */
function isAbortSignal(value: unknown): boolean {
  return isRecord(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function'
}

/** Options of {@link Verifier.ready}. */
export type ReadyOptions = Pick<VerifyOptions, 'signal'>

/** Of a call without options: one object for all, so that it costs no check. */
export const NO_OPTIONS: VerifyOptions = Object.freeze({})

/**
 * Checks the options of one call. A misspelt `scopes` would otherwise leave the scopes unchecked.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkVerifyOptions(options: VerifyOptions): void {
  if (options !== NO_OPTIONS) checkOptions('verify', options, verifyRules)
}

/** The same for `ready`. */
export function checkReadyOptions(options: ReadyOptions): void {
  checkOptions('ready', options, { signal: verifyRules.signal })
}

/** The cache options with what they leave out. */
export function withCacheDefaults(given: CacheOptions = {}): typeof CACHE_DEFAULTS {
  return { ...CACHE_DEFAULTS, ...withoutUndefined(given) }
}
