/** The JOSE cookbook: RFC 8037 appendix A.4, Ed25519, in each of its forms. */
import { join } from 'node:path'
import { test } from 'vitest'
import { type JWK, unchecked } from '../../src/index.ts'
import { jwkWith, manualClock, provider } from '../../test/loopback-issuer.ts'
import { engines, verdictOn } from '../attack-table.ts'
import { messageVerifier } from '../signed-message.ts'
import { judge, readVectors, vectorSuite } from '../vector-suite.ts'

interface Example {
  readonly title: string
  readonly input: { readonly payload: string; readonly key: JWK }
  readonly output: { readonly compact: string; readonly json?: unknown; readonly json_flat?: unknown }
}

const publicKey = (key: JWK): JWK => jwkWith(key, { d: undefined })

vectorSuite(
  'the JOSE cookbook',
  (folder) => [join(folder, 'cookbook', 'curve25519', 'jws.json')],
  (file) => {
    const { title, input, output } = readVectors<Example>(file)
    for (const { name: engine, createVerifier } of engines) {
      test(`${title}, on the ${engine} engine`, async (context) => {
        const providers = [provider([publicKey(input.key)], { audience: unchecked('the example has none') })]
        const verifier = createVerifier({ providers, clock: manualClock() })
        const asMessage = messageVerifier(engine as 'node' | 'web', { providers })
        const [header = '', payload = '', signature = ''] = output.compact.split('.')
        const message = `${header}.${payload}`
        const asIs = (jws: unknown): Promise<string> => verdictOn(() => verifier.verify(jws as string), jws)
        const refused = { mustBe: 'refused', why: undefined } as const
        judge(context, 'jose cookbook', engine, [
          {
            mustBe: 'accepted',
            why: undefined,
            name: 'compact',
            verdict: await asMessage({ header, signature, message }),
          },
          {
            ...refused,
            name: 'compact, over another payload',
            verdict: await asMessage({ header, signature, message: `${message}A` }),
          },
          { ...refused, name: 'compact, whose payload is no claims', verdict: await asIs(output.compact) },
          { ...refused, name: 'JSON, general', verdict: await asIs(JSON.stringify(output.json)) },
          { ...refused, name: 'JSON, flattened', verdict: await asIs(JSON.stringify(output.json_flat)) },
        ])
      })
    }
  },
)
