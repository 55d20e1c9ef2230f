import assert from 'node:assert/strict'
import { decodeProtectedHeader } from 'jose'
import type { StandIn } from '../stand-in.ts'
import { eventually } from './eventually.ts'
import { type Subject, withSubject } from './subject.ts'
import type { ConformanceTest, RunningSuite } from './suite.ts'

/** Keys come and go while a verifier runs. */
export function rotation<S extends StandIn>(running: RunningSuite<S>): readonly ConformanceTest[] {
  const published = [
    { title: 'refuses a kid that is not published, at the cost of one load', run: () => unknownKid(running) },
  ]
  if (!running.rotation) return published
  return [
    ...published,
    { title: 'accepts tokens of a new key at once, and those of the old one still', run: () => newKey(running) },
    { title: 'holds a token to the key that it names', run: () => namedKey(running) },
    { title: 'refuses tokens of a withdrawn key after a refresh', run: () => withdrawnKey(running) },
  ]
}

// What the burst of two unknown kids may cost beside the first load.
const LOADS_OF_A_FLOOD = 2

function unknownKid<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, issue, accept, refuse, asked }) => {
    await accept(await issue())
    const requestsOfALoad = asked().length
    standIn.clearRequests()
    const unknown = (i: number): Promise<string> => issue({}, { header: { kid: `unknown-${i}` } })
    const error = await refuse(await unknown(0))
    assert.deepEqual([error.code, error.status], ['KEY_NOT_FOUND', 401], error.message)
    assert.ok(asked().length <= requestsOfALoad, `expected one load, saw ${asked().join(', ')}`)

    const flood = await Promise.all(Array.from({ length: 20 }, (_, i) => unknown(i + 1)))
    for (const { code } of await Promise.all(flood.map(refuse))) assert.equal(code, 'KEY_NOT_FOUND')
    const most = LOADS_OF_A_FLOOD * requestsOfALoad
    assert.ok(asked().length <= most, `expected at most ${most} requests for a flood, saw ${asked().length}`)
    await accept(await issue())
  })
}

function newKey<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async (subject) => {
    const { issue, accept } = subject
    const old = await issue()
    await accept(old)
    const { newToken, newKid } = await rotated(subject)
    assert.equal((await accept(newToken)).key.kid, newKid)
    await accept(old)
  })
}

function namedKey<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async (subject) => {
    const { issue, accept, refuse } = subject
    const oldKid = decodeProtectedHeader(await issue()).kid
    const { newToken, newKid } = await rotated(subject)
    await accept(newToken)
    const error = await refuse(await issue({}, { kid: oldKid, header: { kid: newKid } }))
    assert.equal(error.code, 'SIGNATURE_INVALID', error.message)
    await accept(await issue({}, { kid: oldKid }))
  })
}

function withdrawnKey<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  const soon = { ttlMs: 100, staleWaitMs: 2000 }
  return withSubject(
    running,
    async (subject) => {
      const { standIn, issue, accept, refuse } = subject
      const old = await issue()
      await accept(old)
      const { newToken } = await rotated(subject)
      await accept(newToken)
      await accept(old)
      standIn.withdraw(decodeProtectedHeader(old).kid ?? '')
      await eventually(async () => assert.equal((await refuse(old)).code, 'KEY_NOT_FOUND'))
      await accept(newToken)
    },
    soon,
  )
}

/** Rotates the keys, and makes sure that it meant the key of this kind of token. */
async function rotated<S extends StandIn>({
  standIn,
  issue,
}: Subject<S>): Promise<{ newToken: string; newKid: string }> {
  const before = decodeProtectedHeader(await issue()).kid
  await standIn.rotate()
  const newToken = await issue()
  const { kid } = decodeProtectedHeader(newToken)
  assert.ok(kid !== undefined && kid !== before, 'the stand-in did not rotate the key of this kind of token')
  return { newToken, newKid: kid }
}
