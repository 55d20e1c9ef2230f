import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { type Clock, createVerifier, type KeysourceError, type Verifier, type VerifierEvent } from '@keysource/core'
import {
  type FetchTarget,
  type OneLoginStandIn,
  type OneLoginStandInOptions,
  routeFetch,
  startOneLogin,
} from '@keysource/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { onelogin } from './index.ts'

const TOKEN = 'POST https://api.us.onelogin.com/auth/oauth2/v2/token'
const KEYS = 'GET https://acme.onelogin.com/oidc/2/signing_keys'

const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0)) await close()
})

// Making RSA keys takes longer than the rest of a test, so that all without options share one server.
let shared: OneLoginStandIn | undefined
afterAll(() => shared?.close())

async function started(options: OneLoginStandInOptions | undefined): Promise<OneLoginStandIn> {
  if (options) {
    const standIn = await startOneLogin(options)
    toClose.push(standIn.close)
    return standIn
  }
  shared ??= await startOneLogin()
  shared.recover()
  shared.clearRequests()
  shared.revokeTokens()
  return shared
}

interface Running {
  readonly standIn: OneLoginStandIn
  readonly verifier: Verifier
  readonly events: readonly VerifierEvent[]
  readonly said: () => string
  /** Loads the keys once more, `ms` later, and returns what the server was asked for it. */
  readonly reload: (ms?: number) => Promise<string[]>
  readonly asked: () => string[]
  /** Sets the wall clock apart from the server's. */
  readonly setApart: (ms: number) => void
}

const TTL_MS = 600_000

/** A server in the place of OneLogin's API that answers every request for a token with this body. */
async function answering(body: string): Promise<FetchTarget> {
  const server = createServer((_, response) => response.setHeader('connection', 'close').end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  toClose.push(() => new Promise((resolve) => server.close(resolve)))
  const host = 'api.us.onelogin.com'
  return {
    name: 'api',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hosts: [host],
    knows: ({ url }) => (new URL(url).host === host ? 'path' : undefined),
  }
}

/** A verifier whose clock is wound, on a server whose tokens end when the test says so. */
async function running(
  options?: OneLoginStandInOptions,
  clientSecret?: string,
  fetchOf: (standIn: OneLoginStandIn) => typeof fetch = (standIn) => standIn.fetch,
): Promise<Running> {
  const standIn = await started(options)
  const { subdomain, audience, region, apiClientId: clientId, apiClientSecret } = standIn
  const credential = { from: 'signing-keys', clientId, clientSecret: clientSecret ?? apiClientSecret, region } as const
  const provider = onelogin({ subdomain, audience, keys: credential })
  const events: VerifierEvent[] = []
  let lateMs = 0
  let apartMs = 0
  const clock: Clock = { now: () => Date.now() + apartMs + lateMs, monotonic: () => performance.now() + lateMs }
  const verifier = createVerifier({
    providers: [provider],
    fetch: fetchOf(standIn),
    clock,
    onEvent: (event) => events.push(event),
  })
  toClose.push(verifier.close)
  const asked = (): string[] => standIn.requests.map(({ method, url }) => `${method} ${url}`)
  return {
    standIn,
    verifier,
    events,
    asked,
    setApart(ms) {
      apartMs = ms
    },
    said: () => inspect([events, verifier.status(), provider], { depth: 12, showHidden: true, maxStringLength: null }),
    async reload(ms = TTL_MS) {
      lateMs += ms
      standIn.clearRequests()
      await verifier.ready()
      return asked()
    },
  }
}

describe('the bearer token', () => {
  it('is generated from the credential, once, and used for the keys', async () => {
    const { standIn, verifier, asked } = await running()
    await verifier.ready()
    expect(asked()).toEqual([TOKEN, KEYS])
    const [token, keys] = standIn.requests
    expect(token?.body).toBe('{"grant_type":"client_credentials"}')
    expect(token?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `Basic ${btoa(`${standIn.apiClientId}:${standIn.apiClientSecret}`)}`,
    })
    expect(keys?.headers.authorization).toBe(`bearer ${standIn.secrets.at(-1)}`)
    expect((await verifier.verify(await standIn.issueToken())).provider).toBe('onelogin')
  })

  it('is asked for where the account lives', async () => {
    const { verifier, asked } = await running({ region: 'eu', subdomain: 'acme-labs' })
    await verifier.ready()
    expect(asked()).toEqual([
      'POST https://api.eu.onelogin.com/auth/oauth2/v2/token',
      'GET https://acme-labs.onelogin.com/oidc/2/signing_keys',
    ])
  })

  it('is used again by later loads, which ask whether the keys changed', async () => {
    const { standIn, reload } = await running()
    expect(await reload()).toEqual([TOKEN, KEYS])
    expect(await reload()).toEqual([KEYS])
    expect(standIn.requests[0]?.headers['if-none-match']).toBeDefined()
  })

  it('is renewed a minute before it ends', async () => {
    const { reload } = await running({ apiTokenLifetimeSec: 3600 })
    expect(await reload(0)).toEqual([TOKEN, KEYS])
    expect(await reload(48 * 60_000)).toEqual([KEYS])
    expect(await reload(11.5 * 60_000)).toEqual([TOKEN, KEYS])
  })

  it('is renewed at half its life where that is short', async () => {
    const { reload } = await running({ apiTokenLifetimeSec: 100, cacheControl: 'max-age=30' })
    expect(await reload(0)).toEqual([TOKEN, KEYS])
    expect(await reload(42_000)).toEqual([KEYS])
    expect(await reload(31_000)).toEqual([TOKEN, KEYS])
  })

  it('ends as long after it was created as it lives, however late it was got', async () => {
    const { reload, standIn } = await running({ apiTokenLifetimeSec: 3600 })
    await standIn.fetch('https://api.us.onelogin.com/auth/oauth2/v2/token', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${btoa(`${standIn.apiClientId}:${standIn.apiClientSecret}`)}`,
      },
      body: '{"grant_type":"client_credentials"}',
    })
    expect(await reload(50 * 60_000)).toEqual([TOKEN, KEYS])
    expect(await reload(TTL_MS)).toEqual([TOKEN, KEYS])
  })

  it.each([
    ['behind', -60 * 60_000],
    ['ahead', 100 * 60 * 60_000],
  ])('counts as new where the clock here is far %s', async (_, ms) => {
    const { reload, setApart } = await running({ apiTokenLifetimeSec: 3600 })
    setApart(ms)
    expect(await reload(0)).toEqual([TOKEN, KEYS])
    expect(await reload(48 * 60_000)).toEqual([KEYS])
    expect(await reload(11.5 * 60_000)).toEqual([TOKEN, KEYS])
  })

  it('is renewed once when a 401 says that it was revoked', async () => {
    const { standIn, reload } = await running()
    await reload()
    standIn.revokeTokens()
    expect(await reload()).toEqual([KEYS, TOKEN, KEYS])
    expect(await reload()).toEqual([KEYS])
  })

  it('is renewed once, too, when it was new: OneLogin gives out one token until it ends', async () => {
    const { standIn, verifier, asked } = await running()
    standIn.fail('401', { path: /signing_keys/, times: 1 })
    await verifier.ready()
    expect(asked()).toEqual([TOKEN, KEYS, TOKEN, KEYS])
  })

  it('is given up after the second 401', async () => {
    const { standIn, verifier, asked, reload } = await running()
    standIn.fail('401', { path: /signing_keys/ })
    await expect(verifier.ready()).rejects.toThrow(/signing_keys"?: expected 200, found 401: .*"Manage All"/)
    expect(asked()).toEqual([TOKEN, KEYS, TOKEN, KEYS])
    standIn.recover()
    expect(await reload()).toEqual([TOKEN, KEYS])
  })

  it.each(['500', '404', 'hang'] as const)('is not renewed for the fault %s', async (fault) => {
    const { standIn, events, reload, asked } = await running()
    await reload()
    standIn.fail(fault, { path: /signing_keys/ })
    await reload().catch((error: KeysourceError) => expect(error.code).toBe('KEYS_UNAVAILABLE'))
    expect(asked()).toEqual([KEYS])
    expect(events.at(-1)?.type).toBe('refresh-failed')
  })

  it.each(['not-json', 'html', 'empty', 'redirect', 'truncated'] as const)(
    'is not taken from the fault %s of its endpoint, nor told',
    async (fault) => {
      const { standIn, verifier, said, asked } = await running()
      standIn.fail(fault, { path: /oauth2/ })
      await expect(verifier.ready()).rejects.toThrow(/oauth2\/v2\/token/)
      expect(asked()).toEqual([TOKEN])
      expect(standIn.secrets.filter((secret) => said().includes(secret))).toEqual([])
    },
  )
})

describe('an answer without a token', () => {
  const LEAKY = 'bG9uZyBlbm91Z2g'

  it.each([
    ['no token', '{"expires_in":36000}'],
    ['no lifetime', `{"access_token":"${LEAKY}"}`],
    ['a lifetime that is over', `{"access_token":"${LEAKY}","expires_in":0}`],
    ['a lifetime in words', `{"access_token":"${LEAKY}","expires_in":"soon"}`],
    ['the wrapped form of version 1', `{"data":[{"access_token":"${LEAKY}","expires_in":36000}]}`],
    ['a token that no header can carry', `{"access_token":"${LEAKY}\\n","expires_in":36000}`],
    ['a token that says more', `{"access_token":"${LEAKY}, x","expires_in":36000}`],
    ['text around a token', LEAKY],
    ['null', 'null'],
    ['nothing', ''],
  ])('is refused and not repeated: %s', async (_, body) => {
    const api = await answering(body)
    const { standIn, verifier, said, asked } = await running(undefined, undefined, (keys) => routeFetch(api, keys))
    const error: KeysourceError = await verifier.verify(await standIn.issueToken()).catch((caught) => caught)
    expect([error.code, error.status]).toEqual(['KEYS_UNAVAILABLE', 503])
    expect(error.message).toMatch(/oauth2\/v2\/token: expected JSON with access_token and expires_in/)
    expect(asked()).toEqual([]) // the keys were not asked for
    expect(`${said()}${inspect(error, { depth: 12, showHidden: true })}`).not.toContain(LEAKY)
  })
})

describe('what is said', () => {
  it('names the endpoint that refused the credential, and shows neither secret nor token', async () => {
    const { standIn, verifier, said } = await running(undefined, 'wrong-secret-of-this-test')
    const error: KeysourceError = await verifier.verify(await standIn.issueToken()).catch((caught) => caught)
    expect([error.code, error.status]).toEqual(['KEYS_UNAVAILABLE', 503])
    expect(error.message).toMatch(/api\.us\.onelogin\.com\/auth\/oauth2\/v2\/token.* 401: .*clientId and clientSecret/)
    const everything = `${said()}${inspect(error, { depth: 12, showHidden: true })}`
    expect(everything).not.toMatch(/wrong-secret-of-this-test/)
    expect(everything).not.toContain(btoa(`${standIn.apiClientId}:wrong-secret-of-this-test`))
  })

  it('holds no secret and no token after loads, renewals and faults', async () => {
    const { standIn, said, reload } = await running()
    await reload()
    standIn.revokeTokens()
    await reload()
    standIn.fail('500')
    await reload().catch(() => {})
    standIn.recover()
    expect(standIn.secrets.length).toBeGreaterThanOrEqual(3)
    expect(standIn.secrets.filter((secret) => said().includes(secret))).toEqual([])
  })
})

describe('keys', () => {
  it('verify while they drain, and not once they are gone', async () => {
    const { standIn, verifier, reload } = await running()
    const old = await standIn.issueToken({}, { expiresInSec: 36_000 })
    const kid = standIn.kids.at(-1) ?? ''
    await standIn.rotate()
    await verifier.verify(old)
    await verifier.verify(await standIn.issueToken())
    standIn.withdraw(kid)
    await reload()
    await expect(verifier.verify(old)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
  })
})
