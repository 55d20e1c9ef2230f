import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { StandIn } from '../stand-in.ts'
import { withSubject } from './subject.ts'
import type { ConformanceTest, RunningSuite } from './suite.ts'

/** Good tokens are accepted, with the requests that the provider's documentation has and no others. */
export function acceptance<S extends StandIn>(running: RunningSuite<S>): readonly ConformanceTest[] {
  return [
    { title: 'says what the token says, under its own names', run: () => identifies(running) },
    { title: 'makes exactly these requests, and none for the second token', run: () => asksExactly(running) },
    { title: 'shares its requests among tokens that arrive at once', run: () => sharesRequests(running) },
    { title: 'makes its requests in ready(), and none after it', run: () => getsReady(running) },
  ]
}

function identifies<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  const { suite, network } = running
  return withSubject(running, async ({ standIn, issue, accept, events }) => {
    const jwt = await issue()
    const { provider, issuer, expiresAt, claims, header, key, subject, clientId, scopes, tenant } = await accept(jwt)
    const expected = decodeJwt(jwt)
    assert.deepEqual(
      { provider, issuer, expiresAt },
      { provider: suite.name, issuer: standIn.issuer, expiresAt: expected.exp },
    )
    const identity = { subject, clientId, scopes: [...scopes], tenant }
    const { scopes: expectedScopes, ...rest } = suite.identity(standIn)
    assert.deepEqual(identity, { ...rest, scopes: [...expectedScopes] })
    assert.deepEqual({ ...claims }, expected)
    assert.deepEqual({ ...header }, decodeProtectedHeader(jwt))
    assert.equal(key.alg, header.alg)
    if (network) assert.equal(key.kid, header.kid)
    assert.ok(
      events.some((event) => event.type === 'verified' && event.provider === suite.name),
      'expected the event "verified"',
    )
  })
}

function asksExactly<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, issue, accept, asked }) => {
    assert.deepEqual(asked(), [], 'a provider and a verifier are made without a request')
    await accept(await issue())
    assert.deepEqual(asked(), running.suite.requests(standIn))
    standIn.clearRequests()
    await accept(await issue())
    assert.deepEqual(asked(), [])
  })
}

function sharesRequests<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, issue, accept, asked }) => {
    const tokens = await Promise.all(Array.from({ length: 10 }, () => issue()))
    await Promise.all(tokens.map(accept))
    assert.deepEqual(asked(), running.suite.requests(standIn))
  })
}

function getsReady<S extends StandIn>(running: RunningSuite<S>): Promise<void> {
  return withSubject(running, async ({ standIn, verifier, issue, accept, asked }) => {
    await verifier.ready()
    assert.ok(
      running.suite.requests(standIn).every((request) => asked().includes(request)),
      'expected ready() to make the requests of a first verification',
    )
    standIn.clearRequests()
    await accept(await issue())
    assert.deepEqual(asked(), [])
  })
}
