import assert from 'node:assert/strict'
import type { Algorithm, KeysourceError, TokenErrorCode } from '@keysource/core'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { StandIn } from '../stand-in.ts'
import { nowSec, signToken } from '../token.ts'
import { type Subject, withSubject } from './subject.ts'
import type { ConformanceTest, RunningSuite } from './suite.ts'

/** A token that every provider refuses. Its twin is the usual token. */
interface RefusalCase {
  readonly title: string
  /** One of these: where two checks would refuse it, either may come first. */
  readonly codes: readonly TokenErrorCode[]
  readonly token: <S extends StandIn>(subject: Subject<S>, running: RunningSuite<S>) => Promise<string>
  /** It is refused for its shape, header or issuer, so no key is asked for. */
  readonly quiet?: boolean
}

const HOUR = 3600

const CASES: readonly RefusalCase[] = [
  ...unknownIssuers(),
  {
    title: 'a token without an issuer',
    codes: ['ISSUER_UNKNOWN'],
    token: ({ issue }) => issue({ iss: undefined }),
    quiet: true,
  },
  {
    title: 'a signature of a key that was never published',
    codes: ['SIGNATURE_INVALID'],
    token: ({ forge }) => forge(),
  },
  {
    title: 'a token whose last four characters were changed',
    codes: ['SIGNATURE_INVALID', 'TOKEN_MALFORMED'],
    token: async ({ issue }) => otherEnding(await issue()),
  },
  {
    title: 'other claims under a good signature',
    codes: ['SIGNATURE_INVALID'],
    token: async ({ issue }) => otherClaims(await issue()),
  },
  {
    title: 'a token signed by the key that its own header brings along',
    codes: ['SIGNATURE_INVALID'],
    token: async ({ issue }, running) => withOwnKey(await issue(), running),
  },
  {
    title: 'no signature (alg none)',
    codes: ['ALG_NOT_ALLOWED'],
    token: ({ forge }) => forge({}, { alg: 'none' }),
    quiet: true,
  },
  {
    title: 'an HMAC with the public key as its secret (alg HS256)',
    codes: ['ALG_NOT_ALLOWED'],
    token: ({ forge }) => forge({}, { alg: 'HS256' }),
    quiet: true,
  },
  {
    title: 'a critical extension that nobody understands',
    codes: ['CRIT_NOT_SUPPORTED'],
    token: ({ issue }) => issue({}, { header: { crit: ['urn:example:x'], 'urn:example:x': true } }),
    quiet: true,
  },
  {
    title: 'a logout token that its issuer signed',
    codes: ['TYP_NOT_ALLOWED'],
    token: ({ issue }) => issue({}, { header: { typ: 'logout+jwt' } }),
  },
  {
    title: 'an expired token',
    codes: ['TOKEN_EXPIRED'],
    token: ({ issue }) => issue({}, { expiresInSec: -HOUR }),
  },
  {
    title: 'a token that is not valid yet',
    codes: ['TOKEN_NOT_YET_VALID'],
    token: ({ issue }) => issue({ nbf: nowSec() + HOUR, exp: nowSec() + 2 * HOUR }),
  },
  {
    title: 'a token that never expires',
    codes: ['CLAIM_MISSING'],
    token: ({ issue }) => issue({ exp: undefined }),
  },
  {
    title: 'an expiry in words',
    codes: ['CLAIM_INVALID'],
    token: ({ issue }) => issue({ exp: 'tomorrow' }),
  },
  {
    title: 'a token of more than 16 KiB',
    codes: ['TOKEN_TOO_LARGE'],
    token: ({ issue }) => issue({ ballast: 'x'.repeat(16_384) }),
    quiet: true,
  },
  ...noTokens(),
]

/** What no provider accepts, and the rules of this one. */
export function refusals<S extends StandIn>(running: RunningSuite<S>): readonly ConformanceTest[] {
  const own = (running.suite.refuses ?? []).map((refusal) => ({
    title: refusal.title,
    run: () =>
      withSubject(running, async (subject) => {
        const error = await subject.refuse(await refusal.token(subject.standIn))
        assertRefusal(error, [refusal.code])
        assert.equal(error.provider, running.suite.name)
        if (refusal.hint) assert.match(error.hint ?? '(no hint)', refusal.hint)
        await subject.accept(await (refusal.accepted?.(subject.standIn) ?? subject.issue()))
      }),
  }))
  const everyone = CASES.map((refusal) => ({ title: refusal.title, run: () => refuses(running, refusal) }))
  return [...everyone, ...own]
}

function refuses<S extends StandIn>(running: RunningSuite<S>, { codes, token, quiet }: RefusalCase): Promise<void> {
  return withSubject(running, async (subject) => {
    const error = await subject.refuse(await token(subject, running))
    assertRefusal(error, codes)
    if (quiet) assert.deepEqual(subject.asked(), [], 'expected no request for this token')
    await subject.accept(await subject.issue())
  })
}

function assertRefusal(error: KeysourceError, codes: readonly TokenErrorCode[]): void {
  assert.ok(
    codes.some((code) => code === error.code),
    `expected ${codes.join(' or ')}, got ${error.code}: ${error.message}`,
  )
  assert.deepEqual([error.kind, error.status], ['token', error.code === 'SCOPE_MISSING' ? 403 : 401])
}

/** An issuer is compared as text: a slash more or less, another case, or an attacker's host make it another one. */
function unknownIssuers(): RefusalCase[] {
  const others: Readonly<Record<string, (issuer: string) => string>> = {
    'an issuer that is not composed': () => 'https://issuer.invalid',
    'its issuer with a slash more or less': (issuer) => (issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`),
    'its issuer in capitals': (issuer) => issuer.toUpperCase(),
    'its issuer as the beginning of another one': (issuer) => `${issuer}.attacker.invalid`,
  }
  return Object.entries(others).map(([title, other]) => ({
    title,
    codes: ['ISSUER_UNKNOWN'],
    token: ({ standIn, issue }) => issue({ iss: other(standIn.issuer) }),
    quiet: true,
  }))
}

function noTokens(): RefusalCase[] {
  const texts: Readonly<Record<string, (jwt: string) => string>> = {
    'an empty string': () => '',
    'an opaque token': () => 'mF_9B5f-41JqM',
    'an encrypted token': (jwt) => `${jwt}.a.b`,
    'a whole Authorization header': (jwt) => `Bearer ${jwt}`,
    'a token with padding': (jwt) => `${jwt}=`,
    'a token with a line break': (jwt) => `${jwt}\n`,
  }
  return Object.entries(texts).map(([title, text]) => ({
    title,
    codes: ['TOKEN_MALFORMED'],
    token: async ({ issue }) => text(await issue()),
    quiet: true,
  }))
}

function otherEnding(jwt: string): string {
  return jwt.slice(0, -4) + (jwt.endsWith('AAAA') ? 'BAAA' : 'AAAA')
}

function otherClaims(jwt: string): string {
  const [header, , signature] = jwt.split('.')
  const claims = { ...decodeJwt(jwt), admin: true }
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}

// None of the numbers that stand-ins use.
const ATTACKER_INDEX = 2_000_000

async function withOwnKey<S extends StandIn>(jwt: string, { pairs }: RunningSuite<S>): Promise<string> {
  const header = decodeProtectedHeader(jwt)
  const { publicKey, privateKey } = await pairs.at(header.alg as Algorithm, ATTACKER_INDEX)
  const jwk = publicKey.export({ format: 'jwk' })
  const jku = 'https://attacker.invalid/jwks.json'
  return signToken({ ...header, jwk, jku, x5u: jku }, decodeJwt(jwt), privateKey)
}
