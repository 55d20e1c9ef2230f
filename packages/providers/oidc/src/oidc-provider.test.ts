// Against oidc-provider, a certified OpenID Connect server that we did not write, over real HTTP on loopback.
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Algorithm, createVerifier, type VerifiedToken, type VerifierEvent } from '@keysource/core'
import { decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { oidc } from './index.ts'

/** What is used of oidc-provider, which comes without types. */
interface ProviderClass {
  new (issuer: string, configuration: object): { callback(): RequestListener }
}
// It says that it is not set up for production, once for each setting.
for (const level of ['warn', 'info'] as const) vi.spyOn(console, level).mockReturnValue()
const { default: Provider } = (await import('oidc-provider' as string)) as { default: ProviderClass }

const API = 'https://api.example.com'
const CLIENT = { id: 'acme-web', secret: 'a secret of at least thirty-two characters' }
const CALLBACK = 'https://app.example.com/callback'

/** One address, behind which one server is exchanged for another. */
interface Site {
  readonly issuer: string
  readonly asked: string[]
  serve(keys: readonly JWK[], alg: Algorithm, routes?: Readonly<Record<string, string>>): void
  close(): Promise<void>
}

async function openSite(): Promise<Site> {
  let current: RequestListener = (_, response) => response.writeHead(503).end()
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '/', 'http://localhost').pathname)
    current(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    asked,
    serve(keys, alg, routes = {}) {
      current = new Provider(issuer, configuration(keys, alg, routes)).callback()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function configuration(keys: readonly JWK[], alg: Algorithm, routes: Readonly<Record<string, string>>): object {
  return {
    jwks: { keys },
    routes,
    cookies: { keys: [randomBytes(32).toString('hex')] },
    scopes: ['openid', 'read:reports'],
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials', 'authorization_code'],
        redirect_uris: [CALLBACK],
        response_types: ['code'],
        id_token_signed_response_alg: alg,
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read:reports',
          audience: API,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
  }
}

async function signingKey(alg: Algorithm, kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid }
}

/** A JWT access token, by the client credentials grant (RFC 6749 section 4.4, RFC 8707). */
async function accessToken({ issuer }: Site): Promise<string> {
  const answer = await tokenRequest(issuer, { grant_type: 'client_credentials', resource: API, scope: 'read:reports' })
  return String(answer.access_token)
}

async function tokenRequest(issuer: string, parameters: Record<string, string>): Promise<Record<string, unknown>> {
  const body = new URLSearchParams({ client_id: CLIENT.id, client_secret: CLIENT.secret, ...parameters })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  const answer = (await response.json()) as Record<string, unknown>
  expect(answer).not.toHaveProperty('error')
  return answer
}

// The request, the sign-in page, its form, back, the consent page, its form, back, the callback: eight hops.
const MOST_HOPS = 10

/** An ID token, by the authorization code flow with PKCE, walked through as a browser would. */
async function idToken({ issuer }: Site): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const request = new URLSearchParams({
    client_id: CLIENT.id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid',
    nonce: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const browse = browser()
  let url = `${issuer}/auth?${request}`
  for (let hop = 0; hop < MOST_HOPS && !url.startsWith(CALLBACK); hop++) {
    const page = await browse(url)
    url = page.location ?? (await submitForm(browse, url, page.html))
  }
  const code = new URL(url).searchParams.get('code')
  expect(code, url).toBeTruthy()
  const grant = { grant_type: 'authorization_code', code: code ?? '', redirect_uri: CALLBACK, code_verifier: verifier }
  return String((await tokenRequest(issuer, grant)).id_token)
}

type Browse = (url: string, form?: URLSearchParams) => Promise<{ location: string | undefined; html: string }>

/** A browser with cookies, and nothing else of one. */
function browser(): Browse {
  const cookies = new Map<string, string>()
  return async (url, form) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const post = form && { method: 'POST', body: form }
    const response = await fetch(url, { redirect: 'manual', headers: { cookie }, ...post })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    return { location: location ? new URL(location, url).href : undefined, html: await response.text() }
  }
}

async function submitForm(browse: Browse, url: string, html: string): Promise<string> {
  const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1]
  const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1]
  if (!action || !prompt) throw new Error(`no form in the page at ${url}: ${html.slice(0, 300)}`)
  const form = new URLSearchParams({ prompt, login: 'ada', password: 'any' })
  const { location } = await browse(new URL(action, url).href, form)
  return location ?? url
}

describe.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('oidc-provider signs with %s', (alg) => {
  let site: Site
  beforeAll(async () => {
    site = await openSite()
    site.serve([await signingKey(alg, 'one')], alg)
  })
  afterAll(() => site.close())

  async function verified(jwt: string, audience: string): Promise<VerifiedToken> {
    const verifier = createVerifier({ providers: [oidc({ issuer: site.issuer, audience })] })
    try {
      return await verifier.verify(jwt)
    } finally {
      verifier.close()
    }
  }

  it('a JWT access token', async () => {
    const jwt = await accessToken(site)
    expect(decodeProtectedHeader(jwt)).toEqual({ alg, kid: 'one', typ: 'at+jwt' })
    site.asked.length = 0
    expect(await verified(jwt, API)).toMatchObject({
      provider: 'oidc',
      issuer: site.issuer,
      subject: CLIENT.id,
      clientId: CLIENT.id,
      scopes: ['read:reports'],
      key: { kid: 'one', alg },
    })
    expect(site.asked).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  it('an ID token', async () => {
    const jwt = await idToken(site)
    expect(await verified(jwt, CLIENT.id)).toMatchObject({ subject: 'ada', scopes: [], key: { kid: 'one', alg } })
    await expect(verified(jwt, API)).rejects.toMatchObject({
      code: 'AUDIENCE_MISMATCH',
      hint: expect.stringMatching(/ID token/),
    })
  })

  it('tokens that are refused once they are altered', async () => {
    const [header, payload, signature = ''] = (await accessToken(site)).split('.')
    const other = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    await expect(verified([header, payload, other].join('.'), API)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
  })
})

describe('while the verifier runs, oidc-provider', () => {
  async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
    const site = await openSite()
    const events: VerifierEvent[] = []
    let aheadMs = 0
    const startedAt = Date.now()
    const verifier = createVerifier({
      providers: [oidc({ issuer: site.issuer, audience: API, algorithms: ['ES256', 'EdDSA'] })],
      cache: { staleWaitMs: 5000, cooldownMs: 1 },
      clock: { now: () => startedAt + aheadMs, monotonic: () => aheadMs },
      onEvent: (event) => events.push(event),
    })
    try {
      await work({
        site,
        events,
        verify: (jwt) => verifier.verify(jwt),
        pass: (ms) => {
          aheadMs += ms
        },
      })
    } finally {
      verifier.close()
      await site.close()
    }
  }

  it('rotates its keys, to another algorithm too, and withdraws the old one', async () => {
    const [first, second] = [await signingKey('ES256', 'first'), await signingKey('EdDSA', 'second')]
    await scene(async ({ site, events, verify, pass }) => {
      site.serve([first], 'ES256')
      const old = await accessToken(site)
      expect((await verify(old)).key).toEqual({ kid: 'first', alg: 'ES256' })

      site.serve([second, first], 'EdDSA')
      site.asked.length = 0
      const next = await accessToken(site)
      expect((await verify(next)).key).toEqual({ kid: 'second', alg: 'EdDSA' })
      expect((await verify(old)).key.kid).toBe('first')
      expect(site.asked).toEqual(['/token', '/jwks'])
      expect(events).toContainEqual(expect.objectContaining({ type: 'rotated', added: ['second'], removed: [] }))

      site.serve([second], 'EdDSA')
      pass(600_000)
      await expect(verify(old)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
      expect((await verify(next)).key.kid).toBe('second')
    })
  })

  it('moves its keys to another path, and rotates them on the way', async () => {
    const [first, second] = [await signingKey('ES256', 'first'), await signingKey('ES256', 'second')]
    await scene(async ({ site, verify }) => {
      site.serve([first], 'ES256')
      await verify(await accessToken(site))
      site.serve([second], 'ES256', { jwks: '/keys' })
      const jwt = await accessToken(site)
      site.asked.length = 0
      expect((await verify(jwt)).key.kid).toBe('second')
      expect(site.asked).toEqual(['/jwks', '/.well-known/openid-configuration', '/keys'])
    })
  })
})

interface Scene {
  readonly site: Site
  readonly events: readonly VerifierEvent[]
  verify(jwt: string): Promise<VerifiedToken>
  /** Lets the verifier's time pass. */
  pass(ms: number): void
}
