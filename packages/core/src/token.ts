import { algorithmFacts } from './algorithms.ts'
import { type CheckFailure, failure, isFailure } from './check-failure.ts'
import { oneOf, printable } from './printable.ts'
import { isRecord } from './record.ts'
import type { SignatureEngine } from './signature/engine.ts'

/** The header of a JWS (RFC 7515 section 4.1). */
export interface JwtHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
  readonly [member: string]: unknown
}

/** The claims of a JWT (RFC 7519 section 4.1). Times are seconds since the epoch. */
export interface JwtClaims {
  readonly iss: string
  readonly exp: number
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly [claim: string]: unknown
}

/** A token that has the shape of one. Nothing in it is proved yet. */
export interface ParsedToken {
  readonly header: JwtHeader
  readonly claims: Readonly<Record<string, unknown>>
  /** What was signed: the first two parts with the dot between. */
  readonly signingInput: string
  readonly signature: Uint8Array
}

/** How long a `kid` may be. A longer one is no key's name but somebody's payload. */
export const MAX_KID_LENGTH = 256

const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/
// An issuer has few headers, each sent with thousands of tokens. Bounded, because strangers send headers too.
const MAX_HEADERS = 256
const MAX_REMEMBERED_LENGTH = 1024

/**
 * Reads compact JWS: size, shape and header (RFC 7515 section 7.1, RFC 8725 section 3). What it returns is well formed
 * and names an algorithm that some composed provider allows; nothing of it is proved.
 */
export function tokenReader(
  engine: SignatureEngine,
  algorithms: ReadonlySet<string>,
  maxTokenBytes: number,
): (jwt: unknown) => ParsedToken | CheckFailure {
  const readHeader = headerReader(engine, algorithms)

  function parse(jwt: string, headerEnd: number, payloadEnd: number): ParsedToken | CheckFailure {
    const checked = readHeader(jwt.slice(0, headerEnd))
    if (isFailure(checked)) return checked

    const payload = jwt.slice(headerEnd + 1, payloadEnd)
    const signature = jwt.slice(payloadEnd + 1)
    if (signature === '') return malformed('signature', 'a signature', 'an empty third part')
    if (!isCanonical(payload)) return notCanonical('payload')
    if (!isCanonical(signature)) return notCanonical('signature')
    const claims = readObject(engine, payload)
    if (!claims) return notAnObject('payload')
    const bytes = engine.decode(signature)
    if (!bytes) return misshapen(jwt)
    return { header: checked.header, claims, signingInput: jwt.slice(0, payloadEnd), signature: bytes }
  }

  return (jwt) => {
    if (typeof jwt !== 'string') return malformed('token', 'a string', printable(jwt))
    if (jwt.length > maxTokenBytes)
      return failure('TOKEN_TOO_LARGE', 'token', `at most ${maxTokenBytes} bytes`, `${jwt.length} bytes`)
    const headerEnd = jwt.indexOf('.')
    const payloadEnd = jwt.indexOf('.', headerEnd + 1)
    const hasThreeParts = headerEnd > 0 && payloadEnd > headerEnd + 1 && jwt.indexOf('.', payloadEnd + 1) === -1
    if (!hasThreeParts) return misshapen(jwt)
    const token = parse(jwt, headerEnd, payloadEnd)
    // The parts are held to their alphabet as they are decoded. Of several faults, the shape's comes first.
    return isFailure(token) && !COMPACT_JWS.test(jwt) ? misshapen(jwt) : token
  }
}

/** A header that passed its checks. Wrapped, so that no member of it can be taken for something else. */
interface CheckedHeader {
  readonly header: JwtHeader
}

function headerReader(
  engine: SignatureEngine,
  algorithms: ReadonlySet<string>,
): (part: string) => CheckedHeader | CheckFailure {
  const remembered = new Map<string, CheckedHeader>()
  return (part) => {
    const known = remembered.get(part)
    if (known) return known
    if (!isCanonical(part)) return notCanonical('header')
    const header = readObject(engine, part)
    if (!header) return notAnObject('header')
    const fault = checkHeader(header, algorithms)
    if (fault) return fault
    const checked = { header: header as JwtHeader }
    if (part.length <= MAX_REMEMBERED_LENGTH && isFlat(header)) {
      if (remembered.size >= MAX_HEADERS) remembered.clear()
      remembered.set(part, checked)
      Object.freeze(header) // it is shared by all tokens that have it
    }
    return checked
  }
}

/** RFC 7515 section 4.1, RFC 7797 section 7, RFC 8725 sections 3.1 and 3.10. `jwk`, `jku`, `x5u` and `x5c` are never read. */
function checkHeader(
  header: Readonly<Record<string, unknown>>,
  algorithms: ReadonlySet<string>,
): CheckFailure | undefined {
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || !algorithms.has(alg)) return algorithmFailure(alg, algorithms)
  if (Object.hasOwn(header, 'crit')) {
    return failure('CRIT_NOT_SUPPORTED', 'crit', 'no critical extension', printable(header.crit))
  }
  if (Object.hasOwn(header, 'b64') && header.b64 !== true) {
    return malformed('b64', 'true or absent (RFC 7797 section 7)', printable(header.b64))
  }
  if (Object.hasOwn(header, 'kid') && (typeof kid !== 'string' || kid.length > MAX_KID_LENGTH)) {
    const found = typeof kid === 'string' ? `${kid.length} characters` : printable(kid)
    return malformed('kid', `a string of at most ${MAX_KID_LENGTH} characters`, found)
  }
  if (Object.hasOwn(header, 'typ') && typeof typ !== 'string') return malformed('typ', 'a string', printable(typ))
  return undefined
}

/** The refusal of an algorithm that is not on a list: the verifier's whole list, or one provider's. */
export function algorithmFailure(alg: unknown, algorithms: Iterable<string>): CheckFailure {
  const known = typeof alg === 'string' && algorithmFacts(alg) !== undefined
  const expected = `${oneOf(algorithms, 12)}${known ? '' : ' (asymmetric algorithms only)'}`
  return failure('ALG_NOT_ALLOWED', 'alg', expected, printable(alg))
}

/** A JSON object in UTF-8, or nothing. `JSON.parse` makes `__proto__` an own member like any other. */
function readObject(engine: SignatureEngine, part: string): Readonly<Record<string, unknown>> | undefined {
  const text = engine.decodeText(part)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined // what it holds is a stranger's, so there is nothing to say but that it is not JSON
  }
}

// Base64url has one spelling for each byte string, except that the last character may carry bits that no byte uses.
const LOW_2_BITS_SET = /[^AEIMQUYcgkosw048]$/
const LOW_4_BITS_SET = /[^AQgw]$/

/** RFC 4648 section 3.5: no length that no byte string has, and unused bits are zero. The alphabet is checked already. */
function isCanonical(part: string): boolean {
  const rest = part.length % 4
  if (rest === 0) return true
  return rest !== 1 && !(rest === 2 ? LOW_4_BITS_SET : LOW_2_BITS_SET).test(part.slice(-1))
}

function malformed(subject: string, expected: string, found: string): CheckFailure {
  return failure('TOKEN_MALFORMED', subject, expected, found)
}

function notCanonical(part: string): CheckFailure {
  return malformed(
    part,
    'canonical base64url (RFC 4648 section 3.5)',
    'a spelling that no bytes have: it was cut off, or changed',
  )
}

function notAnObject(part: string): CheckFailure {
  return malformed(part, 'a JSON object in UTF-8', 'something else')
}

/** Says what the text is instead of a token, without repeating it. */
function misshapen(jwt: string): CheckFailure {
  const expected = 'three base64url parts with dots between (a signed JWT)'
  const parts = jwt.split('.').length
  const shape = malformed('token', expected, whatElse(jwt, parts))
  // A provider may take one part for its opaque token. This is nobody's.
  return NO_TOKEN.test(jwt) ? shape : { ...shape, parts }
}

// Nothing, what JavaScript makes of a variable without a value, or what RFC 6750 section 2.1 allows in no token.
const NO_TOKEN = /^$|^undefined$|^null$|[^\w.~+/=-]/

function whatElse(jwt: string, parts: number): string {
  if (jwt === '') return 'an empty string'
  if (/^bearer\s/i.test(jwt)) return 'the whole Authorization header value: pass what follows "Bearer "'
  if (/^["']/.test(jwt)) return 'quotation marks around it'
  if (/\s/.test(jwt)) return 'white space in the token'
  if (jwt === 'undefined' || jwt === 'null') return `the text "${jwt}": whoever sent it has no token`
  if (parts === 1) return 'one part: an opaque token, or not a token at all'
  if (parts === 5) return 'five parts: an encrypted token (JWE)'
  if (parts === 2) return 'two parts: it was cut off, or has no signature'
  if (parts !== 3) return `${parts} parts`
  return jwt.includes('=') ? 'padding ("=")' : 'an empty part, or characters that are not base64url'
}

/** Whether freezing it freezes all of it. */
function isFlat(header: Readonly<Record<string, unknown>>): boolean {
  return Object.values(header).every((value) => typeof value !== 'object' || value === null)
}
