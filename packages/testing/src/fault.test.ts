import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from './fault.ts'
import { type OidcStandIn, startOidc } from './oidc.ts'

const ISSUER = 'https://id.acme.example'
const JWKS = `${ISSUER}/jwks`
let standIn: OidcStandIn
beforeAll(async () => {
  standIn = await startOidc({ issuer: ISSUER, alg: 'ES256' })
})
afterEach(() => {
  standIn.recover()
  standIn.clearRequests()
})
afterAll(() => standIn.close())

async function body(init?: RequestInit): Promise<string> {
  return (await standIn.fetch(JWKS, init)).text()
}

describe('fail', () => {
  it.each(['500', '503', '401', '404', '429'] as const)('%s: this status', async (fault) => {
    standIn.fail(fault)
    const response = await standIn.fetch(JWKS)
    expect([response.status, response.headers.get('retry-after')]).toEqual([Number(fault), null])
  })

  it('503 with Retry-After', async () => {
    standIn.fail('503', { retryAfterSec: 7 })
    expect((await standIn.fetch(JWKS)).headers.get('retry-after')).toBe('7')
  })

  it('hang: taken, never answered', async () => {
    standIn.fail('hang')
    await expect(body({ signal: AbortSignal.timeout(100) })).rejects.toThrow('timeout')
    expect(standIn.requests).toHaveLength(1)
  })

  it('reset: no answer at all', async () => {
    standIn.fail('reset')
    await expect(body()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
  })

  it('html: a page', async () => {
    standIn.fail('html')
    const response = await standIn.fetch(JWKS)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  })

  it('not-json', async () => {
    standIn.fail('not-json')
    await expect(body().then(JSON.parse)).rejects.toThrow(SyntaxError)
  })

  it('truncated: the headers come, the body ends early', async () => {
    standIn.fail('truncated')
    const response = await standIn.fetch(JWKS)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
  })

  it('empty: a set without keys', async () => {
    standIn.fail('empty')
    expect(await body()).toBe('{"keys":[]}')
  })

  it('slow: the right answer, late', async () => {
    const right = await body()
    standIn.fail('slow', { delayMs: 60 })
    const start = performance.now()
    expect(await body()).toBe(right)
    expect(performance.now() - start).toBeGreaterThan(50)
  })

  it('huge: the right answer at the end', async () => {
    const right = await body()
    standIn.fail('huge', { bytes: 300_000 })
    const text = await body()
    expect([text.length, text.trim()]).toEqual([300_000 + right.length, right])
  })

  it('huge: stops when the client has gone', async () => {
    standIn.fail('huge', { bytes: 1e12 })
    const response = await standIn.fetch(JWKS)
    await response.body?.cancel()
  })

  it('redirect: to a place where the right answer waits', async () => {
    const right = await body()
    standIn.fail('redirect')
    expect((await standIn.fetch(JWKS, { redirect: 'manual' })).status).toBe(302)
    expect(await body()).toBe(right)
  })

  it('trickle: byte by byte', async () => {
    const right = await body()
    standIn.fail('trickle', { delayMs: 0 })
    expect(await body()).toBe(right)
    standIn.recover()
    standIn.fail('trickle', { delayMs: 20 })
    await expect(body({ signal: AbortSignal.timeout(100) })).rejects.toThrow()
  })

  it.each([
    [['fire'], /"fault": expected "401".* got "fire"/],
    [['500', { retryAfter: 1 }], /unknown option "retryAfter"/],
    [['500', { path: 'jwks' }], /"path": expected a path such as "\/jwks"/],
  ])('refuses %j', (args, message) => {
    expect(() => standIn.fail(...(args as [Fault]))).toThrow(message)
  })
})

describe('which requests', () => {
  it('a path, or a pattern for the URL', async () => {
    const metadata = `${ISSUER}/.well-known/openid-configuration`
    const statuses = async (): Promise<number[]> =>
      Promise.all([JWKS, metadata].map(async (url) => (await standIn.fetch(url)).status))
    standIn.fail('500', { path: '/jwks' })
    expect(await statuses()).toEqual([500, 200])
    standIn.recover()
    standIn.fail('500', { path: /acme\.example\/\.well/g })
    expect([await statuses(), await statuses()]).toEqual([
      [200, 500],
      [200, 500],
    ])
  })

  it('only so many', async () => {
    standIn.fail('500', { times: 1 })
    expect((await standIn.fetch(JWKS)).status).toBe(500)
    expect((await standIn.fetch(JWKS)).status).toBe(200)
  })

  it('the latest fault first, until recover()', async () => {
    standIn.fail('500')
    standIn.fail('404', { times: 1 })
    const statuses = [await standIn.fetch(JWKS), await standIn.fetch(JWKS)].map(({ status }) => status)
    standIn.recover()
    expect([...statuses, (await standIn.fetch(JWKS)).status]).toEqual([404, 500, 200])
  })
})
