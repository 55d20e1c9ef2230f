import type { ErrorCode } from '../src/index.ts'
import { publishedKeys } from './differential-keys.ts'
import type { DifferentialCase } from './differential-tokens.ts'

/** A difference to jose that is meant. */
export interface ExplainedDifference {
  readonly rule: string
  readonly rfc: string
  /** Our verdict, and jose's is the other one. */
  readonly ours: ErrorCode | 'accepted' | 'no such key'
  readonly applies: (one: ReadCase) => boolean
}

/** A case, read as leniently as anything can. */
export interface ReadCase extends DifferentialCase {
  readonly parts: readonly string[]
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** The signer's own key, as it is published, or what is published before it. */
  readonly jwk: Readonly<Record<string, unknown>>
}

const MAX_DATE = 8.64e12
const MAX_TOKEN_BYTES = 16_384
const FOREIGN_TYPE = /^(application\/)?(logout|dpop|secevent|id|kb|oauth-authz-req|token-introspection)\+jwt$/i

/** All that may differ. Whatever else does is a fault of ours or of jose's. */
export const EXPLAINED: readonly ExplainedDifference[] = [
  {
    rule: 'a token of more than 16 KiB',
    rfc: 'RFC 8259 section 9: an implementation may set limits on the size of texts',
    ours: 'TOKEN_TOO_LARGE',
    applies: ({ token }) => token.length > MAX_TOKEN_BYTES,
  },
  {
    rule: 'another spelling of the same bytes',
    rfc: 'RFC 7515 section 2 (no padding, no white space), RFC 4648 section 3.5 (unused bits are zero)',
    ours: 'TOKEN_MALFORMED',
    applies: ({ parts }) => !parts.every(isCanonical),
  },
  {
    rule: 'a byte order mark before the JSON',
    rfc: 'RFC 8259 section 8.1: it must not be there, and a parser may ignore it rather than refuse',
    ours: 'TOKEN_MALFORMED',
    applies: ({ parts }) => parts.slice(0, 2).some((text) => textOf(text).startsWith('\ufeff')),
  },
  {
    rule: 'a typ that is no string',
    rfc: 'RFC 7515 section 4.1.9',
    ours: 'TOKEN_MALFORMED',
    applies: ({ header }) => Object.hasOwn(header, 'typ') && typeof header.typ !== 'string',
  },
  {
    rule: 'a typ of another kind of token',
    rfc: 'RFC 8725 sections 3.11 and 3.12',
    ours: 'TYP_NOT_ALLOWED',
    applies: ({ header }) => typeof header.typ === 'string' && FOREIGN_TYPE.test(header.typ),
  },
  {
    rule: 'crit, of which nothing is understood',
    rfc: 'RFC 7515 section 4.1.11',
    ours: 'CRIT_NOT_SUPPORTED',
    applies: ({ header }) => Object.hasOwn(header, 'crit'),
  },
  {
    rule: 'b64 other than true, without crit',
    rfc: 'RFC 7797 sections 6 and 7: crit must name it, and JWTs must not use it',
    ours: 'TOKEN_MALFORMED',
    applies: ({ header }) => Object.hasOwn(header, 'b64') && header.b64 !== true,
  },
  {
    rule: 'an aud with members that are no strings',
    rfc: 'RFC 7519 section 4.1.3',
    ours: 'CLAIM_INVALID',
    applies: ({ claims: { aud } }) => Array.isArray(aud) && aud.some((one) => typeof one !== 'string'),
  },
  {
    rule: 'a sub that is no string',
    rfc: 'RFC 7519 section 4.1.2',
    ours: 'CLAIM_INVALID',
    applies: ({ claims }) => Object.hasOwn(claims, 'sub') && typeof claims.sub !== 'string',
  },
  {
    rule: 'a time beyond all dates',
    rfc: 'RFC 7519 section 2: a NumericDate stands for a date',
    ours: 'CLAIM_INVALID',
    applies: ({ claims: { exp, nbf, iat } }) =>
      [exp, nbf, iat].some((time) => typeof time === 'number' && Math.abs(time) > MAX_DATE),
  },
  {
    rule: 'a key in another spelling of the same bytes',
    rfc: 'RFC 7518 sections 6.2.1.2 and 6.3.1.1: base64url, as RFC 7515 section 2 has it',
    ours: 'no such key',
    applies: ({ jwk: { n, x } }) => [n, x].some((text) => typeof text === 'string' && !isCanonical(text)),
  },
  {
    rule: 'a coordinate that is longer than its curve has it',
    rfc: 'RFC 7518 section 6.2.1.2: its length must be that of the curve',
    ours: 'no such key',
    applies: ({ jwk: { kty, x, y } }) => kty === 'EC' && bytesOf(x).length > bytesOf(y).length,
  },
  {
    rule: 'a key whose kid is no string',
    rfc: 'RFC 7517 section 4.5',
    ours: 'no such key',
    applies: ({ jwk }) => Object.hasOwn(jwk, 'kid') && typeof jwk.kid !== 'string',
  },
  {
    rule: 'a key whose kid is longer than 256 characters',
    rfc: 'RFC 8725 section 3.10: what is made of a kid is bounded',
    ours: 'no such key',
    applies: ({ jwk }) => typeof jwk.kid === 'string' && jwk.kid.length > 256,
  },
  {
    rule: 'an RSA exponent of 1, for which anyone can sign',
    rfc: 'RFC 8017 section 3.1: from 3 to n - 1',
    ours: 'no such key',
    applies: ({ jwk }) => jwk.e === 'AQ',
  },
  {
    rule: 'an Ed25519 point of small order, for which anyone can sign',
    rfc: 'RFC 8725 section 3.4: inputs of cryptography are validated; RFC 8032 section 5.1.7 leaves it to us',
    ours: 'no such key',
    applies: ({ jwk }) => jwk.kty === 'OKP' && jwk.x === `AQ${'A'.repeat(41)}`,
  },
  {
    rule: 'a good key beside what is none',
    rfc: 'RFC 7517 section 5: members of a set that cannot be used are ignored',
    ours: 'accepted',
    applies: ({ jwk }) => jwk.kty === undefined,
  },
  {
    rule: 'a key for signing and verifying',
    rfc: 'RFC 7517 section 4.3: several operations may be named, and verify is among them',
    ours: 'accepted',
    applies: ({ jwk: { key_ops: operations } }) => String(operations) === 'verify,sign',
  },
  {
    rule: 'an ext that is no boolean',
    rfc: 'RFC 7517 section 4: members that it does not define are ignored',
    ours: 'accepted',
    applies: ({ jwk }) => typeof jwk.ext === 'string',
  },
  {
    rule: 'Ed25519 and EdDSA, two names of one algorithm',
    rfc: 'RFC 9864 section 2.2 names Ed25519 what RFC 8037 section 3.1 calls EdDSA',
    ours: 'accepted',
    applies: ({ header, jwk }) => jwk.crv === 'Ed25519' && header.alg !== jwk.alg,
  },
]

// Without a kid, other keys that fit are tried.
const NO_SUCH_KEY = ['KEY_NOT_FOUND', 'SIGNATURE_INVALID']

/** The rule that explains our verdict, or nothing. */
export function explanationOf(one: DifferentialCase, code: string): ExplainedDifference | undefined {
  const read = readCase(one)
  return EXPLAINED.find(
    ({ ours, applies }) => (ours === 'no such key' ? NO_SUCH_KEY.includes(code) : ours === code) && applies(read),
  )
}

/** The rule by which a token may not be accepted, though jose may do so. */
export function ruleAgainst(one: DifferentialCase): string | undefined {
  const read = readCase(one)
  return EXPLAINED.find(({ ours, applies }) => ours !== 'accepted' && applies(read))?.rule
}

function readCase(one: DifferentialCase): ReadCase {
  const parts = one.token.split('.')
  const [header = {}, claims = {}] = parts.map(objectOf)
  const [jwk] = publishedKeys(one.signedBy, one.publication)
  return { ...one, parts, header, claims, jwk: Object(jwk) }
}

function textOf(part: string): string {
  return Buffer.from(part, 'base64').toString('utf8')
}

function objectOf(part: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(textOf(part).replace(/^\ufeff/, '')))
  } catch {
    return {}
  }
}

function isCanonical(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}

function bytesOf(text: unknown): Buffer {
  return Buffer.from(String(text ?? ''), 'base64url')
}
