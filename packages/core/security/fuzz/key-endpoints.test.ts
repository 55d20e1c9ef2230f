import fc from 'fast-check'
import { expect } from 'vitest'
import { type KeySource, keyEndpoint, remoteJwks, type Verifier, type VerifierOptions } from '../../src/index.ts'
import { ENGINES, jwt, manualClock, provider, type Signer, signer } from '../../test/loopback-issuer.ts'
import { campaign } from './campaign.ts'
import { answer, type FuzzedAnswer, membersOf, responseOf } from './http-body.ts'
import { alteredObject, jsonText } from './json-value.ts'
import { outcome, quick } from './judgement.ts'
import { alteredPem } from './pem-mutation.ts'

const URL_OF_KEYS = 'https://id.example/keys'
// A load may take far longer than a token, for it comes once in minutes: but it must not hold a server up.
const MAX_LOAD_MS = 1000

const signers: readonly Signer[] = [signer('ES256', 'k1'), signer('EdDSA', 'ed'), signer('RS256', 'rs')]
const tokens = signers.map((by) => jwt(by))
const kidless = signers.map((by) => jwt(by, {}, { kid: undefined }))
// Its keys are never served, but its tokens name those that are.
const outsiders = signers.map(({ alg, kid }) => jwt(signer(alg, kid)))

const SOURCES: Readonly<Record<string, () => KeySource>> = {
  jwks: () => remoteJwks(URL_OF_KEYS),
  'jwk-array': () => remoteJwks(URL_OF_KEYS, { format: 'jwk-array' }),
  'pem-map': () => remoteJwks(URL_OF_KEYS, { format: 'pem-map' }),
  'key endpoint, jwk': () => keyEndpoint((kid) => `${URL_OF_KEYS}/${kid}`, { format: 'jwk', kidPattern: /\w+/ }),
  'key endpoint, pem': () => keyEndpoint((kid) => `${URL_OF_KEYS}/${kid}`, { format: 'pem', kidPattern: /\w+/ }),
}

const MEMBER_NAMES = [
  ...['kty', 'kid', 'alg', 'use', 'key_ops', 'crv', 'x', 'y', 'n', 'e', 'd', 'k', 'ext', 'x5c', 'x5t'],
  ...['issuer', 'nbf', 'exp', '__proto__', 'toJSON'],
]

/** A text member with a few of its characters changed: material that is almost a key. */
const altered = (by: Signer): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...Object.keys(by.jwk)),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.string({ maxLength: 3 }),
    )
    .map(([name, at, text]) => {
      const old = String(by.jwk[name as keyof typeof by.jwk])
      const index = Math.floor(at * old.length)
      return JSON.stringify({ ...by.jwk, [name]: old.slice(0, index) + text + old.slice(index + 1) })
    })

const jwk = fc
  .constantFrom(...signers)
  .chain((by) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(JSON.stringify(by.jwk)) },
      { weight: 3, arbitrary: alteredObject(membersOf(by.jwk), MEMBER_NAMES) },
      { weight: 3, arbitrary: altered(by) },
      jsonText,
    ),
  )
const jwkArray = fc.array(jwk, { maxLength: 4 }).map((keys) => `[${keys.join(',')}]`)
const pemText = fc
  .constantFrom(...signers)
  .chain(({ publicKey }) => alteredPem(publicKey.export({ type: 'spki', format: 'pem' }).toString()))

const BODIES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  jwks: fc.oneof(
    { weight: 6, arbitrary: jwkArray.map((keys) => `{"keys":${keys}}`) },
    // A set of as many keys as one body holds.
    jwk.map((key) => `{"keys":[${Array(150).fill(key).join(',')}]}`),
    alteredObject({ keys: '[]' }, ['keys', 'keys', '__proto__', 'length']),
  ),
  'jwk-array': jwkArray,
  'pem-map': fc
    .array(
      fc.tuple(
        fc.constantFrom('k1', 'ed', 'rs', '__proto__', ''),
        fc.oneof({ weight: 4, arbitrary: pemText.map((pem) => JSON.stringify(pem)) }, jsonText),
      ),
      { maxLength: 4 },
    )
    .map((members) => `{${members.map(([kid, pem]) => `${JSON.stringify(kid)}:${pem}`).join(',')}}`),
  'key endpoint, jwk': jwk,
  'key endpoint, pem': pemText,
}

const input = fc.record({
  engine: fc.constantFrom(...ENGINES),
  served: fc.constantFrom(...Object.keys(SOURCES)).chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      answers: fc.array(answer(BODIES[kind] ?? jsonText), { minLength: 1, maxLength: 2 }),
    }),
  ),
})

campaign('bodies of key endpoints', input, async ({ engine, served: { kind, answers } }) => {
  const clock = manualClock()
  const keys = SOURCES[kind]?.() as KeySource
  const make = (options: Partial<VerifierOptions<[]>> = {}): Verifier =>
    engine.createVerifier({ fetch: serve(answers), clock, ...options, providers: [provider([], { keys })] })
  const verifier = make()
  await quick(async () => outcome(() => verifier.ready()), MAX_LOAD_MS)
  await tryAll(verifier)
  clock.advance(700_000) // past the keys' lifetime: the second answer comes
  await tryAll(verifier)
  // What was saved of such keys is what the next process begins with.
  const next = make({ snapshot: verifier.export() })
  await tryAll(next)
  for (const one of [verifier, next]) one.close()
})

/** Answers with the first, then with the next, and with the last from then on. */
function serve(answers: readonly FuzzedAnswer[]): typeof globalThis.fetch {
  let served = 0
  return async () => responseOf(answers[Math.min(served++, answers.length - 1)] as FuzzedAnswer)
}

async function tryAll(verifier: Verifier): Promise<void> {
  for (const token of [...tokens, ...kidless]) {
    await expectAgreement(verifier, token)
  }
  for (const token of outsiders) expect(await outcome(() => verifier.verify(token), token)).not.toBe('accepted')
  await outcome(() => verifier.verifySync(tokens[0] ?? ''), tokens[0])
  JSON.stringify([verifier.status(), verifier.export()])
}

/** A load that ends between two calls may change the verdict. The clock stands still, so that few loads are made. */
async function expectAgreement(verifier: Verifier, token: string): Promise<void> {
  let verdicts: readonly string[] = []
  for (let round = 0; round < 5; round++) {
    const verdict = await outcome(() => verifier.verify(token), token)
    verdicts = [verdict, (await verifier.explain(token)).code ?? 'accepted']
    if (verdicts[1] === verdict) return
  }
  expect(verdicts[1], 'what explain says').toBe(verdicts[0])
}
