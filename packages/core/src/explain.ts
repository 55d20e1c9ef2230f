import type { Algorithm } from './algorithms.ts'
import { type CheckFailure, failure, isFailure } from './check-failure.ts'
import { checkScopes } from './claims.ts'
import { storeOf } from './composition.ts'
import { ConfigError, type ErrorCode, isKeysourceError, type KeysourceError, messageOf } from './errors.ts'
import type { InspectedKey } from './key-cache/key-store.ts'
import type { VerificationKey } from './key-set.ts'
import { printable } from './printable.ts'
import { withoutUndefined } from './record.ts'
import { validate } from './standard-schema.ts'
import type { JwtClaims, JwtHeader, ParsedToken } from './token.ts'
import {
  type Attempt,
  begin,
  findKeys,
  findVerifyingKey,
  refused,
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
  const claims = attempt && key ? await claimChecks(context, attempt) : notReached(context, attempt)
  const failedClaim = claims.find(({ outcome }) => outcome === 'failed')
  const error = proof.error ?? (failedClaim && attempt && refused(failedClaim as CheckFailure, attempt))
  const token = attempt?.token ?? readable(context, jwt)
  const composed = attempt?.route.composed
  return {
    valid: error === undefined,
    provider: composed?.provider.name ?? error?.provider,
    checks: [...proofChecks(proof.error), ...claims],
    code: error?.code,
    message: error?.message,
    hint: error?.hint,
    keys: attempt && composed ? storeOf(composed, attempt.route.issuer).inspect(attempt.inquiry) : [],
    key: attempt && key && { kid: key.kid, alg: attempt.inquiry.alg },
    header: token?.header,
    claims: token?.claims,
  }
}

/** How far a token came on its way to being believed. */
interface Proof {
  readonly attempt?: Attempt | undefined
  /** The key whose signature held. */
  readonly key?: VerificationKey
  readonly error?: KeysourceError
}

async function prove(context: VerificationContext, jwt: unknown, call: VerifyOptions): Promise<Proof> {
  let attempt: Attempt | undefined
  try {
    attempt = begin(context, jwt, call)
    const keys = await findKeys(context, attempt)
    return { attempt, key: await findVerifyingKey(context.engine.verify, attempt, keys) }
  } catch (error) {
    return { attempt, error: asKeysourceError(error) }
  }
}

// The checks before the claims are believed, in order, and those that have a code of their own to refuse with.
const PROOF_CHECKS = ['shape', 'algorithm', 'issuer', 'key', 'signature']
const CHECK_OF: { readonly [Code in ErrorCode]?: string } = {
  ALG_NOT_ALLOWED: 'algorithm',
  ISSUER_UNKNOWN: 'issuer',
  KEY_NOT_FOUND: 'key',
  SIGNATURE_INVALID: 'signature',
}

function proofChecks(error: KeysourceError | undefined): ExplainedCheck[] {
  const failed = error && PROOF_CHECKS.indexOf(CHECK_OF[error.code] ?? (error.kind === 'keys' ? 'key' : 'shape'))
  return PROOF_CHECKS.map((name, index) => {
    if (failed !== undefined && index > failed) return { name, outcome: 'not-reached' }
    return explained(name, index === failed ? error : undefined)
  })
}

/** What a check came to. */
function explained(name: string, fault: CheckFailure | KeysourceError | undefined): ExplainedCheck {
  if (!fault) return { name, outcome: 'passed' }
  const { code, subject, expected, found } = fault
  return { name, outcome: 'failed', ...withoutUndefined({ code, subject, expected, found }) }
}

/** The claims are the issuer's now, so each check is made, also after one that failed. */
async function claimChecks(context: VerificationContext, attempt: Attempt): Promise<readonly ExplainedCheck[]> {
  const { rules } = attempt.route.composed
  const token = signedToken(context, attempt)
  return [
    ...rules.steps.map(({ name, check }) => attemptCheck(name, () => check(token, rules))),
    ...(rules.schema ? [explained('schema', await schemaFailure(attempt))] : []),
    attemptCheck('scopes', () => scopeFailure(attempt)),
  ]
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
function attemptCheck(name: string, check: () => CheckFailure | undefined): ExplainedCheck {
  try {
    return explained(name, check())
  } catch (error) {
    return explained(name, faulty(name, error))
  }
}

function faulty(name: string, error: unknown): CheckFailure {
  return failure('CLAIM_INVALID', name, 'a check that ends', `one that threw: ${printable(messageOf(error))}`)
}

function notReached(context: VerificationContext, attempt: Attempt | undefined): readonly ExplainedCheck[] {
  const [only, another] = context.composition.providers
  const composed = attempt?.route.composed ?? (another ? undefined : only)
  const steps = composed?.rules.steps ?? [{ name: 'time' }, { name: 'audience' }]
  return [...steps, { name: 'scopes' }].map(({ name }) => ({ name, outcome: 'not-reached' }))
}

function readable(context: VerificationContext, jwt: unknown): ParsedToken | undefined {
  const token = context.read(jwt)
  return isFailure(token) ? undefined : token
}

function asKeysourceError(error: unknown): KeysourceError {
  if (isKeysourceError(error)) return error
  return new ConfigError('CONFIG_INVALID', `the check threw: ${printable(messageOf(error))}`)
}
