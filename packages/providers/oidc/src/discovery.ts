import {
  checkOption,
  checkOptions,
  choice,
  type HttpError,
  isHostName,
  jwkSetFrom,
  type KeySource,
  KeysError,
  type LoadContext,
  type LoadedKeys,
  loadJwks,
  type OptionRule,
  optional,
  ownClaim,
  printable,
  readJson,
  secureUrl,
  unexpected,
} from '@keysource/core'

/** Options of {@link oidcKeys}. */
export interface OidcKeysOptions {
  /**
   * Where the issuer's metadata is: OpenID Connect Discovery 1.0 appends its path to the issuer (`'openid'`), RFC 8414 inserts
   * its own between host and path (`'oauth'`). Default: `'auto'`, in that order; the one that answered is remembered.
   */
  readonly metadata?: 'openid' | 'oauth' | 'auto' | undefined
}

/** What an issuer may be, as both specifications have it. */
export const issuerRule: OptionRule = {
  expected:
    'the issuer exactly as in "iss", an https URL (plain http only on localhost) without query and without /.well-known/, such as "https://id.example.com"',
  accepts: isIssuer,
  suggest: issuerWithin,
}

/** What `metadata` may be. */
export const metadataRule: OptionRule = optional(choice('openid', 'oauth', 'auto'))

/** A document that holds: where it was found, and where it says the keys are. */
interface Metadata {
  readonly url: string
  readonly jwksUri: string
}

/** Keys, with the place that they came from: an ETag means nothing anywhere else. */
interface DiscoveredKeys extends LoadedKeys {
  readonly jwksUri: string
}

const LIFETIME_MS = 3_600_000
// How soon a document is asked for again that could not be had, so that an endpoint that hangs does not take every load with it.
const RETRY_MS = 60_000

/**
 * The keys of an issuer, found by discovery. The metadata document is held for an hour, and asked for again as soon as the
 * keys fail: a `jwks_uri` that moved heals by itself. Also of use to other adapters, as `keys`.
 *
 * @param issuer - exactly as in `iss`; the document has to name the same
 * @throws `CONFIG_INVALID` for a wrong issuer or option
 *
 * @example
 * ```ts
 * defineProvider({ name: 'acme', issuer, audience, keys: oidcKeys(issuer) })
 * ```
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html section 4, RFC 8414 section 3
 */
export function oidcKeys(issuer: string, options: OidcKeysOptions = {}): KeySource {
  checkOption('oidcKeys', 'issuer', issuer, issuerRule)
  checkOptions('oidcKeys', options, { metadata: metadataRule })
  const places = metadataUrls(issuer, options.metadata ?? 'auto')
  let held: Metadata | undefined
  let askedAt = 0
  let lifetimeMs = 0

  async function discover(context: LoadContext, now: number): Promise<Metadata> {
    askedAt = now
    lifetimeMs = RETRY_MS
    const order = held ? [held.url, ...places.filter((url) => url !== held?.url)] : places
    held = await firstMetadata(context, issuer, order)
    lifetimeMs = LIFETIME_MS
    return held
  }

  /** A document over age is better than none: it is the keys that are checked, at each load. */
  async function discoverOrKeep(context: LoadContext, now: number): Promise<Metadata> {
    try {
      return await discover(context, now)
    } catch (error) {
      if (!held || context.signal.aborted) throw error
      return held
    }
  }

  async function load(context: LoadContext): Promise<LoadedKeys> {
    const now = context.now ?? Date.now()
    const young = now >= askedAt && now - askedAt < lifetimeMs ? held : undefined
    const { jwksUri } = young ?? (await discoverOrKeep(context, now))
    try {
      return await keysAt(jwksUri, context)
    } catch (error) {
      lifetimeMs = 0 // whatever failed, the keys may have moved: the next load asks
      if (!young || context.signal.aborted) throw error // asked already, or no time left to
      const moved = await discover(context, now).catch(() => undefined) // what the keys said tells more
      if (!moved || moved.jwksUri === jwksUri) throw error
      return keysAt(moved.jwksUri, context)
    }
  }

  return Object.freeze({ id: `oidc:${issuer}`, load })
}

/** Both specifications take one slash off the end of the issuer's path. */
function metadataUrls(issuer: string, metadata: 'openid' | 'oauth' | 'auto'): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const appended = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const inserted = `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`
  return { openid: [appended], oauth: [inserted], auto: [appended, inserted] }[metadata]
}

/** The first document that holds. One that is there and wrong says more than others that are not there. */
async function firstMetadata(context: LoadContext, issuer: string, urls: readonly string[]): Promise<Metadata> {
  const failures: Partial<HttpError>[] = []
  for (const url of urls) {
    try {
      return await metadataAt(context, issuer, url)
    } catch (error) {
      failures.push(error as Partial<HttpError>)
      if (context.signal.aborted) break
    }
  }
  throw failures.find(({ subject }) => subject !== undefined) ?? discoveryFailed(issuer, failures)
}

async function metadataAt({ http }: LoadContext, issuer: string, url: string): Promise<Metadata> {
  const document = await readJson(await http.request({ url }), url)
  if (typeof document !== 'object' || document === null) throw unexpected(url, 'a metadata document', document)
  const named = ownClaim(document, 'issuer')
  if (named !== issuer) throw mismatch(url, issuer, named)
  const jwksUri = ownClaim(document, 'jwks_uri')
  if (typeof jwksUri === 'string' && secureUrl(jwksUri)) return { url, jwksUri }
  throw refused('DISCOVERY_FAILED', url, 'jwks_uri', 'an https URL (plain http only on localhost)', jwksUri)
}

/** Discovery 1.0 section 4.3, RFC 8414 section 3.3: else one issuer could speak for another. */
function mismatch(url: string, issuer: string, named: unknown): KeysError {
  const slash = typeof named === 'string' && (named === `${issuer}/` || `${named}/` === issuer)
  const expected = `${printable(issuer, 200)}${slash ? ', compared as text, so that a slash at the end counts' : ''}`
  return refused('DISCOVERY_MISMATCH', url, 'issuer', expected, named)
}

function refused(
  code: 'DISCOVERY_FAILED' | 'DISCOVERY_MISMATCH',
  url: string,
  subject: string,
  expected: string,
  value: unknown,
): KeysError {
  const found = printable(value, 200)
  return new KeysError(code, `${url}: "${subject}": expected ${expected}, found ${found}`, { subject, expected, found })
}

function discoveryFailed(issuer: string, failures: readonly Partial<HttpError>[]): KeysError {
  const found = failures.map(({ message }) => message).join('; ')
  const message = `discovery of ${printable(issuer, 200)} failed: ${found}`
  const error = new KeysError('DISCOVERY_FAILED', message, {
    expected: 'a metadata document',
    found,
    cause: failures.at(-1),
  })
  // What Retry-After said, where the key cache looks for it.
  const retryAfterMs = Math.max(...failures.map((failure) => failure.retryAfterMs ?? 0))
  return Object.assign(error, { retryAfterMs })
}

/** The keys, asked for with the validators of the last answer if they are of the same place. */
async function keysAt(jwksUri: string, { previous, ...context }: LoadContext): Promise<DiscoveredKeys> {
  const same = previous && (previous as Partial<DiscoveredKeys>).jwksUri === jwksUri
  const loaded = await loadJwks(same ? { ...context, previous } : context, jwksUri, undefined, someKeys)
  return { ...loaded, jwksUri }
}

/** An empty set is what an abandoned endpoint may serve: a failure, so that the document is asked for again. */
function someKeys(body: unknown, where: string): ReturnType<typeof jwkSetFrom> {
  const set = jwkSetFrom(body, where)
  if (set.keys.length === 0) throw unexpected(where, 'a JWK Set with at least one key', set.keys)
  return set
}

function isIssuer(value: unknown): boolean {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s?#]+$/.test(value)) return false
  return secureUrl(value) !== undefined && !value.includes('/.well-known/')
}

/** The issuer in a metadata URL of either form, in one with a query, or of a bare host. */
function issuerWithin(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value
    .trim()
    .replace(/[?#].*$/s, '')
    .replace(/\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=\/|$)/, '')
  const issuer = isHostName(text) ? `https://${text}` : text
  return isIssuer(issuer) ? issuer : undefined
}
