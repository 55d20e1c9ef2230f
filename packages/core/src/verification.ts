import { type Algorithm, algorithmFacts } from './algorithms.ts'
import { type CheckFailure, failure, isCheckFailure, isFailure } from './check-failure.ts'
import { checkScopes, type SignedToken } from './claims.ts'
import type { Clock } from './clock.ts'
import { type ComposedProvider, type Composition, issuerUnknown, type Route, storeOf } from './composition.ts'
import { ConfigError, configInvalid, KeysError, type KeysourceError } from './errors.ts'
import type { Inquiry, KeyAnswer } from './key-cache/key-store.ts'
import type { VerificationKey } from './key-set.ts'
import { missingKey } from './missing-key.ts'
import { oneOf, printable } from './printable.ts'
import { isPromise } from './promise.ts'
import { refusalOf, unavailableFor } from './refusal.ts'
import type { PreparedKey, SignatureEngine } from './signature/engine.ts'
import { type SchemaVerdict, validate } from './standard-schema.ts'
import { algorithmFailure, type JwtClaims, type ParsedToken } from './token.ts'
import type { VerifiedToken } from './verified-token.ts'
import { checkVerifyOptions, type VerifyOptions } from './verifier-options.ts'

/** What every verification of one verifier shares. */
export interface VerificationContext {
  readonly engine: SignatureEngine
  readonly clock: Clock
  readonly composition: Composition
  readonly read: (jwt: unknown) => ParsedToken | CheckFailure
  /** Counts the loads of all sources. */
  readonly loads: { readonly begun: number }
  readonly closing: AbortSignal
}

/** A token on its way: whose it is, and what it asks of the keys. */
export interface Attempt {
  readonly token: ParsedToken
  readonly route: Route
  readonly inquiry: Inquiry
  readonly call: VerifyOptions
}

/** Steps 1 to 3: size, shape, header, issuer, and the algorithm on the issuer's own list. No request before they hold. */
export function begin(context: VerificationContext, jwt: unknown, call: VerifyOptions): Attempt {
  if (context.closing.aborted) throw context.closing.reason
  checkVerifyOptions(call)
  throwIfAborted(call.signal)
  const only = call.provider === undefined ? undefined : namedProvider(context, call.provider)
  const candidates = only ? [only] : context.composition.providers

  const token = context.read(jwt)
  if (isFailure(token)) throw refusalOf(token, { candidates })
  const route = routeOf(context, token, only)
  if (isFailure(route)) throw refusalOf(route, { token, candidates })
  const { composed, issuer, tenant } = route
  const { alg, kid } = token.header
  if (!composed.algorithms.has(alg)) {
    throw refusalOf(algorithmFailure(alg, composed.algorithms), { composed, token, candidates })
  }
  const inquiry: Inquiry = {
    kid,
    alg: alg as Algorithm,
    issuer,
    tenant,
    nowSec: context.clock.now() / 1000,
    loadsBefore: context.loads.begun,
    waitUntil: call.waitUntil,
  }
  return { token, route, inquiry, call }
}

function namedProvider({ composition }: VerificationContext, name: string): ComposedProvider {
  const composed = composition.named(name)
  if (composed) return composed
  const names = composition.providers.map(({ provider }) => provider.name)
  throw configInvalid('verify', 'provider', oneOf(names), printable(name))
}

function routeOf(
  { composition }: VerificationContext,
  token: ParsedToken,
  only: ComposedProvider | undefined,
): Route | CheckFailure {
  const route = composition.route(token.claims)
  if (isFailure(route) || !only || route.composed === only) return route
  return issuerUnknown(only.issuers, route.issuer)
}

// Each round ends with a load that ended, so few are ever needed. The bound is for sources that behave like none of ours.
const MAX_ROUNDS = 32

/** Step 4: the keys to try. A promise only where there is no way but to wait for a load. */
export function findKeys(
  context: VerificationContext,
  attempt: Attempt,
): readonly VerificationKey[] | Promise<readonly VerificationKey[]> {
  const { composed, issuer } = attempt.route
  const answer = storeOf(composed, issuer).ask(attempt.inquiry)
  return 'wait' in answer ? waitForKeys(context, attempt, answer.wait) : keysFrom(answer, attempt)
}

async function waitForKeys(
  context: VerificationContext,
  attempt: Attempt,
  wait: Promise<void>,
): Promise<readonly VerificationKey[]> {
  const { composed, issuer } = attempt.route
  let load = wait
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await untilAborted(load, attempt.call.signal)
    if (context.closing.aborted) throw context.closing.reason
    const answer = storeOf(composed, issuer).ask(attempt.inquiry)
    if (!('wait' in answer)) return keysFrom(answer, attempt)
    load = answer.wait
  }
  throw unavailableFor(new KeysError('KEYS_UNAVAILABLE', 'the key source answers, but never with this key'), composed)
}

/** Step 4 from what is held. A refresh that is due is started, and not waited for. */
export function findKeysSync(attempt: Attempt): readonly VerificationKey[] {
  const { composed, issuer } = attempt.route
  const answer = storeOf(composed, issuer).ask(attempt.inquiry)
  if (!('wait' in answer)) return keysFrom(answer, attempt)
  const message = 'verifySync would have to wait for keys: call ready() first, or use verify'
  throw unavailableFor(new KeysError('KEYS_NOT_LOADED', message, { retryAfterSec: 1 }), composed)
}

function keysFrom(answer: Exclude<KeyAnswer, { wait: unknown }>, attempt: Attempt): readonly VerificationKey[] {
  const { composed } = attempt.route
  if ('unavailable' in answer) throw unavailableFor(answer.unavailable, composed)
  if ('missing' in answer) throw refused(missingKey(attempt.inquiry, answer.missing), attempt)
  if (answer.keys.length === 0) throw refused(missingKey(attempt.inquiry, answer.set), attempt)
  return answer.keys
}

/** Step 5: the key that made the signature. A promise only where `verify`, the engine's, makes one. */
export function findVerifyingKey<Verdict extends boolean | Promise<boolean>>(
  verify: (key: PreparedKey, signingInput: string, signature: Uint8Array) => Verdict,
  attempt: Attempt,
  keys: readonly VerificationKey[],
  from = 0,
): VerificationKey | (Verdict extends boolean ? never : Promise<VerificationKey>) {
  const { alg } = attempt.inquiry
  const { signingInput, signature } = attempt.token
  for (let index = from; index < keys.length; index++) {
    const key = keys[index] as VerificationKey
    const prepared = key.prepared[alg]
    if (!prepared || !hasLengthFor(alg, key, signature)) continue
    const verdict: boolean | Promise<boolean> = verify(prepared, signingInput, signature)
    if (verdict === true) return key
    if (verdict === false) continue
    // One of this realm, whatever the engine's is.
    return Promise.resolve(verdict).then((holds) =>
      holds === true ? key : findVerifyingKey(verify, attempt, keys, index + 1),
    ) as never
  }
  throw refused(signatureFailure(keys, attempt), attempt)
}

/** RFC 7518 sections 3.3 to 3.5: no other length can hold, and DER in place of R‖S is refused without trying. */
function hasLengthFor(alg: Algorithm, key: VerificationKey, signature: Uint8Array): boolean {
  return signature.length === signatureLength(alg, key)
}

function signatureLength(alg: Algorithm, key: VerificationKey): number {
  return algorithmFacts(alg)?.signatureBytes ?? key.modulusBytes ?? 0
}

const ANOTHER = 'another: the token was changed, or another key signed it'

function signatureFailure(keys: readonly VerificationKey[], { token, inquiry }: Attempt): CheckFailure {
  const names = keys.map(({ kid }) => (kid === undefined ? 'the key without a kid' : printable(kid)))
  const expected = `one made with ${[...new Set(names)].join(' or ')} over this header and payload`
  const { length } = token.signature
  const due = Math.min(...keys.map((key) => signatureLength(inquiry.alg, key)))
  const found = length < due ? `${length} bytes, where ${due} are due: it was cut off` : ANOTHER
  return failure('SIGNATURE_INVALID', 'signature', expected, found)
}

/** Steps 6 and 7: what the claims say, now that they are known to be the issuer's. A promise only for a schema that makes one. */
export function checkClaims(
  context: VerificationContext,
  attempt: Attempt,
  key: VerificationKey,
): VerifiedToken | Promise<VerifiedToken> {
  const { schema } = attempt.route.composed.rules
  const fault = claimsFailure(context, attempt)
  if (fault) throw refused(fault, attempt)
  if (!schema) return conclude(attempt, key, attempt.token.claims)
  const verdict = validate(schema, attempt.token.claims)
  return isPromise(verdict)
    ? verdict.then((late) => conclude(attempt, key, claimsFrom(late, attempt)))
    : conclude(attempt, key, claimsFrom(verdict, attempt))
}

/** What the claim steps judge. */
export function signedToken(context: VerificationContext, { token, route, call }: Attempt): SignedToken {
  return {
    claims: token.claims,
    header: token.header,
    nowSec: context.clock.now() / 1000,
    tenant: route.tenant,
    alsoAudience: call.audience === undefined ? undefined : [call.audience].flat(),
  }
}

function claimsFailure(context: VerificationContext, attempt: Attempt): CheckFailure | undefined {
  const signed = signedToken(context, attempt)
  const { rules } = attempt.route.composed
  for (const { check } of rules.steps) {
    const fault: unknown = check(signed, rules)
    if (fault === undefined) continue
    if (isCheckFailure(fault)) return fault
    throw new TypeError(`expected undefined or a failure, found ${printable(fault)}`)
  }
  return undefined
}

function claimsFrom(verdict: SchemaVerdict, attempt: Attempt): Readonly<Record<string, unknown>> {
  const { claims } = attempt.token
  if ('value' in verdict) return typeof verdict.value === 'object' ? { ...claims, ...verdict.value } : claims
  throw refused(schemaRefusal(verdict), attempt)
}

/** What a schema found wrong, as a refusal that names the path. */
export function schemaRefusal({ path, message }: { readonly path: string; readonly message: string }): CheckFailure {
  return failure('CLAIM_INVALID', path || 'claims', 'what the schema asks for', printable(message, 200))
}

function conclude(attempt: Attempt, key: VerificationKey, claims: Readonly<Record<string, unknown>>): VerifiedToken {
  const { route, token, call, inquiry } = attempt
  const { provider } = route.composed
  const signed = claims as JwtClaims
  const identity = provider.identify(signed)
  if (call.scopes !== undefined) {
    const missing = checkScopes(identity.scopes, [call.scopes].flat())
    if (missing) throw refused(missing, attempt)
  }
  return {
    provider: provider.name,
    issuer: route.issuer,
    subject: identity.subject,
    clientId: identity.clientId,
    scopes: identity.scopes,
    tenant: identity.tenant,
    // Not from `claims`, where a schema may have made a date of it.
    expiresAt: token.claims.exp as number,
    claims: signed,
    header: token.header,
    key: key.told[inquiry.alg] as VerifiedToken['key'],
  }
}

/** The refusal of a token whose provider is known. */
export function refused(fault: CheckFailure, { route, token }: Attempt): KeysourceError {
  return refusalOf(fault, { composed: route.composed, token, candidates: [] })
}

/** A synchronous call that cannot be served. */
export function syncNotSupported(why: string): ConfigError {
  return new ConfigError('SYNC_NOT_SUPPORTED', `verifySync: expected a synchronous check, but ${why}: use verify`)
}

/** The error of a call whose own signal ended it. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ConfigError('ABORTED', 'the call was aborted by its signal', { cause: signal.reason })
}

/** Waits, but no longer than the caller does. */
export async function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work
  let onAbort = (): void => {}
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve
    signal.addEventListener('abort', onAbort, { once: true })
  })
  await Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
  throwIfAborted(signal)
}
