import type { Algorithm } from './algorithms.ts'
import { ASYMMETRIC_ALGORITHMS } from './algorithms.ts'
import { type Audience, isUnchecked, type Unchecked } from './audience.ts'
import type { CheckFailure } from './check-failure.ts'
import type { TokenErrorCode } from './errors.ts'
import { type IssuerPattern, issuerRule } from './issuer.ts'
import type { KeySource } from './key-source.ts'
import { adapterOptions, allOptional, callback, checkOptions, type OptionRule, textOrTexts } from './options.ts'
import { isRecord } from './record.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { JwtClaims, JwtHeader } from './token.ts'

/**
 * Whose tokens, whose keys, which rules: what an adapter's factory returns. Made by {@link defineProvider}.
 */
export interface Provider<Name extends string = string, Claims extends JwtClaims = JwtClaims> {
  /** The name it is composed under: `'cognito'`. */
  readonly name: Name
  /** The exact issuer, several, or a pattern of tenants. */
  readonly issuer: string | readonly string[] | IssuerPattern
  /** One key set for all its issuers, or each issuer its own. */
  readonly keys: KeySource | ((issuer: string) => KeySource)
  readonly rules: TokenRules
  /** The provider's own claim names, made one. */
  identify(claims: Claims): Identity
  /** What usually causes this problem with this provider. Shown to developers. */
  hint?(problem: TokenProblem): string | undefined
}

/** Which tokens of a provider are accepted, once their signature holds. */
export interface TokenRules {
  readonly audience: Audience
  /** The allow-list of algorithms. */
  readonly algorithms: readonly Algorithm[]
  /** The accepted `typ` header, RFC 9068 section 4: `at+jwt` and `application/at+jwt` are the same. */
  readonly typ?: string | readonly string[] | undefined
  /** Claims that must be there, besides `iss` and `exp`. */
  readonly requiredClaims: readonly string[]
  /** Seconds by which the issuer's clock may differ; the verifier's own setting where it is absent. */
  readonly clockToleranceSec?: number | undefined
  /** The provider's own checks, in order. */
  readonly checks: readonly TokenCheck[]
  readonly schema?: StandardSchema | undefined
}

/** One check of a provider's own: what is wrong with these claims, or nothing. It must read own members only. */
export interface TokenCheck {
  /** What it looks at, as `explain` names it: a claim or a header member. */
  readonly name: string
  readonly check: (claims: JwtClaims, header: JwtHeader) => CheckFailure | undefined
}

/** A refusal, as a provider's `hint` sees it. Header and claims are unverified: read them, believe nothing. */
export interface TokenProblem {
  readonly code: TokenErrorCode
  readonly subject?: string | undefined
  readonly expected?: string | undefined
  readonly found?: string | undefined
  readonly header?: JwtHeader | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** For `TOKEN_MALFORMED`: how many parts the text has. 1 is an opaque token, 5 an encrypted one. */
  readonly parts?: number | undefined
}

/** Who a token speaks of, whatever its issuer calls it. */
export interface Identity {
  /** The user or machine that the token is about. */
  readonly subject: string | undefined
  /** The application that asked for the token. */
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  /** The organization, tenant or workspace of the provider's customer. */
  readonly tenant: string | undefined
}

/** The options that every adapter takes. */
export interface AdapterOptions<Name extends string = string, Extra = unknown> {
  /** The name it is composed under. Default: the adapter's own. Give one to compose two tenants of one provider. */
  readonly name?: Name | undefined
  /** The allow-list of algorithms. Default: what the provider signs with. */
  readonly algorithms?: readonly Algorithm[] | undefined
  /** The `typ` header that is required. Default: any but those of other kinds of token (`logout+jwt`, `dpop+jwt`, …). */
  readonly typ?: string | readonly string[] | undefined
  /** Seconds, 0 to 300. Default: the verifier's, which is 5. */
  readonly clockToleranceSec?: number | undefined
  /** Claims that must be there, besides those that the provider's rules ask for. */
  readonly requiredClaims?: readonly string[] | undefined
  /** Describes further claims, in any Standard Schema library; types them in the result. */
  readonly schema?: StandardSchema<Extra> | undefined
}

/** Options of {@link defineProvider}. */
export interface ProviderOptions<Name extends string, Claims extends JwtClaims, Extra>
  extends AdapterOptions<Name, Extra> {
  readonly name: Name
  /** The exact `iss` of its tokens, several, or a pattern of tenants. Compared as text, never normalised. */
  readonly issuer: string | readonly string[] | IssuerPattern
  /** What `aud` must hold: one of these. `unchecked('why')` where the provider has no audience. */
  readonly audience: string | readonly string[] | Unchecked
  /** Where its keys come from: one source for all its issuers, or a function that makes each issuer its own. */
  readonly keys: KeySource | ((issuer: string) => KeySource)
  /** The provider's own checks, in order. Default: none. */
  readonly checks?: readonly TokenCheck[] | undefined
  /** The provider's claim names made one. Default: `sub`; `client_id` or `azp`; `scope` or `scp`; no tenant. */
  readonly identify?: ((claims: Claims) => Partial<Identity>) | undefined
  /** What usually causes this problem with this provider. */
  readonly hint?: ((problem: TokenProblem) => string | undefined) | undefined
}

const providerOptions: Readonly<Record<string, OptionRule>> = {
  ...adapterOptions,
  name: { ...adapterOptions.name, optional: false },
  issuer: issuerRule,
  audience: {
    expected: 'a non-empty string, an array of them, or unchecked("why") to accept any audience',
    accepts: (value) => isUnchecked(value) || textOrTexts().accepts(value),
  },
  keys: { expected: 'a KeySource, or a function from an issuer to one', accepts: isKeys },
  ...allOptional({
    checks: { expected: 'an array of { name, check }', accepts: isChecks },
    identify: callback,
    hint: callback,
  }),
}

/**
 * Makes a provider from plain options. It is how users write an adapter of their own, and how ours are written.
 *
 * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
 *
 * @example
 * ```ts
 * const acme = defineProvider({
 *   name: 'acme',
 *   issuer: 'https://id.acme.example',
 *   audience: 'https://api.example.com',
 *   keys: remoteJwks('https://id.acme.example/keys'),
 *   checks: [claimIs('token_use', 'access')],
 * })
 * ```
 *
 * @see RFC 7519 section 4.1 (claims), RFC 8725 section 3 (rules on algorithms, issuer and audience)
 */
export function defineProvider<const Name extends string, Claims extends JwtClaims = JwtClaims, Extra = unknown>(
  options: ProviderOptions<Name, Claims, Extra>,
): Provider<Name, Claims & Extra> {
  const owner = typeof options?.name === 'string' && options.name ? options.name : 'defineProvider'
  checkOptions(owner, options, providerOptions)
  const { name, issuer, audience, keys, identify, hint } = options
  return Object.freeze({
    name,
    issuer: Array.isArray(issuer) ? frozenList<string>(issuer) : issuer,
    keys,
    rules: Object.freeze({
      audience: typeof audience === 'string' || isUnchecked(audience) ? audience : frozenList(audience),
      algorithms: frozenList(options.algorithms ?? ASYMMETRIC_ALGORITHMS),
      typ: options.typ,
      requiredClaims: frozenList(options.requiredClaims),
      clockToleranceSec: options.clockToleranceSec,
      checks: frozenList(options.checks),
      schema: options.schema,
    }),
    identify: identify
      ? (claims: Claims): Identity => ({ ...usualIdentity(claims), ...identify(claims) })
      : usualIdentity,
    ...(hint && { hint }),
  })
}

/** A copy, which later changes do not reach. */
function frozenList<T>(list: readonly T[] = []): readonly T[] {
  return Object.freeze([...list])
}

/** What an adapter decides where its user does not. */
export interface AdapterDefaults {
  readonly name: string
  readonly algorithms: readonly Algorithm[]
  /** Claims that the provider's tokens always hold. The user's come on top, never instead. */
  readonly requiredClaims?: readonly string[]
}

/**
 * For adapters: the options that every adapter takes, with the adapter's own defaults, as {@link defineProvider} wants them.
 */
export function adapterRules<Name extends string, Extra>(
  options: AdapterOptions<Name, Extra>,
  defaults: AdapterDefaults,
): Required<AdapterOptions<Name, Extra>> & { readonly name: Name } {
  return {
    name: options.name ?? (defaults.name as Name),
    algorithms: options.algorithms ?? defaults.algorithms,
    typ: options.typ,
    clockToleranceSec: options.clockToleranceSec,
    requiredClaims: [...new Set([...(defaults.requiredClaims ?? []), ...(options.requiredClaims ?? [])])],
    schema: options.schema,
  }
}

/** The claim names of RFC 9068 and OpenID Connect. */
function usualIdentity(claims: JwtClaims): Identity {
  return {
    subject: textClaim(claims, 'sub'),
    clientId: textClaim(claims, 'client_id') ?? textClaim(claims, 'azp'),
    scopes: scopesFrom(ownClaim(claims, 'scope') ?? ownClaim(claims, 'scp')),
    tenant: undefined,
  }
}

/** A claim of the token's own: never one that is inherited. */
export function ownClaim(claims: object, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims as Record<string, unknown>)[name] : undefined
}

/** A claim that is text, or nothing. */
export function textClaim(claims: object, name: string): string | undefined {
  const value = ownClaim(claims, name)
  return typeof value === 'string' ? value : undefined
}

/** Scopes from a space-separated string (RFC 6749 section 3.3) or an array of strings. */
export function scopesFrom(value: unknown): readonly string[] {
  if (typeof value === 'string') {
    const scopes = value.split(' ')
    return scopes.includes('') ? scopes.filter(Boolean) : scopes
  }
  return Array.isArray(value) ? value.filter((scope): scope is string => typeof scope === 'string' && scope !== '') : []
}

function isKeys(value: unknown): boolean {
  return typeof value === 'function' || isKeySource(value)
}

/** Whether a value has the shape of a {@link KeySource}. */
export function isKeySource(value: unknown): value is KeySource {
  return isRecord(value) && typeof value.id === 'string' && value.id !== '' && typeof value.load === 'function'
}

function isChecks(value: unknown): boolean {
  return (
    Array.isArray(value) && value.every((item) => typeof item?.name === 'string' && typeof item?.check === 'function')
  )
}
