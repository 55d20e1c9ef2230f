import { isUnchecked } from './audience.ts'
import type { CheckFailure } from './check-failure.ts'
import { isIssuerPattern } from './issuer.ts'
import { oneOf, printable } from './printable.ts'
import { ownClaim, type Provider, type TokenCheck, type TokenRules } from './provider.ts'
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

/** One check on claims, under the name that `explain` gives it. */
export interface ClaimStep {
  readonly name: string
  readonly check: (token: SignedToken) => CheckFailure | undefined
}

/** Reads one provider's rules once, when the verifier is made: its checks, in the order in which they are made. */
export function compileRules(
  rules: TokenRules,
  issuer: Provider['issuer'],
  clockToleranceSec: number,
): readonly ClaimStep[] {
  const types = rules.typ === undefined ? undefined : new Set(list(rules.typ).map(mediaType))
  const audiences = isUnchecked(rules.audience) ? undefined : new Set(list(rules.audience))
  const required = requiredClaims(rules, types)
  const own = rules.checks.map(({ name, check }) => ({
    name,
    check: ({ claims, header }: SignedToken) => check(claims as JwtClaims, header),
  }))
  return [
    { name: 'time', check: ({ claims, nowSec }) => checkTime(claims, nowSec, clockToleranceSec) },
    { name: 'audience', check: ({ claims, alsoAudience }) => checkAudience(claims, audiences, alsoAudience) },
    { name: 'type', check: ({ header }) => checkTyp(header, types) },
    { name: 'claims', check: ({ claims }) => checkRequired(claims, required) },
    ...(isIssuerPattern(issuer) ? [tenantStep(issuer.claim)] : []),
    ...own,
  ]
}

/** RFC 7519 sections 4.1.4 to 4.1.6. `exp` is required, and a token is expired in the very second that it names. */
function checkTime(claims: SignedClaims, nowSec: number, tolerance: number): CheckFailure | undefined {
  const exp = ownClaim(claims, 'exp')
  if (exp === undefined) return missing('exp')
  for (const name of ['exp', 'nbf', 'iat']) {
    const value = ownClaim(claims, name)
    if (value !== undefined && !isNumericDate(value)) {
      return {
        code: 'CLAIM_INVALID',
        subject: name,
        expected: 'a number of seconds since the epoch',
        found: printable(value),
      }
    }
  }
  if (nowSec - tolerance >= (exp as number)) {
    return {
      code: 'TOKEN_EXPIRED',
      subject: 'exp',
      expected: `a time after ${date(nowSec)} (${tolerance} s tolerance)`,
      found: `${date(exp as number)}, ${span(nowSec - (exp as number))} ago`,
    }
  }
  const nbf = ownClaim(claims, 'nbf') as number | undefined
  if (nbf !== undefined && nbf > nowSec + tolerance) {
    return {
      code: 'TOKEN_NOT_YET_VALID',
      subject: 'nbf',
      expected: `a time up to ${date(nowSec)} (${tolerance} s tolerance)`,
      found: `${date(nbf)}, ${span(nbf - nowSec)} from now`,
    }
  }
  return undefined
}

/** RFC 7519 section 4.1.3. The caller's audience is required in addition to the provider's, never instead. */
function checkAudience(
  claims: SignedClaims,
  audiences: ReadonlySet<string> | undefined,
  alsoRequired: readonly string[] | undefined,
): CheckFailure | undefined {
  const aud = ownClaim(claims, 'aud')
  if (aud === undefined)
    return audiences || alsoRequired ? missing('aud', oneOf(audiences ?? alsoRequired ?? [])) : undefined
  if (typeof aud !== 'string' && !(Array.isArray(aud) && aud.every((item) => typeof item === 'string'))) {
    return { code: 'CLAIM_INVALID', subject: 'aud', expected: 'a string or an array of strings', found: printable(aud) }
  }
  const named: readonly string[] = typeof aud === 'string' ? [aud] : aud
  if (audiences && !named.some((item) => audiences.has(item))) return audienceMismatch(audiences, aud)
  if (alsoRequired && !named.some((item) => alsoRequired.includes(item))) return audienceMismatch(alsoRequired, aud)
  return undefined
}

function audienceMismatch(expected: Iterable<string>, found: unknown): CheckFailure {
  return { code: 'AUDIENCE_MISMATCH', subject: 'aud', expected: oneOf(expected), found: printable(found) }
}

// Tokens that are no access or ID tokens though the same issuer signs them, often with the same key (RFC 8725 section 3.12).
const FOREIGN_TYPES: ReadonlySet<string> = new Set(
  ['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'id+jwt', 'kb+jwt', 'oauth-authz-req+jwt', 'token-introspection+jwt'].map(
    mediaType,
  ),
)

/** RFC 8725 section 3.11, RFC 9068 section 4. */
function checkTyp(header: JwtHeader, types: ReadonlySet<string> | undefined): CheckFailure | undefined {
  const { typ } = header
  if (types) {
    if (typ !== undefined && types.has(mediaType(typ))) return undefined
    return {
      code: 'TYP_NOT_ALLOWED',
      subject: 'typ',
      expected: oneOf([...types].map(shortType)),
      found: printable(typ),
    }
  }
  if (typ === undefined || typ === 'JWT' || !FOREIGN_TYPES.has(mediaType(typ))) return undefined
  return { code: 'TYP_NOT_ALLOWED', subject: 'typ', expected: 'an access or ID token', found: printable(typ) }
}

/** RFC 7515 section 4.1.9: a type without a slash stands for one under `application/`, and case does not matter. */
function mediaType(typ: string): string {
  const lower = typ.toLowerCase()
  return lower.includes('/') ? lower : `application/${lower}`
}

function shortType(type: string): string {
  return type.replace(/^application\//, '')
}

// RFC 9068 section 2.2: what an access token of that type must hold.
const AT_JWT_CLAIMS = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']

/** A provider that takes RFC 9068 tokens alone holds them to the claims of RFC 9068. */
function requiredClaims(rules: TokenRules, types: ReadonlySet<string> | undefined): readonly string[] {
  const profile = types?.size === 1 && types.has('application/at+jwt')
  return profile ? [...new Set([...AT_JWT_CLAIMS, ...rules.requiredClaims])] : rules.requiredClaims
}

function checkRequired(claims: SignedClaims, required: readonly string[]): CheckFailure | undefined {
  const sub = ownClaim(claims, 'sub')
  if (sub !== undefined && typeof sub !== 'string') {
    return {
      code: 'CLAIM_INVALID',
      subject: 'sub',
      expected: 'a string (RFC 7519 section 4.1.2)',
      found: printable(sub),
    }
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
      const expected = `${printable(tenant)}, as in "iss"`
      return { code: 'CLAIM_INVALID', subject: name, expected, found: printable(value) }
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
      return { code: 'CLAIM_INVALID', subject: name, expected: oneOf(values), found: printable(value) }
    },
  }
}

/** The scopes that are asked for and not there (RFC 6750 section 3.1), as a refusal. */
export function checkScopes(held: readonly string[], asked: readonly string[]): CheckFailure | undefined {
  if (asked.every((scope) => held.includes(scope))) return undefined
  return {
    code: 'SCOPE_MISSING',
    subject: 'scope',
    expected: asked.join(' '),
    found: held.length > 0 ? printable(held.join(' ')) : 'no scope',
  }
}

function missing(name: string, expected = `a claim "${name}"`): CheckFailure {
  return { code: 'CLAIM_MISSING', subject: name, expected, found: 'no such claim' }
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

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
