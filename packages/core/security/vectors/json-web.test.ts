/** Wycheproof: JWS, key sets and both together. */
import { basename } from 'node:path'
import { test } from 'vitest'
import { type JWK, type Provider, staticJwks, unchecked } from '../../src/index.ts'
import { CLAIMS, manualClock, provider, type Signer, signed } from '../../test/loopback-issuer.ts'
import { engines, verdictOn } from '../attack-table.ts'
import { messageVerifier } from '../signed-message.ts'
import { importSigner, isRoca } from '../vector-keys.ts'
import {
  type Expected,
  expectedOf,
  judge,
  type Rule,
  readVectors,
  type VectorResult,
  vectorSuite,
  wycheproof,
} from '../vector-suite.ts'

type Keys = JWK | { readonly keys: readonly JWK[] }

interface Group {
  readonly public?: Keys
  readonly private?: Keys
  readonly tests: readonly Vector[]
}

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws?: unknown
  readonly jwe?: unknown
  readonly result: VectorResult
}

interface Case {
  readonly keys: readonly JWK[]
  readonly vector: Vector
}

const REGISTERED = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/
const header = ({ jws }: Vector): { alg?: unknown } | undefined => {
  try {
    return JSON.parse(Buffer.from(String(jws).split('.')[0] ?? '', 'base64url').toString())
  } catch {
    return undefined
  }
}

const RULES: readonly Rule<Case>[] = [
  {
    why: 'JWE: an encrypted token is no input of this library',
    expect: 'refused',
    applies: ({ vector }) => vector.jwe !== undefined,
  },
  {
    why: 'HMAC: symmetric algorithms are not allowed',
    expect: 'refused',
    applies: ({ keys }) => keys.every(({ kty }) => kty === 'oct'),
  },
  {
    why: 'a JWK with an "alg" that no registry has (RFC 7518 3.1)',
    expect: 'refused',
    applies: ({ keys }) => keys.every(({ alg }) => alg !== undefined && !REGISTERED.test(alg)),
  },
  {
    why: 'a JWK whose "alg" is not that of the header (RFC 8725 3.1)',
    expect: 'refused',
    applies: ({ keys, vector }) => keys.every(({ alg }) => alg !== undefined && alg !== header(vector)?.alg),
  },
  {
    why: 'a key of CVE-2017-15361 (ROCA), which only its modulus shows: refusing it is optional',
    expect: 'either',
    applies: ({ keys }) => keys.some(isRoca),
  },
]

const keysOf = ({ public: open, private: secret }: Group): readonly JWK[] => {
  const given = open ?? secret ?? { keys: [] }
  return 'keys' in given ? (given.keys as readonly JWK[]) : [given as JWK]
}

const providersOf = (keys: readonly JWK[]): readonly Provider[] => [
  provider([], { keys: staticJwks({ keys: [...keys] }), audience: unchecked('the vectors have none') }),
]

/** Compact JWS with three parts in the alphabet of base64url. Anything else is no token before anything is read. */
const COMPACT = /^([\w-]+)\.([\w-]*)\.([\w-]*)$/

vectorSuite(
  'Wycheproof JSON web signatures and keys',
  (folder) => wycheproof(folder, 'json_web_signature_test.json', 'json_web_crypto_test.json', 'json_web_key_test.json'),
  (file) => {
    const { testGroups } = readVectors<{ testGroups: readonly Group[] }>(file)
    const name = basename(file, '_test.json')
    for (const { name: engine, createVerifier } of engines) {
      test(`${name}, every case, on the ${engine} engine`, async (context) => {
        const cases: (Expected & { name: string; verdict: string })[] = []
        for (const group of testGroups) {
          const keys = keysOf(group)
          const providers = providersOf(keys)
          const asItIs = createVerifier({ providers, clock: manualClock() })
          const asMessage = messageVerifier(engine as 'node' | 'web', { providers })
          for (const vector of group.tests) {
            const text = vector.jws ?? vector.jwe
            // None of these is a JWT: whatever its signature is worth, `verify` must not take it.
            const whole = await verdictOn(() => asItIs.verify(text as string), text)
            const [, head, payload, signature = ''] = COMPACT.exec(String(text)) ?? []
            const verdict =
              head === undefined ? whole : await asMessage({ header: head, signature, message: `${head}.${payload}` })
            cases.push({
              ...expectedOf({ keys, vector }, vector.result, RULES),
              name: `${vector.tcId} ${vector.comment}`,
              verdict: whole === 'accepted' ? 'accepted though it is no JWT' : verdict,
            })
          }
        }
        judge(context, `wycheproof ${name}`, engine, cases)
      })

      test(`${name}, tokens signed with its own keys, on the ${engine} engine`, async (context) => {
        const cases: (Expected & { name: string; verdict: string })[] = []
        for (const [index, group] of testGroups.entries()) {
          const allowed = group.tests.some(
            (vector) => expectedOf({ keys: keysOf(group), vector }, vector.result, RULES).mustBe === 'accepted',
          )
          const verifier = createVerifier({ providers: providersOf(keysOf(group)), clock: manualClock() })
          for (const signer of allowed ? signersOf(group) : []) {
            const head = Buffer.from(JSON.stringify({ alg: signer.alg, kid: signer.kid })).toString('base64url')
            const token = signed(head, Buffer.from(JSON.stringify(CLAIMS)).toString('base64url'), signer)
            const verdict = await verdictOn(() => verifier.verify(token), token)
            cases.push({ mustBe: 'accepted', why: undefined, name: `a token of group ${index}`, verdict })
          }
        }
        judge(context, 'wycheproof keys, tokens of ours', engine, cases)
      })
    }
  },
)

function signersOf({ public: open, private: secret }: Group): readonly Signer[] {
  if (!open || !secret) return []
  const keys = 'keys' in secret ? (secret.keys as readonly JWK[]) : [secret as JWK]
  return keys.flatMap((jwk) => importSigner(jwk) ?? [])
}
