import { afterEach, describe, expect, it, vi } from 'vitest'
import { type CognitoStandIn, startCognito } from './cognito.ts'
import { keyPairs, withKeyPairs } from './key-pairs.ts'
import { startOidc } from './oidc.ts'
import { routeFetch } from './route-fetch.ts'
import type { StandIn } from './stand-in.ts'

const pairs = keyPairs()
const open: StandIn[] = []
afterEach(async () => {
  vi.unstubAllGlobals()
  await Promise.all(open.splice(0).map((standIn) => standIn.close()))
})

function pool(userPoolId: string): Promise<CognitoStandIn> {
  return withKeyPairs(pairs, async () => {
    const standIn = await startCognito({ userPoolId })
    open.push(standIn)
    return standIn
  })
}

describe('routeFetch', () => {
  it('chooses by path among stand-ins that share a host', async () => {
    const [a, b] = [await pool('eu-central-1_A'), await pool('eu-central-1_B')]
    const fetch = routeFetch(a, b)
    await fetch(`${b.issuer}/.well-known/jwks.json`)
    expect([a.requests.length, b.requests.length]).toEqual([0, 1])
  })

  it.each([
    ['another host', 'https://example.com/jwks'],
    ['the right host over http', 'http://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A/.well-known/jwks.json'],
    ['another port', 'https://cognito-idp.eu-central-1.amazonaws.com:8443/eu-central-1_A/.well-known/jwks.json'],
    ['another server on this machine', 'http://127.0.0.1:9/jwks'],
  ])('refuses %s and names it', async (_, url) => {
    const standIn = await pool('eu-central-1_A')
    await expect(standIn.fetch(url)).rejects.toThrow(new URL(url).origin)
    expect(standIn.requests).toEqual([])
  })

  it('refuses everything where there is no stand-in', async () => {
    await expect(routeFetch()('https://example.com')).rejects.toThrow('there are: none')
  })

  it('takes a Request, with its method, headers and body', async () => {
    const standIn = await pool('eu-central-1_A')
    await standIn.fetch(new Request(`${standIn.issuer}/x`, { method: 'POST', body: 'hello', headers: { a: 'b' } }))
    expect(standIn.requests[0]).toMatchObject({ method: 'POST', body: 'hello', headers: { a: 'b' } })
  })

  it('ends with its signal, for its reason', async () => {
    const standIn = await pool('eu-central-1_A')
    standIn.fail('hang')
    const reason = new Error('enough')
    const controller = new AbortController()
    const asked = standIn.fetch(standIn.issuer, { signal: controller.signal })
    controller.abort(reason)
    await expect(asked).rejects.toBe(reason)
  })

  it('may stand in the place of the global fetch', async () => {
    const standIn = await pool('eu-central-1_A')
    vi.stubGlobal('fetch', standIn.fetch)
    const later = await withKeyPairs(pairs, () => startOidc())
    open.push(later)
    expect((await fetch(`${standIn.issuer}/.well-known/jwks.json`)).status).toBe(200)
    expect((await later.fetch(later.jwksUrl)).status).toBe(200)
    await expect(fetch('https://example.com')).rejects.toThrow('must not reach the internet')
  })
})
