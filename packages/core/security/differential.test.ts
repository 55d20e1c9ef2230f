import fc from 'fast-check'
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { expect, test } from 'vitest'
import { ASYMMETRIC_ALGORITHMS, staticJwks, type Verifier } from '../src/index.ts'
import { AUDIENCE, ENGINES, ISSUER, manualClock, NOW, provider, verdict } from '../test/loopback-issuer.ts'
import { publishedKeys } from './differential-keys.ts'
import { EXPLAINED, explanationOf, ruleAgainst } from './differential-rules.ts'
import { type DifferentialCase, differentialCase } from './differential-tokens.ts'
import { SEED } from './fuzz/campaign.ts'
import { countVerdicts, type Verdict } from './verdicts.ts'

// The nightly script asks for 20,000.
const TOKENS = Number(process.env.KEYSOURCE_DIFFERENTIAL ?? 1500)
const THOROUGH = 20_000

const JOSE_RULES: JWTVerifyOptions = {
  issuer: ISSUER,
  audience: AUDIENCE,
  algorithms: [...ASYMMETRIC_ALGORITHMS],
  clockTolerance: 5, // ours by default
  currentDate: new Date(NOW * 1000),
  requiredClaims: ['exp'],
}

/** All that judge by one key set. */
interface Judges {
  readonly node: Verifier
  readonly web: Verifier
  readonly jose: (token: string) => Promise<unknown>
}

const judgesOf = new Map<string, Judges>()

function judgesFor({ signedBy, publication }: DifferentialCase): Judges {
  const name = `${signedBy}, ${publication}`
  const known = judgesOf.get(name)
  if (known) return known
  const jwks = { keys: publishedKeys(signedBy, publication) } as JSONWebKeySet
  const [node, web] = ENGINES.map(({ createVerifier }) =>
    createVerifier({ clock: manualClock(), providers: [provider([], { keys: staticJwks(jwks) })] }),
  ) as [Verifier, Verifier]
  const judges = { node, web, jose: joseWith(jwks) }
  judgesOf.set(name, judges)
  return judges
}

function joseWith(jwks: JSONWebKeySet): Judges['jose'] {
  let getKey: JWTVerifyGetKey
  try {
    getKey = createLocalJWKSet(jwks)
  } catch (error) {
    return async () => Promise.reject(error)
  }
  return (token) => verifyWithJose(token, getKey)
}

/** As jose's documentation has it, where several keys may be the one. */
async function verifyWithJose(token: string, getKey: JWTVerifyGetKey): Promise<unknown> {
  try {
    return await jwtVerify(token, getKey, JOSE_RULES)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, JOSE_RULES)
      } catch (inner) {
        if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

test(`${TOKENS} generated and mutated tokens get one verdict from both engines and jose`, {
  timeout: 900_000,
}, async (context) => {
  const verdicts: Record<'node' | 'web', Verdict[]> = { node: [], web: [] }
  const explained = new Map(EXPLAINED.map(({ rule }) => [rule, 0]))
  const property = fc.asyncProperty(differentialCase, async (one) => {
    const { node, web, jose } = judgesFor(one)
    const { token } = one
    // Twice on Node, so that one runs at once and one on the thread pool.
    const [ours, onPool, onWeb, theirs] = await Promise.all([
      verdict(() => node.verify(token)),
      verdict(() => node.verify(token)),
      verdict(() => web.verify(token)),
      jose(token).then(
        () => 'accepted',
        (error: Error) => `refused (${error.message})`,
      ),
    ])
    expect({ onPool, onWeb }, told(one)).toEqual({ onPool: ours, onWeb: ours })
    const accepted = ours === 'accepted'
    const rule = accepted === (theirs === 'accepted') ? undefined : explanationOf(one, ours)
    if (rule) explained.set(rule.rule, (explained.get(rule.rule) ?? 0) + 1)
    const mustBe = rule ? verdictOf(accepted) : verdictOf(theirs === 'accepted')
    verdicts.node.push({ mustBe, accepted })
    verdicts.web.push({ mustBe, accepted: onWeb === 'accepted' })
    if (accepted) expect(ruleAgainst(one), told(one)).toBe(undefined)
    expect(verdictOf(accepted), `${ours}; jose: ${theirs}; ${told(one)}`).toBe(mustBe)
  })
  try {
    await fc.assert(property, { seed: SEED, numRuns: TOKENS })
  } finally {
    for (const [engine, list] of Object.entries(verdicts)) countVerdicts(context, 'as jose', engine, list)
  }
  if (process.env.KEYSOURCE_DIFFERENTIAL) report(verdicts.node, explained)
  // A rule that explains nothing any more is to be taken out.
  if (TOKENS >= THOROUGH) expect([...explained].filter(([, times]) => times === 0)).toEqual([])
})

function verdictOf(accepted: boolean): 'accepted' | 'refused' {
  return accepted ? 'accepted' : 'refused'
}

/** Enough to repeat it: signatures of ECDSA and PSS hold random numbers, which no seed brings back. */
function told({ token, signedBy, publication }: DifferentialCase): string {
  const [jwk] = publishedKeys(signedBy, publication)
  return `key ${publication}: ${JSON.stringify(jwk)}; token ${token}`
}

function report(verdicts: readonly Verdict[], explained: ReadonlyMap<string, number>): void {
  const accepted = verdicts.filter((one) => one.accepted).length
  const lines = [...explained].map(([rule, times]) => `${String(times).padStart(7)}  ${rule}`)
  const total = `${verdicts.length} tokens, ${accepted} accepted; seed ${SEED}; differences to jose that a rule explains:`
  console.log([total, ...lines].join('\n'))
}
