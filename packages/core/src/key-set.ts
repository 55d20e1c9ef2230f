import type { JWK } from 'jose'
import { type Algorithm, ASYMMETRIC_ALGORITHMS, algorithmFacts, sameAlgorithm } from './algorithms.ts'
import { toHex } from './hex.ts'
import { keyIssuerFits } from './issuer.ts'
import { printable } from './printable.ts'
import { isRecord, withoutUndefined } from './record.ts'
import type { PreparedKey, PublicJwk, SignatureEngine } from './signature/engine.ts'
import { MAX_KID_LENGTH } from './token.ts'
import type { VerifiedToken } from './verified-token.ts'

/** A key that passed its screening and is ready to verify. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly alg: string | undefined
  readonly jwk: PublicJwk
  /** How long an RSA signature is: as long as the modulus. */
  readonly modulusBytes: number | undefined
  /** The tenant or issuer that this key signs for alone, where the key names one. */
  readonly issuer: string | undefined
  /** Seconds since the epoch, from a certificate or the JWK members of OpenID Federation 1.0 section 8.7.2. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  /** What makes this key the same as one of a set loaded earlier. */
  readonly fingerprint: string
  /** The engine's own form, one an algorithm: an RSA key may serve RS256 and PS256. */
  readonly prepared: { readonly [Name in Algorithm]?: PreparedKey }
  /** What a token says of the key that verified it: one object an algorithm, which tokens share. */
  readonly told: { readonly [Name in Algorithm]?: VerifiedToken['key'] }
}

/** A key that is published and not used, and why. */
export interface SkippedKey {
  readonly kid: string | undefined
  readonly reason: string
}

/** The usable keys of one load. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  readonly byKid: ReadonlyMap<string, readonly VerificationKey[]>
  /** Keys that carry no `kid`. */
  readonly unnamed: readonly VerificationKey[]
  /** The keys without a `kid` were configured so, and fit tokens with any. */
  readonly anyKid: boolean
  /** Some of its keys are right for one issuer only, or at some times. */
  readonly varies: boolean
  readonly skipped: readonly SkippedKey[]
}

/** What a token asks of a key. */
export interface KeyNeed {
  readonly kid: string | undefined
  readonly alg: Algorithm
  readonly issuer: string
  /** Where the issuer is one of a pattern's. */
  readonly tenant: string | undefined
  readonly nowSec: number
}

/** What a key set is made from. */
export interface KeySetInput {
  /** The members of `keys`, as they came. */
  readonly jwks: readonly unknown[]
  readonly anyKid: boolean
  readonly maxKeys: number
  /** The set before: keys that are still the same are taken over, prepared as they are. */
  readonly previous: KeySet | undefined
}

/** A token without a `kid` is tried with the keys that fit. Bounded, because each try costs a verification. */
export const MAX_TRIES = 4

/**
 * Screens keys once, when they are loaded (RFC 7517 section 4, RFC 8725 section 3). A key that cannot be used is skipped
 * with its reason, and the rest serves.
 */
export async function screenKeys(engine: SignatureEngine, input: KeySetInput): Promise<KeySet> {
  const keys: VerificationKey[] = []
  const skipped: SkippedKey[] = []
  const earlier = new Map(input.previous?.keys.map((key) => [key.fingerprint, key]))
  const seen = new Set<string>()
  for (const jwk of input.jwks.slice(0, input.maxKeys)) {
    const screened = await screenKey(engine, jwk, earlier)
    if ('reason' in screened) skipped.push(screened)
    else if (!seen.has(screened.fingerprint)) keys.push(screened)
    if ('fingerprint' in screened) seen.add(screened.fingerprint)
  }
  const beyond = input.jwks.length - input.maxKeys
  if (beyond > 0)
    skipped.push({ kid: undefined, reason: `${beyond} more than the ${input.maxKeys} keys that are read` })
  return indexKeys(keys, skipped, input.anyKid)
}

/** A screened key as the JWK that it came from, without members that are not used. */
export function publicJwk({ jwk, kid, alg, issuer, notBefore: nbf, notAfter: exp }: VerificationKey): JWK {
  return withoutUndefined({ ...jwk, kid, alg, issuer, nbf, exp }) as JWK
}

/** Puts screened keys in order for look-up. */
export function indexKeys(keys: readonly VerificationKey[], skipped: readonly SkippedKey[], anyKid: boolean): KeySet {
  const byKid = new Map<string, VerificationKey[]>()
  for (const key of keys) {
    if (key.kid === undefined) continue
    const same = byKid.get(key.kid)
    if (same) same.push(key)
    else byKid.set(key.kid, [key])
  }
  const unnamed = keys.filter((key) => key.kid === undefined)
  return { keys, byKid, unnamed, anyKid, varies: keys.some(varies), skipped }
}

function varies({ issuer, notBefore, notAfter }: VerificationKey): boolean {
  return issuer !== undefined || notBefore !== undefined || notAfter !== undefined
}

/** Whether the set has an answer for this token: then a new load would only repeat it. */
export function knowsKey(set: KeySet, need: KeyNeed): boolean {
  if (need.kid === undefined) return set.keys.some((key) => keyFits(key, need))
  return set.byKid.has(need.kid) || (set.anyKid && set.unnamed.length > 0)
}

/** The keys to try: a `kid` means that key or none; without one, the keys that fit, at most four. */
export function selectKeys(set: KeySet, need: KeyNeed): readonly VerificationKey[] {
  const keys = candidates(set, need.kid)
  const [only] = keys
  if (keys.length === 1 && only && keyFits(only, need)) return keys
  return keys.filter((key) => keyFits(key, need)).slice(0, MAX_TRIES)
}

const NONE: readonly VerificationKey[] = []

function candidates(set: KeySet, kid: string | undefined): readonly VerificationKey[] {
  if (kid === undefined) return set.keys
  return set.byKid.get(kid) ?? (set.anyKid ? set.unnamed : NONE)
}

/** Whether this key may have made a signature of this algorithm for this issuer, now. */
export function keyFits(key: VerificationKey, need: KeyNeed): boolean {
  return unfitness(key, need) === undefined
}

/** Why a key is not the one for a token, or nothing where it is. */
export function unfitness(key: VerificationKey, need: KeyNeed): string | undefined {
  if (!algorithmFits(need.alg, key.jwk)) return `is ${keyKind(key.jwk)}, which ${need.alg} does not use`
  if (key.alg !== undefined && !sameAlgorithm(key.alg, need.alg)) return `is for ${key.alg}, not for ${need.alg}`
  if (key.issuer !== undefined && !keyIssuerFits(key.issuer, need.issuer, need.tenant)) {
    return `signs for ${printable(key.issuer)} alone`
  }
  if (key.notAfter !== undefined && need.nowSec > key.notAfter) return 'has ended (its certificate or "exp")'
  if (key.notBefore !== undefined && need.nowSec < key.notBefore) return 'has not begun (its certificate or "nbf")'
  return undefined
}

/** `RSA`, `EC P-256`: what kind of key it is. */
export function keyKind(jwk: PublicJwk): string {
  return jwk.kty === 'RSA' ? 'RSA' : `${jwk.kty} ${jwk.crv}`
}

function algorithmFits(alg: string, jwk: PublicJwk): boolean {
  const facts = algorithmFacts(alg)
  return facts?.kty === jwk.kty && facts.crv === (jwk.kty === 'RSA' ? undefined : jwk.crv)
}

async function screenKey(
  engine: SignatureEngine,
  value: unknown,
  earlier: ReadonlyMap<string, VerificationKey>,
): Promise<VerificationKey | SkippedKey> {
  if (!isRecord(value)) {
    return { kid: undefined, reason: `is no object but ${printable(value)}` }
  }
  const jwk: Record<string, unknown> = { ...value }
  const kid = typeof jwk.kid === 'string' && jwk.kid.length <= MAX_KID_LENGTH ? jwk.kid : undefined
  const reason = wrongMember(jwk)
  if (reason !== undefined) return { kid, reason }
  const material = publicMaterial(jwk, engine)
  if (typeof material === 'string') return { kid, reason: material }

  const alg = jwk.alg as string | undefined
  if (alg !== undefined && !algorithmFits(alg, material))
    return { kid, reason: `"alg" ${printable(alg)} does not fit ${keyKind(material)}` }
  const key = {
    kid: jwk.kid as string | undefined,
    alg,
    jwk: material,
    issuer: typeof jwk.issuer === 'string' ? jwk.issuer : undefined,
    notBefore: finite(jwk.nbf),
    notAfter: finite(jwk.exp),
  }
  const fingerprint = JSON.stringify(key)
  const held = earlier.get(fingerprint)
  if (held) return held
  const prepared: { [Name in Algorithm]?: PreparedKey } = {}
  const told: { [Name in Algorithm]?: VerifiedToken['key'] } = {}
  try {
    for (const name of ASYMMETRIC_ALGORITHMS) {
      const wanted = alg === undefined ? algorithmFits(name, material) : sameAlgorithm(name, alg)
      if (!wanted) continue
      prepared[name] = await engine.prepareKey(material, name)
      told[name] = tokenKey(key.kid, name, material)
    }
  } catch {
    return { kid, reason: `is no valid ${keyKind(material)} key` }
  }
  const modulusBytes = material.kty === 'RSA' ? engine.decode(material.n)?.length : undefined
  return { ...key, modulusBytes, fingerprint, prepared, told }
}

/** The members that make the key are not enumerable: logs and copies of a token stay as short as they are. */
function tokenKey(kid: string | undefined, alg: Algorithm, jwk: PublicJwk): VerifiedToken['key'] {
  return Object.freeze(
    Object.defineProperty({ kid, alg }, 'jwk', { value: Object.freeze(jwk) }),
  ) as VerifiedToken['key']
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** RFC 7517 section 4: what a member says that makes the key unfit to verify signatures. */
function wrongMember(jwk: Record<string, unknown>): string | undefined {
  const { kty, use, key_ops: operations, kid, alg } = jwk
  if (kty === 'oct') return 'is a symmetric key, which must never be published'
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return `has "kty" ${printable(kty)}, expected RSA, EC or OKP`
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member))) {
    return 'is a PRIVATE key that its provider publishes: whoever reads it can sign tokens'
  }
  if (use !== undefined && use !== 'sig') return `has "use" ${printable(use)}, expected "sig"`
  if (operations !== undefined && !namesVerify(operations)) {
    return `has "key_ops" ${printable(operations)}, expected "verify" among them`
  }
  if (kid !== undefined && !(typeof kid === 'string' && kid.length <= MAX_KID_LENGTH)) {
    return `has "kid" ${printable(kid)}, expected a string of at most ${MAX_KID_LENGTH} characters`
  }
  if (alg !== undefined && (typeof alg !== 'string' || !algorithmFacts(alg))) {
    return `has "alg" ${printable(alg)}, expected one of ${ASYMMETRIC_ALGORITHMS.join(', ')}`
  }
  return undefined
}

/** RFC 7517 section 4.3: texts, none of them twice. */
function namesVerify(operations: unknown): boolean {
  if (!Array.isArray(operations) || new Set(operations).size < operations.length) return false
  return operations.includes('verify') && operations.every((operation) => typeof operation === 'string')
}

/** The members that make the key, checked, or the reason why they make none. */
function publicMaterial(jwk: Record<string, unknown>, engine: SignatureEngine): PublicJwk | string {
  if (jwk.kty === 'RSA') return rsaMaterial(jwk, engine)
  const { crv } = jwk
  const x = decoded(jwk.x, engine)
  const y = decoded(jwk.y, engine)
  if (jwk.kty === 'OKP') {
    if (crv !== 'Ed25519') return `has "crv" ${printable(crv)}, expected Ed25519`
    if (x?.length !== 32) return 'has an "x" that is not 32 bytes'
    return isSmallOrder(x)
      ? 'is an Ed25519 point of small order, for which anyone can sign'
      : { kty: 'OKP', crv, x: jwk.x as string }
  }
  const size = coordinateBytes(crv)
  if (size === undefined) return `has "crv" ${printable(crv)}, expected P-256, P-384 or P-521`
  if (x?.length !== size || y?.length !== size) return `has an "x" or "y" that is not ${size} bytes`
  return { kty: 'EC', crv: crv as string, x: jwk.x as string, y: jwk.y as string }
}

/** How long a coordinate is: half as long as a signature (RFC 7518 section 3.4). */
function coordinateBytes(crv: unknown): number | undefined {
  const facts = ASYMMETRIC_ALGORITHMS.map(algorithmFacts).find((one) => one?.kty === 'EC' && one.crv === crv)
  return facts?.signatureBytes && facts.signatureBytes / 2
}

/** RFC 7518 section 3.3 asks for 2048 bits. With e = 1 every signature is valid, and every common library takes it. */
function rsaMaterial(jwk: Record<string, unknown>, engine: SignatureEngine): PublicJwk | string {
  const published = decoded(jwk.n, engine)
  const exponent = decoded(jwk.e, engine)
  if (!published || !exponent) return 'has an "n" or "e" that is not base64url'
  // Some providers publish a signed integer, with a zero byte before it, against RFC 7518 section 6.3.1.1.
  const modulus = published.subarray(published.findIndex((byte) => byte !== 0) >>> 0)
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < 2048) return `has ${bits} bits, expected at least 2048`
  if (bits > 8192) return `has ${bits} bits, expected at most 8192`
  if (((modulus.at(-1) ?? 0) & 1) === 0) return 'has an even modulus'
  const value = exponent.reduce((sum, byte) => sum * 256 + byte, 0)
  if (value % 2 === 0 || value < 3 || value >= 2 ** 32)
    return `has the exponent ${value}, expected an odd one from 3 to 2^32`
  return { kty: 'RSA', n: engine.encode(modulus), e: jwk.e as string }
}

function decoded(value: unknown, engine: SignatureEngine): Uint8Array | undefined {
  return typeof value === 'string' && value !== '' ? engine.decode(value) : undefined
}

// The y coordinates of the points whose order divides 8, as they are encoded (little-endian), and their spellings that are not
// reduced. The sign bit is left out of the comparison.
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** RFC 8032 section 5.1.7 leaves these to the verifier: signatures can be made for them without a private key. */
function isSmallOrder(x: Uint8Array): boolean {
  return SMALL_ORDER_Y.has(toHex(x.map((byte, index) => (index === 31 ? byte & 0x7f : byte))))
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
