import { type CheckFailure, failure } from './check-failure.ts'
import { type ClaimRules, compileRules } from './claims.ts'
import { configInvalid, messageOf } from './errors.ts'
import { isAnyTenant, isIssuerPattern, tenantReader, tenantSpelling } from './issuer.ts'
import type { KeyStore } from './key-cache/key-store.ts'
import type { RequestBudget } from './key-cache/state.ts'
import type { KeySource } from './key-source.ts'
import { oneOf, printable } from './printable.ts'
import { isKeySource, ownClaim, type Provider } from './provider.ts'

/** A provider with everything that is decided once about it. */
export interface ComposedProvider {
  readonly provider: Provider
  /** Its rules on claims. */
  readonly rules: ClaimRules
  readonly algorithms: ReadonlySet<string>
  /** Its issuers, as a person reads them: a pattern by its template. */
  readonly issuers: readonly string[]
  /** Its keys, once they were asked for, where all its issuers share them. {@link storeOf} looks here first. */
  shared: KeyStore | undefined
  /** The keys of one of its issuers. */
  readonly openStore: (issuer: string) => KeyStore
  /** The stores that can be named without a token: all, but for the tenants of a pattern. */
  readonly namedStores: () => readonly KeyStore[]
  /** Every store that there is by now. */
  readonly openStores: () => readonly KeyStore[]
}

/** The keys of an issuer. Every token passes here, and of a thousand providers none is in the processor's caches for long. */
export function storeOf(composed: ComposedProvider, issuer: string): KeyStore {
  if (composed.shared) return composed.shared
  const store = composed.openStore(issuer)
  if (typeof composed.provider.keys !== 'function') composed.shared = store
  return store
}

/** Where a token belongs, by its unverified issuer. */
export interface Route {
  readonly composed: ComposedProvider
  readonly issuer: string
  /** Where the issuer is one of a pattern's. */
  readonly tenant: string | undefined
}

/** The composed providers, found by issuer. */
export interface Composition {
  readonly providers: readonly ComposedProvider[]
  /** Every algorithm that some provider allows. */
  readonly algorithms: ReadonlySet<string>
  readonly named: (name: string) => ComposedProvider | undefined
  /** The provider of an issuer, in a time that does not grow with the number of providers. */
  readonly route: (claims: Readonly<Record<string, unknown>>) => Route | CheckFailure
}

/** What a composition is made with. */
export interface CompositionSettings {
  readonly clockToleranceSec: number
  readonly storeFor: (source: KeySource, provider: string, sharedBucket: RequestBudget | undefined) => KeyStore
  /** A request budget for all tenants of one pattern. */
  readonly budget: () => RequestBudget
}

/**
 * Puts providers together. Each keeps its own keys: no key of one is ever tried for another.
 *
 * @throws `CONFIG_INVALID` for two of one name or one issuer
 */
export function composeProviders(providers: readonly Provider[], settings: CompositionSettings): Composition {
  const algorithmsOf = sharedSets()
  const byName = new Map<string, ComposedProvider>()
  const byIssuer = new Map<string, ComposedProvider>()
  const patterns: { readonly composed: ComposedProvider; readonly tenantOf: (issuer: string) => string | undefined }[] =
    []
  for (const [index, provider] of providers.entries()) {
    const { name, issuer, rules } = checked(provider, index)
    const composed = composeProvider(provider, algorithmsOf(rules.algorithms), settings)
    if (byName.has(name)) throw twice('name', name, 'give one of them another `name`')
    byName.set(name, composed)
    for (const one of composed.issuers) {
      const other = byIssuer.get(one)
      if (other) throw twice('issuer', one, `${printable(other.provider.name)} and ${printable(name)} both have it`)
      byIssuer.set(one, composed)
    }
    if (isIssuerPattern(issuer)) patterns.push({ composed, tenantOf: tenantReader(issuer) })
  }

  // A pattern's template stood in the map so that two of them are found. No token is ever matched with it.
  for (const { composed } of patterns) for (const template of composed.issuers) byIssuer.delete(template)
  const issuers = [...byName.values()].flatMap((composed) => composed.issuers)

  return {
    providers: [...byName.values()],
    algorithms: new Set([...byName.values()].flatMap((composed) => [...composed.algorithms])),
    named: (name) => byName.get(name),
    route(claims) {
      const issuer = ownClaim(claims, 'iss')
      if (typeof issuer !== 'string') return issuerUnknown(issuers, issuer)
      const composed = byIssuer.get(issuer)
      if (composed) return { composed, issuer, tenant: undefined }
      for (const pattern of patterns) {
        const tenant = pattern.tenantOf(issuer)
        if (tenant !== undefined) return { composed: pattern.composed, issuer, tenant }
      }
      return issuerUnknown(issuers, issuer)
    },
  }
}

/** The refusal of an issuer: no request is made for it. */
export function issuerUnknown(issuers: readonly string[], found: unknown): CheckFailure {
  return failure('ISSUER_UNKNOWN', 'iss', oneOf(issuers), found === undefined ? 'no "iss"' : printable(found, 200))
}

function composeProvider(
  provider: Provider,
  algorithms: ReadonlySet<string>,
  settings: CompositionSettings,
): ComposedProvider {
  const { name, issuer, keys } = provider
  const issuers = isIssuerPattern(issuer) ? [issuer.template] : [issuer].flat()
  const kind = isIssuerPattern(issuer) && typeof keys === 'function' ? 'tenant' : 'alone'
  // Only where strangers decide how many tenants there are. Those on a list are bounded by it, and each loads at once.
  const budget =
    kind === 'tenant' && isIssuerPattern(issuer) && isAnyTenant(issuer.allow) ? settings.budget() : undefined
  const stores = storesOf(name, keys, settings, budget)
  const spelled = isIssuerPattern(issuer) && kind === 'tenant' ? tenantSpelling(issuer) : undefined
  return {
    provider,
    rules: compileRules(provider.rules, issuer, provider.rules.clockToleranceSec ?? settings.clockToleranceSec),
    algorithms,
    issuers,
    shared: undefined,
    openStore: spelled ? (one) => stores.of(spelled(one)) : stores.of,
    namedStores: () => (kind === 'tenant' ? [] : [...new Set(issuers.map(stores.of))]),
    openStores: stores.open,
  }
}

/** One set for all providers with the same algorithms. */
function sharedSets(): (algorithms: readonly string[]) => ReadonlySet<string> {
  const sets = new Map<string, ReadonlySet<string>>()
  return (algorithms) => {
    const name = algorithms.join()
    const set = sets.get(name) ?? new Set(algorithms)
    sets.set(name, set)
    return set
  }
}

// The tenants of a pattern come from tokens, so their number is bounded.
const MAX_TENANT_STORES = 100

interface Stores {
  of(issuer: string): KeyStore
  open(): readonly KeyStore[]
}

/** Made when they are first asked for: one a source, which all issuers may share. */
function storesOf(
  name: string,
  keys: Provider['keys'],
  settings: CompositionSettings,
  budget: RequestBudget | undefined,
): Stores {
  const byIssuer = new Map<string, KeyStore>()
  const bySource = new Map<KeySource, KeyStore>()
  return {
    of(issuer) {
      const known = byIssuer.get(issuer)
      if (known) return known
      const source = sourceFrom(name, keys, issuer)
      const store = bySource.get(source) ?? settings.storeFor(source, name, budget)
      bySource.set(source, store)
      byIssuer.set(issuer, store)
      if (budget && byIssuer.size > MAX_TENANT_STORES) closeOldest(byIssuer, bySource)
      return store
    },
    open: () => [...bySource.values()],
  }
}

/** The oldest that holds no keys goes first: tokens of tenants that do not exist must not push out those that do. */
function closeOldest(byIssuer: Map<string, KeyStore>, bySource: Map<KeySource, KeyStore>): void {
  const older = [...byIssuer].slice(0, -1)
  const [issuer, store] = older.find(([, one]) => one.snapshot().length === 0) ?? older[0] ?? []
  if (issuer === undefined || !store) return
  byIssuer.delete(issuer)
  if ([...byIssuer.values()].includes(store)) return
  for (const [source, one] of bySource) if (one === store) bySource.delete(source)
  store.close()
}

function sourceFrom(name: string, keys: Provider['keys'], issuer: string): KeySource {
  const source = typeof keys === 'function' ? attempt(name, () => keys(issuer)) : keys
  if (isKeySource(source)) return source
  throw configInvalid(name, 'keys', `a KeySource from keys(${printable(issuer)})`, printable(source))
}

function attempt(name: string, make: () => unknown): unknown {
  try {
    return make()
  } catch (cause) {
    const found = `a function that threw: ${messageOf(cause)}`
    throw configInvalid(name, 'keys', 'a function from an issuer to a KeySource', found, cause)
  }
}

function checked(provider: unknown, index: number): Provider {
  const { name, issuer, keys, rules, identify } = (provider ?? {}) as Partial<Provider>
  if (typeof name === 'string' && issuer && keys && Array.isArray(rules?.algorithms) && identify)
    return provider as Provider
  throw configInvalid(
    'createVerifier',
    `providers[${index}]`,
    'a provider, made by an adapter or defineProvider',
    printable(provider),
  )
}

function twice(what: string, value: string, why: string): Error {
  return configInvalid(
    'createVerifier',
    'providers',
    `each ${what} once`,
    `the ${what} ${printable(value, 200)} twice: ${why}`,
  )
}
