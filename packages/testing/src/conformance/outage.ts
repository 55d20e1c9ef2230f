import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { KeysourceError } from '@keysource/core'
import type { Fault } from '../fault.ts'
import type { StandIn } from '../stand-in.ts'
import { eventually } from './eventually.ts'
import { withSubject } from './subject.ts'
import type { ConformanceTest, RunningSuite } from './suite.ts'

/** Every fault that leaves a verifier without keys. */
const FATAL: readonly Fault[] = [
  ...(['500', '503', '401', '404', '429', 'hang', 'reset', 'html'] as const),
  ...(['not-json', 'truncated', 'empty', 'huge', 'redirect', 'trickle'] as const),
]

/** The provider fails: held keys serve on, and what cannot be had is never called the token's fault. */
export function outage<S extends StandIn>(running: RunningSuite<S>): readonly ConformanceTest[] {
  return [
    ...FATAL.map((fault) => ({
      title: `cold start, fault "${fault}": the keys are unavailable, and the token is not to blame`,
      run: () => coldStart(running, fault),
    })),
    { title: 'serves on with the keys it holds', run: () => servesOn(running) },
    { title: 'heals by itself after a failed start', run: () => heals(running) },
  ]
}

// One load has one deadline and makes at most four requests.
const REQUESTS_OF_A_LOAD = 4

function coldStart<S extends StandIn>(running: RunningSuite<S>, fault: Fault): Promise<void> {
  return withSubject(
    running,
    async ({ standIn, issue, refuse, asked }) => {
      standIn.fail(fault)
      const tokens = await Promise.all([issue(), issue(), issue()])
      const errors = await Promise.all(tokens.map(refuse))
      for (const error of errors) assertUnavailable(error, running.suite.name)
      assert.ok(asked().length > 0 && asked().length <= REQUESTS_OF_A_LOAD, `one load, saw ${asked().join(', ')}`)
      const before = asked().length
      assertUnavailable(await refuse(await issue()), running.suite.name)
      assert.equal(asked().length, before, 'expected the next token to fail fast, without a request')
    },
    // The faults that only a deadline ends need not take five seconds. The others must not end by it.
    fault === 'hang' || fault === 'trickle' ? { timeoutMs: 400 } : {},
  )
}

const UNAVAILABLE: readonly string[] = ['KEYS_UNAVAILABLE', 'DISCOVERY_FAILED', 'DISCOVERY_MISMATCH']

function assertUnavailable(error: KeysourceError, name: string): void {
  assert.ok(
    UNAVAILABLE.includes(error.code),
    `expected ${UNAVAILABLE.join(' or ')}, got ${error.code}: ${error.message}`,
  )
  assert.deepEqual([error.kind, error.status, error.provider], ['keys', 503, name])
  const seconds = error.retryAfterSec
  assert.ok(seconds !== undefined && Number.isInteger(seconds) && seconds >= 1, `retryAfterSec: ${seconds}`)
}

function servesOn<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  const ttlMs = 60
  return withSubject(
    running,
    async ({ standIn, issue, accept, events }) => {
      await accept(await issue())
      standIn.fail('500')
      await delay(ttlMs)
      await eventually(async () => {
        await accept(await issue())
        const failed = events.some(({ type }) => type === 'refresh-failed')
        assert.ok(failed, 'expected a refresh to be tried, and to fail')
      })
      await accept(await issue())
    },
    { ttlMs },
  )
}

function heals<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, issue, accept, refuse }) => {
    standIn.fail('500')
    const jwt = await issue({}, { expiresInSec: 600 })
    await refuse(jwt)
    standIn.recover()
    await eventually(() => accept(jwt))
  })
}
