import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createVerifier, isKeysourceError, type KeysourceError, type VerifierEvent } from '@keysource/core'
import {
  type ClerkStandIn,
  type ClerkStandInOptions,
  describeProvider,
  type ProviderSuite,
  startClerk,
} from '@keysource/testing'
import { afterAll, afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type ClerkOptions, clerk } from './index.ts'

const authorizedParties = ['https://app.example.com']
const frontendApi = 'clerk.acme.example'
const publishableKey = `pk_live_${btoa(`${frontendApi}$`)}`
const SECRET = 'sk_live_Zm9yIHRlc3RzIGFsb25l'
const pem = (kind: 'rsa' | 'ed25519'): string => {
  const { publicKey } = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync(kind)
  return publicKey.export({ format: 'pem', type: 'spki' }).toString()
}
const JWT_KEY = pem('rsa')
const bare = (text: string): string => text.replace(/-----.*-----|\s/g, '')

const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0)) await close()
})

function messageOf(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    expect(isKeysourceError(error) && error.code).toBe('CONFIG_INVALID')
    return (error as KeysourceError).message
  }
  throw new Error('the options were accepted')
}

describe('options', () => {
  it.each<[string, Partial<ClerkOptions>, string | RegExp]>([
    ['frontendApi', { frontendApi }, `https://${frontendApi}/.well-known/jwks.json`],
    ['publishableKey', { publishableKey }, `https://${frontendApi}/.well-known/jwks.json`],
    ['both, which agree', { publishableKey, frontendApi }, `https://${frontendApi}/.well-known/jwks.json`],
    ['secretKey and frontendApi', { secretKey: SECRET, frontendApi }, /^https:\/\/api\.clerk\.com\/v1\/jwks /],
    ['secretKey and publishableKey', { secretKey: SECRET, publishableKey }, /^https:\/\/api\.clerk\.com\/v1\/jwks /],
    ['jwtKey and frontendApi', { jwtKey: JWT_KEY, frontendApi }, /^clerk:jwtKey:clerk\.acme\.example$/],
    ['jwtKey without lines', { jwtKey: bare(JWT_KEY), publishableKey }, /^clerk:jwtKey/],
    ['jwtKey as .env files carry it', { jwtKey: JWT_KEY.replaceAll('\n', '\\n'), publishableKey }, /^clerk:jwtKey/],
  ])('takes %s', (_, options, source) => {
    const { issuer, keys } = clerk({ authorizedParties, ...options })
    expect(issuer).toBe(`https://${frontendApi}`)
    expect('id' in keys && keys.id).toMatch(source)
  })

  it('names the source of each instance by itself, also behind the one Backend API', () => {
    const ids = ['clerk.a.example', 'clerk.b.example'].flatMap((host) =>
      [{}, { secretKey: SECRET }, { jwtKey: JWT_KEY }].map((way) => {
        const { keys } = clerk({ frontendApi: host, authorizedParties, ...way })
        return 'id' in keys && keys.id
      }),
    )
    expect(new Set(ids).size).toBe(6)
  })

  it.each([
    ['https://app.example.com'],
    ['http://localhost:3000'],
    ['https://app.example.com:8443'],
    ['http://192.168.1.20:8080'],
    ['chrome-extension://abcdefghijklmnop'],
  ])('takes the authorized party %s', (party) => {
    expect(clerk({ frontendApi, authorizedParties: [party] }).name).toBe('clerk')
  })

  it.each([
    ['neither publishableKey nor frontendApi', {}, /"publishableKey": expected .*frontendApi.* got neither/],
    ['a secret key alone', { secretKey: SECRET }, /"publishableKey": expected .*frontendApi/],
    [
      'a damaged publishable key',
      { publishableKey: publishableKey.slice(0, -4) },
      /"publishableKey": .*whole.*"pk_live_/,
    ],
    ['a secret key as publishable key', { publishableKey: SECRET }, /"publishableKey": .* a secret key \(not shown\)/],
    ['other text as publishable key', { publishableKey: `x${SECRET}` }, /"publishableKey": .*\(not shown/],
    ['an empty publishable key', { publishableKey: '' }, /"publishableKey"/],
    ['a URL as frontendApi', { frontendApi: `https://${frontendApi}/` }, /"frontendApi".*write "clerk\.acme\.example"/],
    [
      'a frontendApi that contradicts',
      { publishableKey, frontendApi: 'clerk.other.example' },
      /"frontendApi": expected "clerk\.acme\.example", as in publishableKey, got "clerk\.other\.example"/,
    ],
    ['secretKey and jwtKey', { frontendApi, secretKey: SECRET, jwtKey: JWT_KEY }, /"jwtKey": .*secretKey, got both/],
    ['a publishable key as secretKey', { frontendApi, secretKey: publishableKey }, /"secretKey": .* a publishable key/],
    ['other text as secretKey', { frontendApi, secretKey: 'Zm9yIHRlc3RzIGFsb25l' }, /"secretKey": .*\(not shown/],
    ['a secretKey with a line break', { frontendApi, secretKey: `${SECRET}\nx` }, /"secretKey": .*\(not shown/],
    ['a jwtKey that is no key', { frontendApi, jwtKey: 'MIIBIjAN' }, /^clerk: option "jwtKey": .* damaged/],
    ['a jwtKey that is cut off', { frontendApi, jwtKey: bare(JWT_KEY).slice(0, -8) }, /^clerk: option "jwtKey"/],
    ['a jwtKey that is not RSA', { frontendApi, jwtKey: pem('ed25519') }, /"jwtKey": expected a key for RS256/],
    ['a secret key as jwtKey', { frontendApi, jwtKey: SECRET }, /"jwtKey": .* not base64/],
    ['apiUrl without secretKey', { frontendApi, apiUrl: 'https://api.clerk.com' }, /"apiUrl": expected secretKey/],
    ['a plain apiUrl', { frontendApi, secretKey: SECRET, apiUrl: 'http://api.clerk.com' }, /"apiUrl": .*https/],
    ['an apiUrl with a query', { frontendApi, secretKey: SECRET, apiUrl: 'https://api.clerk.com?x=1' }, /"apiUrl"/],
    ['no authorizedParties', { frontendApi, authorizedParties: undefined }, /"authorizedParties": .* got nothing/],
    ['empty authorizedParties', { frontendApi, authorizedParties: [] }, /"authorizedParties"/],
    [
      'authorizedParties as text',
      { frontendApi, authorizedParties: 'https://a.example' },
      /"authorizedParties".*array/,
    ],
    [
      'a party with a slash',
      { frontendApi, authorizedParties: ['https://a.example', 'https://app.example.com/'] },
      /"authorizedParties\[1\]".*write "https:\/\/app\.example\.com"/,
    ],
    [
      'a party without scheme',
      { frontendApi, authorizedParties: ['app.example.com'] },
      /write "https:\/\/app\.example/,
    ],
    ['any party', { frontendApi, authorizedParties: ['*'] }, /"authorizedParties\[0\]".*origin/],
    ['an empty audience', { frontendApi, audience: '' }, /"audience"/],
    ['an unknown option', { frontendApi, domain: 'x' }, /unknown option "domain"/],
  ])('refuses %s', (_, options, message) => {
    const given = messageOf(() => clerk({ authorizedParties, ...options } as ClerkOptions))
    expect(given).toMatch(message)
    expect(given).not.toMatch(/\n|Zm9yIHRlc3Rz/)
  })

  it('types what it verifies', () => {
    const provider = clerk({ frontendApi, authorizedParties, name: 'shop' })
    expectTypeOf(provider.name).toEqualTypeOf<'shop'>()
    // @ts-expect-error: a session token without authorizedParties would be taken from any front end
    expect(() => clerk({ frontendApi })).toThrow()
  })
})

describe('fromEnv', () => {
  const CLERK_AUTHORIZED_PARTIES = 'https://app.example.com, http://localhost:3000'
  const idOf = (environment: Record<string, string>, options = {}): string => {
    const { keys } = clerk.fromEnv(options, { CLERK_AUTHORIZED_PARTIES, ...environment })
    return 'id' in keys ? keys.id : ''
  }
  const CLERK_PUBLISHABLE_KEY = publishableKey

  it.each(['', 'NEXT_PUBLIC_', 'VITE_', 'PUBLIC_', 'NUXT_PUBLIC_', 'EXPO_PUBLIC_'])(
    'reads %sCLERK_PUBLISHABLE_KEY',
    (prefix) => {
      const { issuer } = clerk.fromEnv(
        {},
        { CLERK_AUTHORIZED_PARTIES, [`${prefix}CLERK_PUBLISHABLE_KEY`]: publishableKey },
      )
      expect(issuer).toBe(`https://${frontendApi}`)
    },
  )

  it('prefers the way that needs the least: jwtKey, then secretKey, then the Frontend API', () => {
    const keys = { CLERK_JWT_KEY: JWT_KEY, CLERK_SECRET_KEY: SECRET, CLERK_API_URL: 'https://api.proxy.example' }
    const { CLERK_JWT_KEY: _, ...withoutJwtKey } = keys
    expect(idOf({ CLERK_PUBLISHABLE_KEY, ...keys })).toMatch(/^clerk:jwtKey/)
    expect(idOf({ CLERK_PUBLISHABLE_KEY, ...withoutJwtKey })).toMatch(/^https:\/\/api\.proxy\.example\/v1\/jwks/)
    expect(idOf({ CLERK_FRONTEND_API: frontendApi })).toBe(`https://${frontendApi}/.well-known/jwks.json`)
  })

  it('lets options win', () => {
    const environment = { CLERK_PUBLISHABLE_KEY, CLERK_JWT_KEY: JWT_KEY, CLERK_SECRET_KEY: SECRET }
    expect(idOf(environment, { secretKey: SECRET })).toMatch(/^https:\/\/api\.clerk\.com/)
    expect(idOf(environment, { apiUrl: 'https://api.proxy.example' })).toMatch(/^https:\/\/api\.proxy\.example/)
    expect(idOf(environment, { frontendApi: 'clerk.other.example' })).toBe('clerk:jwtKey:clerk.other.example')
  })

  it.each([
    [{ CLERK_AUTHORIZED_PARTIES }, /clerk\.fromEnv: .*CLERK_PUBLISHABLE_KEY or NEXT_PUBLIC_.* or CLERK_FRONTEND_API/],
    [{ CLERK_PUBLISHABLE_KEY }, /CLERK_AUTHORIZED_PARTIES/],
    [{ CLERK_PUBLISHABLE_KEY, CLERK_AUTHORIZED_PARTIES: 'x' }, /"authorizedParties\[0\]"/],
    [{ CLERK_PUBLISHABLE_KEY, CLERK_AUTHORIZED_PARTIES, CLERK_FRONTEND_API: 'other.example' }, /"frontendApi"/],
  ])('names what is wrong with %o', (environment, message) => {
    expect(messageOf(() => clerk.fromEnv({}, environment))).toMatch(message)
  })
})

interface Running {
  readonly standIn: ClerkStandIn
  readonly verify: ReturnType<typeof createVerifier>['verify']
  readonly refusal: (jwt: string) => Promise<KeysourceError>
}

// Making RSA keys takes longer than the rest of a test, so that all without options share one server.
let shared: ClerkStandIn | undefined
afterAll(() => shared?.close())

async function started(options: ClerkStandInOptions | undefined): Promise<ClerkStandIn> {
  if (!options) {
    shared ??= await startClerk()
    return shared
  }
  const standIn = await startClerk(options)
  toClose.push(standIn.close)
  return standIn
}

async function running(options: Partial<ClerkOptions> = {}, standInOptions?: ClerkStandInOptions): Promise<Running> {
  const standIn = await started(standInOptions)
  const provider = clerk({ frontendApi: standIn.frontendApi, authorizedParties, ...options })
  const { verify, close } = createVerifier({ providers: [provider], fetch: standIn.fetch })
  toClose.push(close)
  const refusal = (jwt: string): Promise<KeysourceError> =>
    verify(jwt).then(
      () => Promise.reject(new Error('the token was accepted')),
      (error: KeysourceError) => error,
    )
  return { standIn, verify, refusal }
}

describe('session tokens', () => {
  it('names the organization of both versions as tenant, and the front end as client', async () => {
    const { standIn, verify } = await running({}, { organization: { id: 'org_2', slug: 'acme', role: 'admin' } })
    expect(await verify(await standIn.issueToken())).toMatchObject({
      subject: standIn.subject,
      clientId: 'https://app.example.com',
      tenant: 'org_2',
      scopes: [],
    })
    const first = { v: undefined, o: undefined, sts: undefined, org_id: 'org_1' }
    expect((await verify(await standIn.issueToken(first))).tenant).toBe('org_1')
    expect((await verify(await standIn.issueToken({ ...first, org_id: undefined }))).tenant).toBeUndefined()
    for (const o of ['org_3', null, 7, { id: 7 }]) {
      expect((await verify(await standIn.issueToken({ o }))).tenant).toBeUndefined()
    }
  })

  it('takes each of several authorized parties, compared as text', async () => {
    const parties = ['https://app.example.com', 'http://localhost:3000']
    const { standIn, verify, refusal } = await running({ authorizedParties: parties })
    for (const azp of parties) await verify(await standIn.issueToken({ azp }))
    for (const azp of ['https://app.example.com/', 'https://app.example.com.evil.example', parties, null]) {
      expect((await refusal(await standIn.issueToken({ azp }))).code).toBe('CLAIM_INVALID')
    }
  })

  it('takes tokens without a category, and of instances that stamp one on all, if they have a session', async () => {
    const { standIn, verify, refusal } = await running()
    for (const cat of [undefined, 'cl_I7d4PD111III']) {
      await verify(await standIn.issueToken({}, { header: { cat } }))
      const error = await refusal(await standIn.issueToken({ sid: undefined }, { header: { cat } }))
      expect([error.code, error.subject]).toEqual(['CLAIM_MISSING', 'sid'])
      const machine = await standIn.issueToken({ azp: authorizedParties[0] }, { kind: 'm2m', header: { cat } })
      expect((await refusal(machine)).subject).toBe('sid')
    }
    const oauth = await refusal(await standIn.issueToken({ azp: authorizedParties[0] }, { kind: 'oauth' }))
    expect([oauth.subject, oauth.hint]).toEqual(['sid', expect.stringContaining('getToken()')])
  })

  it('checks aud where an audience is asked for', async () => {
    const { standIn, verify, refusal } = await running({ audience: ['https://api.example.com', 'other'] })
    await verify(await standIn.issueToken({ aud: 'https://api.example.com' }))
    expect(await refusal(await standIn.issueToken({ aud: 'https://x.example' }))).toMatchObject({
      code: 'AUDIENCE_MISMATCH',
    })
    expect(await refusal(await standIn.issueToken())).toMatchObject({
      code: 'CLAIM_MISSING',
      hint: expect.stringContaining('Customize session token'),
    })
  })

  it.each<[string, Record<string, unknown>, object, RegExp]>([
    ['a pending session', { sts: 'pending' }, {}, /task to do/],
    ['no azp', { azp: undefined }, {}, /Origin/],
    ['another azp', { azp: 'https://admin.example.com' }, {}, /"https:\/\/admin\.example\.com": add that origin/],
    ['a machine', {}, { kind: 'm2m' }, /Only session tokens.*getToken\(\)/],
    ['a template', {}, { header: { cat: 'cl_B7d4PD222AAA' } }, /getToken\(\) without a template/],
    ['an expired token', {}, { expiresInSec: -60 }, /about a minute/],
    ['another instance', { iss: 'https://clerk.satellite.example' }, {}, /satellite domain.*proxy/],
    ['a key of another instance', {}, { header: { kid: 'ins_other' } }, /secretKey or jwtKey belongs to another/],
  ])('hints at the cause of %s', async (_, claims, options, hint) => {
    const { standIn, refusal } = await running()
    expect((await refusal(await standIn.issueToken(claims, options))).hint).toMatch(hint)
  })

  it.each(['mt_7f3a', 'oat_7f3a', 'ak_7f3a'])('knows the opaque token %s', async (token) => {
    const { refusal } = await running()
    const error = await refusal(token)
    expect([error.code, error.hint]).toEqual(['TOKEN_MALFORMED', expect.stringMatching(/mt_….*oat_….*ak_…/)])
  })

  it('says nothing of tokens that are not Clerk’s', async () => {
    const { refusal, standIn } = await running()
    const other = { iss: 'https://id.example.com', sid: 'x' }
    const jwt = await standIn.issueToken(other, { header: { kid: undefined, cat: undefined } })
    expect((await refusal(jwt)).hint).toBeUndefined()
  })
})

describe('the secret key', () => {
  it('goes to apiUrl as it is given, and is not sent on where that redirects', async () => {
    const elsewhere = await listen((_, response) => response.end('{"keys":[]}'))
    const backend = await listen((request, response) => {
      const to = request.url === '/clerk/v1/jwks' ? `${elsewhere.url}/v1/jwks` : `${elsewhere.url}/other`
      response.writeHead(302, { location: to }).end()
    })
    const provider = clerk({ frontendApi, authorizedParties, secretKey: SECRET, apiUrl: `${backend.url}/clerk/` })
    const verifier = createVerifier({ providers: [provider] })
    toClose.push(verifier.close)
    await expect(verifier.ready()).rejects.toThrow(/redirect/)
    expect(backend.requests).toEqual([['GET', '/clerk/v1/jwks', `Bearer ${SECRET}`]])
    expect(elsewhere.requests).toEqual([])
  })

  it('is said to be wrong, and not shown, when the Backend API refuses it', async () => {
    const standIn = await startClerk()
    const events: VerifierEvent[] = []
    const provider = clerk({ frontendApi: standIn.frontendApi, authorizedParties, secretKey: SECRET })
    const verifier = createVerifier({
      providers: [provider],
      fetch: standIn.fetch,
      onEvent: (event) => events.push(event),
    })
    toClose.push(verifier.close, standIn.close)
    const error: KeysourceError = await verifier.verify(await standIn.issueToken()).catch((caught) => caught)
    expect([error.code, error.status]).toEqual(['KEYS_UNAVAILABLE', 503])
    expect(error.message).toMatch(/api\.clerk\.com\/v1\/jwks.*401.*does not take this secretKey/)
    expect(events.length).toBeGreaterThan(0)
    expect(inspect([error, events, verifier.status(), provider], { depth: 12, showHidden: true })).not.toContain(SECRET)
  })
})

interface Listening {
  readonly url: string
  readonly requests: (readonly [method?: string, path?: string, authorization?: string])[]
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Listening> {
  const requests: Listening['requests'] = []
  const server: Server = createServer((request, response) => {
    requests.push([request.method ?? '', request.url ?? '', request.headers.authorization ?? ''])
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  toClose.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

const suite: Omit<ProviderSuite<ClerkStandIn>, 'provider' | 'requests'> = {
  runner: { describe, it },
  name: 'clerk',
  standIn: () => startClerk(),
  identity: ({ subject, authorizedParty }) => ({ subject, clientId: authorizedParty, scopes: [], tenant: undefined }),
  refuses: [
    { title: 'a pending session', code: 'CLAIM_INVALID', token: ({ issueToken }) => issueToken({ sts: 'pending' }) },
    { title: 'a token without azp', code: 'CLAIM_MISSING', token: ({ issueToken }) => issueToken({ azp: undefined }) },
    {
      title: 'a token of another front end',
      code: 'CLAIM_INVALID',
      token: ({ issueToken }) => issueToken({ azp: 'https://evil.example' }),
    },
    { title: 'a token without sub', code: 'CLAIM_MISSING', token: ({ issueToken }) => issueToken({ sub: undefined }) },
    { title: 'a machine’s token', code: 'CLAIM_INVALID', token: ({ issueToken }) => issueToken({}, { kind: 'm2m' }) },
    { title: 'an OAuth token', code: 'CLAIM_MISSING', token: ({ issueToken }) => issueToken({}, { kind: 'oauth' }) },
  ],
  badOptions: [
    { title: 'no instance', make: () => clerk({ authorizedParties }), names: /"publishableKey"/ },
    {
      title: 'a damaged publishable key',
      make: () => clerk({ authorizedParties, publishableKey: 'pk_test_eA' }),
      names: /"publishableKey"/,
    },
  ],
}

describe('by publishable key', () => {
  describeProvider<ClerkStandIn>({
    ...suite,
    provider: (standIn) => clerk({ publishableKey: standIn.publishableKey, authorizedParties }),
    requests: () => ['GET https://acme-reports-42.clerk.accounts.dev/.well-known/jwks.json'],
    renamed: (standIn, name) => clerk({ publishableKey: standIn.publishableKey, authorizedParties, name }),
  })
})

describe('by secret key', () => {
  describeProvider<ClerkStandIn>({
    ...suite,
    provider: (standIn) => clerk({ secretKey: standIn.secretKey, frontendApi: standIn.frontendApi, authorizedParties }),
    requests: () => ['GET https://api.clerk.com/v1/jwks'],
  })
})

describe('by PEM key', () => {
  describeProvider<ClerkStandIn>({
    ...suite,
    provider: (standIn) => clerk({ jwtKey: bare(standIn.jwtKey), frontendApi: standIn.frontendApi, authorizedParties }),
    requests: () => [],
    capabilities: { network: false },
  })
})
