import { acceptance } from './conformance/acceptance.ts'
import { configuration } from './conformance/configuration.ts'
import { offline } from './conformance/offline.ts'
import { outage } from './conformance/outage.ts'
import { refusals } from './conformance/refusals.ts'
import { rotation } from './conformance/rotation.ts'
import type { ConformanceTest, ProviderSuite, RunningSuite } from './conformance/suite.ts'
import { keyPairsHere } from './key-pairs.ts'
import type { StandIn } from './stand-in.ts'

/**
 * The conformance suite that every adapter passes: the right requests and no others, good tokens accepted, each rule
 * refused with its code, keys that rotate and are withdrawn, a provider that fails in fourteen ways, wrong options.
 * It asserts on what the server received, with any test runner.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 *
 * describeProvider({
 *   runner: { describe, it },
 *   name: 'cognito',
 *   standIn: () => startCognito(),
 *   provider: ({ userPoolId, clientId }) => cognito({ userPoolId, clientId, tokenUse: 'access' }),
 *   requests: ({ issuer }) => [`GET ${issuer}/.well-known/jwks.json`],
 *   identity: ({ subject, clientId, scopes }) => ({ subject, clientId, scopes, tenant: undefined }),
 *   refuses: [
 *     { title: 'an ID token', code: 'CLAIM_INVALID', token: (standIn) => standIn.issueToken({}, { kind: 'id' }) },
 *   ],
 *   badOptions: [{ title: 'a pool without a region', make: () => cognito({ userPoolId: 'x' }), names: /userPoolId/ }],
 * })
 * ```
 */
export function describeProvider<S extends StandIn>(suite: ProviderSuite<S>): void {
  const { network = true, rotation: rotates = network } = suite.capabilities ?? {}
  const running: RunningSuite<S> = { suite, network, rotation: rotates && network, pairs: keyPairsHere() }
  const groups: Readonly<Record<string, readonly ConformanceTest[]>> = {
    accepts: acceptance(running),
    refuses: refusals(running),
    ...(network ? { rotation: rotation(running), outage: outage(running) } : { offline: offline(running) }),
    configuration: configuration(running),
  }
  const { describe, it } = suite.runner
  describe(`conformance: ${suite.name}`, () => {
    for (const [group, tests] of Object.entries(groups)) {
      describe(group, () => {
        for (const { title, run } of tests) it(title, run)
      })
    }
  })
}
