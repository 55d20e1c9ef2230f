import { isUnchecked } from './audience.ts'
import { type CheckFailure, failure } from './check-failure.ts'
import { isIssuerPattern } from './issuer.ts'
import { oneOf, printable } from './printable.ts'
import { ownClaim, type Provider, type TokenCheck, type TokenRules } from './provider.ts'
import type { StandardSchema } from './standard-schema.ts'
import type { JwtClaims, JwtHeader } from './token.ts'

type SignedClaims = Readonly<Record<string, unknown>>

/** A token whose signature held, and what it is judged by. */
export interface SignedToken {
  readonly claims: SignedClaims
  readonly header: JwtHeader
  readonly nowSec: number
  /** Where its issuer is one of a pattern's. */
  readonly tenant: string | undefined
  /** What the caller asks of `aud`, on top of the provider's own. */
  readonly alsoAudience: readonly string[] | undefined
}

/** One provider's rules, as the checks read them. */
export interface ClaimRules {
  readonly clockToleranceSec: number
  /** One, several, or nothing where the audience is not checked. */
  readonly audience: string | ReadonlySet<string> | undefined
  readonly types: ReadonlySet<string> | undefined
  readonly required: readonly string[]
  /** What is checked, in order. */
  readonly steps: readonly ClaimStep[]
  readonly schema: StandardSchema | undefined
}

/** One check on claims, under the name that `explain` gives it. */
export interface ClaimStep {
  readonly name: string
  readonly check: (token: SignedToken, rules: ClaimRules) => CheckFailure | undefined
}

// The same objects for all providers: of a thousand, each would push the others' out of the processor's caches.
const COMMON_STEPS: readonly ClaimStep[] = [
  { name: 'time', check: checkTime },
  { name: 'audience', check: checkAudience },
  { name: 'type', check: checkTyp },
  { name: 'claims', check: checkRequired },
]

/** Reads one provider's rules once, when the verifier is made. */
export function compileRules(rules: TokenRules, issuer: Provider['issuer'], clockToleranceSec: number): ClaimRules {
  const types = rules.typ === undefined ? undefined : new Set(list(rules.typ).map(shortType))
  const own = rules.checks.map(({ name, check }) => ({
    name,
    check: ({ claims, header }: SignedToken) => check(claims as JwtClaims, header),
  }))
  const further = isIssuerPattern(issuer) ? [tenantStep(issuer.claim), ...own] : own
  return {
    clockToleranceSec,
    audience: isUnchecked(rules.audience) ? undefined : oneOrSet(list(rules.audience)),
    types,
    required: requiredClaims(rules, types),
    steps: further.length > 0 ? [...COMMON_STEPS, ...further] : COMMON_STEPS,
    schema: rules.schema,
  }
}

/** RFC 7519 sections 4.1.4 to 4.1.6. `exp` is required, and a token is expired in the very second that it names. */
function checkTime({ claims, nowSec }: SignedToken, { clockToleranceSec }: ClaimRules): CheckFailure | undefined {
  const exp = ownClaim(claims, 'exp')
  if (exp === undefined) return missing('exp')
  for (const name of ['exp', 'nbf', 'iat']) {
    const value = ownClaim(claims, name)
    if (value !== undefined && !isNumericDate(value)) {
      return invalid(name, 'a number of seconds since the epoch', value)
    }
  }
  if (nowSec - clockToleranceSec >= (exp as number)) {
    const expected = `a time after ${date(nowSec)} (${clockToleranceSec} s tolerance)`
    return failure('TOKEN_EXPIRED', 'exp', expected, `${date(exp as number)}, ${span(nowSec - (exp as number))} ago`)
  }
  const nbf = ownClaim(claims, 'nbf') as number | undefined
  if (nbf !== undefined && nbf > nowSec + clockToleranceSec) {
    const expected = `a time up to ${date(nowSec)} (${clockToleranceSec} s tolerance)`
    return failure('TOKEN_NOT_YET_VALID', 'nbf', expected, `${date(nbf)}, ${span(nbf - nowSec)} from now`)
  }
  return undefined
}

/** RFC 7519 section 4.1.3. The caller's audience is required in addition to the provider's, never instead. */
function checkAudience({ claims, alsoAudience }: SignedToken, { audience }: ClaimRules): CheckFailure | undefined {
  const aud = ownClaim(claims, 'aud')
  const asked = audience ?? alsoAudience
  if (aud === undefined) return asked ? missing('aud', oneOf(list(asked))) : undefined
  if (typeof aud !== 'string' && !(Array.isArray(aud) && aud.every((item) => typeof item === 'string'))) {
    return invalid('aud', 'a string or an array of strings', aud)
  }
  const named: readonly string[] = typeof aud === 'string' ? [aud] : aud
  if (audience && !named.some((item) => isAmong(item, audience))) return audienceMismatch(list(audience), aud)
  if (alsoAudience && !named.some((item) => alsoAudience.includes(item))) return audienceMismatch(alsoAudience, aud)
  return undefined
}

function oneOrSet(audiences: readonly string[]): string | ReadonlySet<string> {
  const [only = ''] = audiences
  return audiences.length === 1 ? only : new Set(audiences)
}

function isAmong(name: string, audience: string | ReadonlySet<string>): boolean {
  return typeof audience === 'string' ? name === audience : audience.has(name)
}

function audienceMismatch(expected: Iterable<string>, found: unknown): CheckFailure {
  return failure('AUDIENCE_MISMATCH', 'aud', oneOf(expected), printable(found))
}

// Tokens that are no access or ID tokens though the same issuer signs them, often with the same key (RFC 8725 section 3.12).
const FOREIGN_TYPES: ReadonlySet<string> = new Set([
  'logout+jwt',
  'dpop+jwt',
  'secevent+jwt',
  'id+jwt',
  'kb+jwt',
  'oauth-authz-req+jwt',
  'token-introspection+jwt',
])

/** RFC 8725 section 3.11, RFC 9068 section 4. */
function checkTyp({ header }: SignedToken, { types }: ClaimRules): CheckFailure | undefined {
  const { typ } = header
  const isAllowed = types
    ? typ !== undefined && types.has(shortType(typ))
    : typ === undefined || typ === 'JWT' || !FOREIGN_TYPES.has(shortType(typ))
  if (isAllowed) return undefined
  return failure('TYP_NOT_ALLOWED', 'typ', types ? oneOf(types) : 'an access or ID token', printable(typ))
}

/**
 * RFC 7515 section 4.1.9: a type without a slash stands for one under `application/`, and case does not matter. The short
 * form, because that is how tokens have it: it is made without a new string.
 */
function shortType(typ: string): string {
  const lower = typ.toLowerCase()
  const rest = lower.startsWith('application/') ? lower.slice('application/'.length) : lower
  return rest.includes('/') ? lower : rest
}

// RFC 9068 section 2.2: what an access token of that type must hold.
const AT_JWT_CLAIMS = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']

/** A provider that takes RFC 9068 tokens alone holds them to the claims of RFC 9068. */
function requiredClaims(rules: TokenRules, types: ReadonlySet<string> | undefined): readonly string[] {
  const profile = types?.size === 1 && types.has('at+jwt')
  return profile ? [...new Set([...AT_JWT_CLAIMS, ...rules.requiredClaims])] : rules.requiredClaims
}

function checkRequired({ claims }: SignedToken, { required }: ClaimRules): CheckFailure | undefined {
  const sub = ownClaim(claims, 'sub')
  if (sub !== undefined && typeof sub !== 'string') {
    return invalid('sub', 'a string (RFC 7519 section 4.1.2)', sub)
  }
  for (const name of required) {
    const value = ownClaim(claims, name)
    if (value === undefined || value === null) return missing(name)
  }
  return undefined
}

/** A multi-tenant provider signs for all tenants with one key: the issuer alone proves nothing of the tenant. */
function tenantStep(name: string): ClaimStep {
  return {
    name,
    check({ claims, tenant = '' }) {
      const value = ownClaim(claims, name)
      if (value === undefined) return missing(name, printable(tenant))
      if (typeof value === 'string' && value.toLowerCase() === tenant.toLowerCase()) return undefined
      return invalid(name, `${printable(tenant)}, as in "iss"`, value)
    },
  }
}

/**
 * A check for a provider's own rule: the claim is this text, or one of these.
 *
 * @example
 * ```ts
 * checks: [claimIs('token_use', 'access'), claimIs('client_id', ['web', 'mobile'])]
 * ```
 */
export function claimIs(name: string, accepted: string | readonly string[]): TokenCheck {
  const values = new Set(list(accepted))
  return {
    name,
    check(claims) {
      const value = ownClaim(claims, name)
      if (value === undefined) return missing(name, oneOf(values))
      if (typeof value === 'string' && values.has(value)) return undefined
      return invalid(name, oneOf(values), value)
    },
  }
}

/** The scopes that are asked for and not there (RFC 6750 section 3.1), as a refusal. */
export function checkScopes(held: readonly string[], asked: readonly string[]): CheckFailure | undefined {
  if (asked.every((scope) => held.includes(scope))) return undefined
  return failure('SCOPE_MISSING', 'scope', asked.join(' '), held.length > 0 ? printable(held.join(' ')) : 'no scope')
}

function missing(name: string, expected = `a claim "${name}"`): CheckFailure {
  return failure('CLAIM_MISSING', name, expected, 'no such claim')
}

function invalid(name: string, expected: string, found: unknown): CheckFailure {
  return failure('CLAIM_INVALID', name, expected, printable(found))
}

// The largest time that a JavaScript date can show: with more, saying when a token ended would itself throw.
const MAX_NUMERIC_DATE = 8.64e12

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= MAX_NUMERIC_DATE
}

function date(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}

function list<T>(value: string | T): readonly [string] | T {
  return typeof value === 'string' ? [value] : value
}
