import type { Algorithm } from './algorithms.ts'
import { type CheckFailure, isFailure } from './check-failure.ts'
import { checkScopes } from './claims.ts'
import { storeOf } from './composition.ts'
import { ConfigError, type ErrorCode, isKeysourceError, type KeysourceError } from './errors.ts'
import type { InspectedKey } from './key-cache/key-store.ts'
import type { VerificationKey } from './key-set.ts'
import { printable } from './printable.ts'
import { refusalOf } from './refusal.ts'
import { validate } from './standard-schema.ts'
import type { JwtClaims, JwtHeader, ParsedToken } from './token.ts'
import {
  type Attempt,
  begin,
  findKeys,
  findVerifyingKey,
  schemaRefusal,
  signedToken,
  type VerificationContext,
} from './verification.ts'
import type { VerifyOptions } from './verifier-options.ts'

/** What became of each check of a token. It is safe to show to the token's owner: it holds no key material and no secret. */
export interface Explanation {
  /** Whether `verify` takes the token. */
  readonly valid: boolean
  /** The composed provider that its issuer belongs to. */
  readonly provider: string | undefined
  /** Every check, in the order in which they are made. */
  readonly checks: readonly ExplainedCheck[]
  /** The first check that failed: what `verify` rejects with. */
  readonly code: ErrorCode | undefined
  readonly message: string | undefined
  /** What usually causes this, with this provider. */
  readonly hint: string | undefined
  /** Every key that is held for the token's issuer, and why it is not the one, where it is not. */
  readonly keys: readonly InspectedKey[]
  /** The key whose signature held. */
  readonly key: { readonly kid: string | undefined; readonly alg: Algorithm } | undefined
  /** As the token has them. Believe the claims only where the check `signature` passed. */
  readonly header: JwtHeader | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
}

/** One check. */
export interface ExplainedCheck {
  /** `shape`, `algorithm`, `issuer`, `key`, `signature`, `time`, `audience`, `type`, `claims`, the provider's own, `schema`, `scopes`. */
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'not-reached'
  readonly code?: ErrorCode
  /** The claim or header member. */
  readonly subject?: string
  readonly expected?: string
  readonly found?: string
}

/** Makes every check of `verify`, and says what became of each. Never rejects. */
export async function explainToken(
  context: VerificationContext,
  jwt: unknown,
  call: VerifyOptions,
): Promise<Explanation> {
  const proof = await prove(context, jwt, call)
  const { attempt, key } = proof
  const claims = attempt && key ? await claimChecks(context, attempt) : undefined
  const failedClaim = claims?.find(({ failure }) => failure)?.failure
  const failure = proof.failure ?? (failedClaim && attempt && errorFor(failedClaim, attempt))
  const token = attempt?.token ?? readable(context, jwt)
  const composed = attempt?.route.composed
  return {
    valid: failure === undefined,
    provider: composed?.provider.name ?? failure?.provider,
    checks: [...proofChecks(proof.failure), ...(claims ?? notReached(context, attempt)).map(explained)],
    code: failure?.code,
    message: failure?.message,
    hint: failure?.hint,
    keys: attempt && composed ? storeOf(composed, attempt.route.issuer).inspect(attempt.inquiry) : [],
    key: attempt && key && { kid: key.kid, alg: attempt.inquiry.alg },
    header: token?.header,
    claims: token?.claims,
  }
}

/** How far a token came on its way to being believed. */
interface Proof {
  readonly attempt: Attempt | undefined
  /** The key whose signature held. */
  readonly key: VerificationKey | undefined
  readonly failure: KeysourceError | undefined
}

async function prove(context: VerificationContext, jwt: unknown, call: VerifyOptions): Promise<Proof> {
  let attempt: Attempt | undefined
  try {
    attempt = begin(context, jwt, call)
    const keys = await findKeys(context, attempt)
    return { attempt, key: await findVerifyingKey(context, attempt, keys), failure: undefined }
  } catch (error) {
    return { attempt, key: undefined, failure: asKeysourceError(error) }
  }
}

// The checks before the claims are believed, each with the codes that it refuses with.
const PROOF_CHECKS: readonly (readonly [name: string, ...codes: ErrorCode[]])[] = [
  ['shape', 'TOKEN_MALFORMED', 'TOKEN_TOO_LARGE', 'CRIT_NOT_SUPPORTED', 'CONFIG_INVALID', 'CLOSED', 'ABORTED'],
  ['algorithm', 'ALG_NOT_ALLOWED'],
  ['issuer', 'ISSUER_UNKNOWN'],
  ['key', 'KEY_NOT_FOUND', 'KEYS_UNAVAILABLE', 'DISCOVERY_FAILED', 'DISCOVERY_MISMATCH', 'KEYS_NOT_LOADED'],
  ['signature', 'SIGNATURE_INVALID'],
]

function proofChecks(failure: KeysourceError | undefined): ExplainedCheck[] {
  const failed = failure ? PROOF_CHECKS.findIndex(([, ...codes]) => codes.includes(failure.code)) : PROOF_CHECKS.length
  return PROOF_CHECKS.map(([name], index) => {
    if (index !== failed) return { name, outcome: index < failed ? 'passed' : 'not-reached' }
    const { code, subject, expected, found } = failure as KeysourceError
    return { name, outcome: 'failed', code, ...given({ subject, expected, found }) }
  })
}

/** A check on claims, and what it found. */
interface ClaimResult {
  readonly name: string
  readonly reached: boolean
  readonly failure?: CheckFailure | undefined
}

/** The claims are the issuer's now, so each check is made, also after one that failed. */
async function claimChecks(context: VerificationContext, attempt: Attempt): Promise<readonly ClaimResult[]> {
  const { composed } = attempt.route
  const token = signedToken(context, attempt)
  const results = composed.rules.steps.map(({ name, check }) => ({
    name,
    reached: true,
    failure: attemptCheck(name, () => check(token, composed.rules)),
  }))
  const schema = composed.rules.schema ? [{ name: 'schema', reached: true, failure: await schemaFailure(attempt) }] : []
  const scopes = { name: 'scopes', reached: true, failure: attemptCheck('scopes', () => scopeFailure(attempt)) }
  return [...results, ...schema, scopes]
}

async function schemaFailure({ route, token }: Attempt): Promise<CheckFailure | undefined> {
  const { schema } = route.composed.rules
  try {
    const verdict = schema && (await validate(schema, token.claims))
    return verdict && 'path' in verdict ? schemaRefusal(verdict) : undefined
  } catch (error) {
    return faulty('schema', error)
  }
}

function scopeFailure({ route, token, call }: Attempt): CheckFailure | undefined {
  if (call.scopes === undefined) return undefined
  return checkScopes(route.composed.provider.identify(token.claims as JwtClaims).scopes, [call.scopes].flat())
}

/** A provider's own code may take a claim for granted, and throw. */
function attemptCheck(name: string, check: () => CheckFailure | undefined): CheckFailure | undefined {
  try {
    return check()
  } catch (error) {
    return faulty(name, error)
  }
}

function faulty(name: string, error: unknown): CheckFailure {
  const found = `one that threw: ${printable((error as Partial<Error> | undefined)?.message ?? error)}`
  return { code: 'CLAIM_INVALID', subject: name, expected: 'a check that ends', found }
}

function notReached(context: VerificationContext, attempt: Attempt | undefined): readonly ClaimResult[] {
  const [only] = context.composition.providers.length === 1 ? context.composition.providers : []
  const steps = (attempt?.route.composed ?? only)?.rules.steps ?? [{ name: 'time' }, { name: 'audience' }]
  return [...steps, { name: 'scopes' }].map(({ name }) => ({ name, reached: false }))
}

function explained({ name, reached, failure }: ClaimResult): ExplainedCheck {
  if (!failure) return { name, outcome: reached ? 'passed' : 'not-reached' }
  const { code, subject, expected, found } = failure
  return { name, outcome: 'failed', code, subject, expected, found }
}

function errorFor(failure: CheckFailure, { route, token }: Attempt): KeysourceError {
  return refusalOf(failure, { composed: route.composed, token, candidates: [] })
}

function readable(context: VerificationContext, jwt: unknown): ParsedToken | undefined {
  const token = context.read(jwt)
  return isFailure(token) ? undefined : token
}

function asKeysourceError(error: unknown): KeysourceError {
  if (isKeysourceError(error)) return error
  return new ConfigError(
    'CONFIG_INVALID',
    `the check threw: ${printable((error as Partial<Error> | undefined)?.message ?? error)}`,
  )
}

/** The members that have a value. */
function given<T extends object>(members: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never
}
