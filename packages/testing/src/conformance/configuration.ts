import assert from 'node:assert/strict'
import { createVerifier, isKeysourceError, type KeysourceError } from '@keysource/core'
import type { StandIn } from '../stand-in.ts'
import { withSubject } from './subject.ts'
import type { BadOptions, ConformanceTest, RunningSuite } from './suite.ts'

/** How a provider is made, and what its factory refuses. */
export function configuration<S extends StandIn>(running: RunningSuite<S>): readonly ConformanceTest[] {
  const { badOptions, renamed } = running.suite
  const renaming = renamed ? [{ title: 'takes another name', run: () => takesName(running, renamed) }] : []
  return [
    { title: 'is a frozen object under its own name', run: () => isPlain(running) },
    { title: 'is not composed twice', run: () => isComposedOnce(running) },
    ...renaming,
    ...badOptions.map((bad) => ({ title: `refuses ${bad.title}`, run: async () => refusesOptions(bad) })),
  ]
}

function isPlain<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, provider }) => {
    assert.equal(provider.name, running.suite.name)
    assert.ok(Object.isFrozen(provider) && Object.isFrozen(provider.rules), 'expected provider and rules to be frozen')
    assert.deepEqual(standIn.requests, [])
  })
}

function isComposedOnce<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, provider }) => {
    const twin = running.suite.provider(standIn)
    const error = configErrorOf(() => createVerifier({ providers: [provider, twin] }))
    assert.ok(error.message.includes(running.suite.name), `expected the name in: ${error.message}`)
  })
}

function takesName<S extends StandIn>(
  running: RunningSuite<S>,
  renamed: NonNullable<RunningSuite<S>['suite']['renamed']>,
): Promise<void> {
  return withSubject(running, async ({ standIn, issue, forge }) => {
    const verifier = createVerifier({ providers: [renamed(standIn, 'another.name')], fetch: standIn.fetch })
    try {
      assert.equal((await verifier.verify(await issue())).provider, 'another.name')
      await assert.rejects(verifier.verify(await forge()), { provider: 'another.name' })
    } finally {
      verifier.close()
    }
  })
}

function refusesOptions({ make, names }: BadOptions): void {
  const { message } = configErrorOf(make)
  assert.match(message, names)
  assert.ok(!message.includes('\n'), 'expected the message on one line')
}

function configErrorOf(make: () => unknown): KeysourceError {
  try {
    make()
  } catch (error) {
    assert.ok(isKeysourceError(error), `expected a KeysourceError, got ${String(error)}`)
    assert.deepEqual([error.code, error.kind], ['CONFIG_INVALID', 'config'])
    return error
  }
  return assert.fail('the options were accepted')
}
