import fc from 'fast-check'
import { expect } from 'vitest'
import type { Algorithm, Provider, Verifier, VerifierOptions } from '../../src/index.ts'
import {
  AUDIENCE,
  CLAIMS,
  ENGINES,
  ISSUER,
  jwt,
  manualClock,
  NOW,
  part,
  provider,
  type Signer,
  signed,
  signer,
} from '../../test/loopback-issuer.ts'
import { campaign } from './campaign.ts'
import { alteredObject, brokenJson, jsonText, type Members, SHAPES } from './json-value.ts'
import { judge, MAX_TOKEN_BYTES, type Pair } from './judgement.ts'
import { ecdsaTwin, mutated } from './token-mutation.ts'

const ALGORITHMS: readonly Algorithm[] = ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256']

const signers = new Map<string, Signer>(ALGORITHMS.map((alg) => [alg, signer(alg, alg === 'ES256' ? 'k1' : alg)]))
const [es256 = signer()] = signers.values()
const outsider = signer()

const goodOf = (by: Signer): readonly string[] => [
  jwt(by),
  jwt(by, { sub: 'user-2', scope: 'a b', tid: 't' }, { typ: 'JWT' }),
]
const tokensOf = new Map([...signers.values()].map((by) => [by, goodOf(by)]))
const good = [...tokensOf.values()].flat()

function pairOf(options: Omit<VerifierOptions<readonly Provider[]>, 'providers'> = {}): Pair {
  const other = provider([outsider], { name: 'other', issuer: `${ISSUER}/other` })
  const providers = [provider([...signers.values()]), other]
  const [node, web] = ENGINES.map(({ createVerifier }) =>
    createVerifier({ clock: manualClock(), ...options, providers }),
  )
  return { node: node as Verifier, web: web as Verifier }
}

const pair = pairOf()
const caching = pairOf({ tokenCache: { max: 20 } })
const roomy = pairOf({ maxTokenBytes: 1_048_576 })
for (const { node, web } of [pair, caching, roomy]) await Promise.all([node.ready(), web.ready()])

const tokenLike = fc.string({ unit: fc.constantFrom(...'.ABCeyJ-_09=+/ '), maxLength: 200 })
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withTypedArray: true,
})
const long = fc
  .tuple(
    fc.constantFrom('.', 'a', 'a.', '=', ' ', '\n', 'eyJ', '\u20ac', 'Bearer '),
    fc.integer({ min: 1, max: 2 ** 21 }),
  )
  .map(([unit, length]) => unit.repeat(Math.ceil(length / unit.length)))

campaign(
  'text in place of a token',
  fc.tuple(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      tokenLike,
      { weight: 1, arbitrary: long },
      anything,
      fc.tuple(brokenJson, brokenJson, brokenJson).map((parts) => parts.map(part).join('.')),
    ),
    fc.option(
      fc.oneof(anything, fc.dictionary(fc.constantFrom('provider', 'scopes', 'audience', 'signal'), anything)),
      {
        nil: undefined,
        freq: 3,
      },
    ),
  ),
  async ([token, options]) => {
    expect(await judge(pair, token)).not.toBe('accepted')
    if (options !== undefined) await judge(caching, good[0], options as object)
  },
)

// All that holds: the tokens as they were made, and for ECDSA the other signature that stands for the same one.
const holding = new Set(good)
for (const [by, tokens] of tokensOf) {
  if (by.alg.startsWith('ES')) for (const token of tokens) holding.add(ecdsaTwin(token))
}

campaign('a good token, mutated', fc.tuple(mutated(good), fc.boolean()), async ([{ token: changed }, twin]) => {
  const token = twin && changed.split('.').length === 3 ? ecdsaTwin(changed) : changed
  const may = holding.has(token)
  expect((await judge(pair, token)) === 'accepted').toBe(may)
  expect((await judge(caching, token)) === 'accepted', 'with a token cache').toBe(may)
})

const HEADER_NAMES = ['alg', 'kid', 'typ', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'cty', 'zip', 'enc', '__proto__']
const CLAIM_NAMES = ['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', 'scope', 'scp', 'client_id', 'azp', '__proto__']

const structure = fc.constantFrom(...signers.values()).chain((by) => {
  const headerMembers: Members = { alg: JSON.stringify(by.alg), kid: JSON.stringify(by.kid) }
  const claimMembers: Members = Object.fromEntries(
    Object.entries(CLAIMS).map(([name, value]) => [name, JSON.stringify(value)]),
  )
  return fc.record({
    by: fc.constant(by),
    header: oftenAltered(headerMembers, HEADER_NAMES),
    payload: oftenAltered(claimMembers, CLAIM_NAMES),
  })
})

function oftenAltered(members: Members, names: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 12, arbitrary: alteredObject(members, names) }, jsonText, brokenJson)
}

campaign('header and claims of every JSON type, well signed', structure, async ({ by, header, payload }) => {
  const verdict = await judge(pair, signed(part(header), part(payload), by))
  if (verdict === 'accepted') expectRightful(JSON.parse(header), JSON.parse(payload), by)
})

/** What no accepted token lacks, said once more and in other words than in `src`. */
function expectRightful(header: Record<string, unknown>, claims: Record<string, unknown>, by: Signer): void {
  expect(header.alg === by.alg || (by.alg === 'EdDSA' && header.alg === 'Ed25519')).toBe(true)
  expect(Object.keys(header)).not.toContain('crit')
  expect([by.kid, undefined]).toContain(header.kid)
  expect(claims.iss).toBe(ISSUER)
  expect([claims.aud].flat()).toContain(AUDIENCE)
  expect(claims.exp).toBeGreaterThan(NOW - 5)
  expect(claims.nbf ?? 0).toBeLessThanOrEqual(NOW + 5)
  for (const time of [claims.exp, claims.nbf ?? 0, claims.iat ?? 0]) expect(Number.isFinite(time)).toBe(true)
  expect(['string', 'undefined']).toContain(typeof claims.sub)
}

const huge = fc.record({
  shape: fc.constantFrom(...Object.keys(SHAPES)),
  // Before base64, which makes four characters of three. Most of them fit.
  length: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 12_400 }) }, fc.integer({ min: 1, max: 800_000 })),
  member: fc.constantFrom('', 'kid', 'typ', 'crit', 'x', '__proto__', 'aud', 'scope', 'iss', 'exp', 'sub'),
  inHeader: fc.boolean(),
})

campaign('huge and deep tokens', huge, async ({ shape, length, member, inHeader }) => {
  const value = SHAPES[shape]?.(length) ?? ''
  const head = `"alg":"ES256"${inHeader && member ? `,"${member}":${value}` : ''}`
  const claims = JSON.stringify(CLAIMS).slice(1, -1)
  const body = `${claims}${!inHeader && member ? `,"${member}":${value}` : ''}`
  const header = inHeader && !member ? value : `{${head}}`
  const payload = !inHeader && !member ? value : `{${body}}`
  const token = signed(part(header), part(payload), es256)
  const verdict = await judge(pair, token)
  expect(verdict === 'TOKEN_TOO_LARGE').toBe(token.length > MAX_TOKEN_BYTES)
  const withRoom = await judge(roomy, token)
  if (verdict !== 'TOKEN_TOO_LARGE') expect(withRoom).toBe(verdict)
})
