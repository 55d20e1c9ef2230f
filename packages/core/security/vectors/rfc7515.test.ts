/** RFC 7515 appendix A: its examples are whole JWTs. */
import { join } from 'node:path'
import { test } from 'vitest'
import { type JWK, staticJwks, unchecked } from '../../src/index.ts'
import { manualClock, provider } from '../../test/loopback-issuer.ts'
import { engines, verdictOn } from '../attack-table.ts'
import { expectedOf, judge, readVectors, type VectorResult, vectorSuite } from '../vector-suite.ts'

interface Vector {
  readonly name: string
  readonly jwk: JWK
  readonly jws: string
  readonly result: VectorResult
}

/** The `exp` of the examples is 1300819380. */
const WHEN = 1_300_819_000

vectorSuite(
  'RFC 7515 appendix A',
  (folder) => [join(folder, 'rfc7515', 'appendix-a.json')],
  (file) => {
    const { cases: vectors } = readVectors<{ cases: readonly Vector[] }>(file)
    for (const { name: engine, createVerifier } of engines) {
      test(`every example, on the ${engine} engine`, async (context) => {
        const cases = []
        for (const { name, jwk, jws, result } of vectors) {
          const keys = staticJwks({ keys: [jwk] })
          const verifier = createVerifier({
            providers: [provider([], { issuer: 'joe', audience: unchecked('the examples have none'), keys })],
            clock: manualClock(WHEN),
          })
          const verdict = await verdictOn(() => verifier.verify(jws), jws)
          cases.push({ ...expectedOf(jws, result, []), name, verdict })
        }
        judge(context, 'rfc 7515 appendix a', engine, cases)
      })
    }
  },
)
