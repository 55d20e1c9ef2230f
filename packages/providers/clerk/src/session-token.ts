import { type CheckFailure, type JwtHeader, ownClaim, printable, type TokenCheck, textClaim } from '@keysource/core'

const SESSION_TOKEN = 'cl_B7d4PD111AAA'
// Some instances stamp this on tokens of every kind: it says nothing.
const ANY_TOKEN = 'cl_I7d4PD111III'
const OTHER_TOKENS: Readonly<Record<string, string>> = {
  cl_B7d4PD222AAA: 'a token of a JWT template',
  cl_B7d4PD333AAA: 'a machine-to-machine token',
}

/** One key signs tokens of every kind. The header names it; where it does not, only session tokens have a session. */
export const isSessionToken: TokenCheck = {
  name: 'cat',
  check(claims, header): CheckFailure | undefined {
    const cat = ownClaim(header, 'cat')
    if (cat === SESSION_TOKEN) return undefined
    if (cat !== undefined && cat !== ANY_TOKEN) {
      const kind = kindOf(header)
      const found = kind === undefined ? printable(cat) : `${printable(cat)}, ${kind}`
      return { code: 'CLAIM_INVALID', subject: 'cat', expected: `"${SESSION_TOKEN}", a session token`, found }
    }
    if (textClaim(claims, 'sid') !== undefined) return undefined
    return { code: 'CLAIM_MISSING', subject: 'sid', expected: "a session token's claim sid", found: 'no such claim' }
  },
}

/** Which other kind of token its header says that this is. */
export function kindOf(header: JwtHeader | undefined): string | undefined {
  return header && OTHER_TOKENS[textClaim(header, 'cat') ?? '']
}

/** A pending session is that of a user who has signed in and is not let in yet. */
export const isActive: TokenCheck = {
  name: 'sts',
  check(claims): CheckFailure | undefined {
    const status = ownClaim(claims, 'sts')
    if (status === undefined || status === 'active') return undefined
    return { code: 'CLAIM_INVALID', subject: 'sts', expected: '"active" or no sts', found: printable(status) }
  },
}
