import assert from 'node:assert/strict'
import type { StandIn } from '../stand-in.ts'
import { withSubject } from './subject.ts'
import type { ConformanceTest, RunningSuite } from './suite.ts'

/** A provider whose key is configured needs no network, and learns of no other key. */
export function offline<S extends StandIn>(running: RunningSuite<S>): readonly ConformanceTest[] {
  return [
    { title: 'verifies while the provider is down, without a request', run: () => needsNobody(running) },
    { title: 'refuses tokens of a key that it was not given, without a request', run: () => knowsOneKey(running) },
  ]
}

function needsNobody<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(
    running,
    async ({ standIn, verifier, issue, forge, accept, refuse, asked }) => {
      standIn.fail('reset')
      await verifier.ready()
      await accept(await issue())
      // The tiny lifetime of the keys has passed long before the second one.
      await refuse(await forge())
      await accept(await issue())
      assert.deepEqual(asked(), [])
    },
    { ttlMs: 1 },
  )
}

function knowsOneKey<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, issue, accept, refuse, asked }) => {
    const old = await issue()
    await standIn.rotate()
    const { code } = await refuse(await issue())
    assert.ok(['SIGNATURE_INVALID', 'KEY_NOT_FOUND'].includes(code), `expected the token to be refused, got ${code}`)
    await accept(old)
    assert.deepEqual(asked(), [])
  })
}
