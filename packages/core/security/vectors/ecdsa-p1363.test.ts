/** Wycheproof: raw ECDSA signatures, R‖S, as JWS has them. */
import { basename } from 'node:path'
import { test } from 'vitest'
import type { JWK } from '../../src/index.ts'
import { part, provider } from '../../test/loopback-issuer.ts'
import { engines } from '../attack-table.ts'
import { messageVerifier } from '../signed-message.ts'
import {
  expectedOf,
  judge,
  type Rule,
  readVectors,
  type VectorResult,
  vectorSuite,
  wycheproofLike,
} from '../vector-suite.ts'

interface Group {
  readonly publicKey: { readonly curve: string; readonly wx: string; readonly wy: string }
  readonly sha: string
  readonly tests: readonly Vector[]
}

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly msg: string
  readonly sig: string
  readonly result: VectorResult
}

/** RFC 7518 section 3.4: each algorithm is one curve with one hash. */
const ALGORITHMS = [
  { alg: 'ES256', crv: 'P-256', curve: 'secp256r1', sha: 'SHA-256', bytes: 32 },
  { alg: 'ES384', crv: 'P-384', curve: 'secp384r1', sha: 'SHA-384', bytes: 48 },
  { alg: 'ES512', crv: 'P-521', curve: 'secp521r1', sha: 'SHA-512', bytes: 66 },
] as const

const algorithmOf = ({ publicKey: { curve }, sha }: Group) =>
  ALGORITHMS.find((one) => one.curve === curve && one.sha === sha)

const RULES: readonly Rule<{ readonly group: Group; readonly vector: Vector }>[] = [
  {
    why: 'a curve with a hash that is no JWS algorithm',
    expect: 'refused',
    applies: ({ group }) => algorithmOf(group) === undefined,
  },
  {
    why: 'a message beyond ASCII, which no JWS signs',
    expect: 'either',
    applies: ({ vector }) => Buffer.from(vector.msg, 'hex').some((byte) => byte > 127),
  },
]

/** A coordinate is as long as the curve's field (RFC 7518 section 6.2.1.2); the vectors have it as a signed integer. */
const coordinate = (hex: string, bytes: number): string =>
  Buffer.from(hex.padStart(bytes * 2, '0').slice(-bytes * 2), 'hex').toString('base64url')

function jwkOf(group: Group): JWK {
  const { crv, bytes } = algorithmOf(group) ?? { crv: group.publicKey.curve, bytes: group.publicKey.wx.length >> 1 }
  const { wx, wy } = group.publicKey
  return { kty: 'EC', crv, kid: 'k1', x: coordinate(wx, bytes), y: coordinate(wy, bytes) }
}

vectorSuite(
  'Wycheproof ecdsa p1363',
  (folder) => wycheproofLike(folder, /^ecdsa_.*_p1363_test\.json$/),
  (file) => {
    const { testGroups } = readVectors<{ testGroups: readonly Group[] }>(file)
    const name = basename(file, '_test.json')
    for (const { name: engine } of engines) {
      test(`${name}, every signature, on the ${engine} engine`, async (context) => {
        const cases = []
        for (const group of testGroups) {
          const header = part({ alg: algorithmOf(group)?.alg ?? 'ES256', kid: 'k1' })
          const verify = messageVerifier(engine as 'node' | 'web', { providers: [provider([jwkOf(group)])] })
          for (const vector of group.tests) {
            const message = Buffer.from(vector.msg, 'hex').toString('latin1')
            const signature = Buffer.from(vector.sig, 'hex').toString('base64url')
            cases.push({
              ...expectedOf({ group, vector }, vector.result, RULES),
              name: `${vector.tcId} ${vector.comment}`,
              verdict: await verify({ header, signature, message }),
            })
          }
        }
        judge(context, `wycheproof ${name}`, engine, cases)
      })
    }
  },
)
