import { createVerifier, isKeysourceError, type KeysourceError, type Verifier } from '@keysource/core'
import {
  describeProvider,
  type ProviderSuite,
  type SuperTokensStandIn,
  type SuperTokensStandInOptions,
  startSuperTokens,
} from '@keysource/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type SuperTokensOptions, supertokens } from './index.ts'

const apiDomain = 'https://api.acme.example'

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
  it.each<[SuperTokensOptions, string]>([
    [{ apiDomain }, 'https://api.acme.example/auth'],
    [{ apiDomain: 'https://acme.example:8443' }, 'https://acme.example:8443/auth'],
    [{ apiDomain: 'http://localhost:3001' }, 'http://localhost:3001/auth'],
    [{ apiDomain: 'http://127.0.0.1:3001' }, 'http://127.0.0.1:3001/auth'],
    [{ apiDomain, apiBasePath: '/api/auth' }, 'https://api.acme.example/api/auth'],
    [{ apiDomain, apiBasePath: '/' }, 'https://api.acme.example'],
    [{ apiDomain, apiBasePath: '' }, 'https://api.acme.example'],
    [{ apiDomain, apiGatewayPath: '/v1' }, 'https://api.acme.example/v1/auth'],
    [{ apiDomain, apiGatewayPath: '/' }, 'https://api.acme.example/auth'],
    [{ apiDomain, apiGatewayPath: '/gw.v1/eu', apiBasePath: '/login' }, 'https://api.acme.example/gw.v1/eu/login'],
    [{ apiDomain, apiGatewayPath: '/v1', apiBasePath: '/' }, 'https://api.acme.example/v1'],
  ])('puts issuer and key URL together from %o', (options, expected) => {
    const { issuer, keys } = supertokens(options)
    expect([issuer, 'id' in keys && keys.id]).toEqual([expected, `${expected}/jwt/jwks.json`])
  })

  it.each([
    ['no apiDomain', { apiDomain: undefined }, /"apiDomain": expected an origin.* got nothing/],
    ['a path', { apiDomain: `${apiDomain}/auth` }, /"apiDomain".*write "https:\/\/api\.acme\.example"/],
    ['a slash at the end', { apiDomain: `${apiDomain}/` }, /write "https:\/\/api\.acme\.example"/],
    ['a bare host', { apiDomain: 'api.acme.example' }, /write "https:\/\/api\.acme\.example"/],
    ['a bare localhost', { apiDomain: 'localhost:3001' }, /write "http:\/\/localhost:3001"/],
    ['capitals', { apiDomain: 'https://API.acme.example' }, /write "https:\/\/api\.acme\.example"/],
    ['the default port', { apiDomain: 'https://api.acme.example:443' }, /write "https:\/\/api\.acme\.example"/],
    ['plain http', { apiDomain: 'http://api.acme.example' }, /"apiDomain".*plain http only on localhost/],
    ['a user name', { apiDomain: 'https://a:b@api.acme.example' }, /"apiDomain"/],
    ['a base path without its slash', { apiBasePath: 'auth' }, /"apiBasePath".*write "\/auth"/],
    ['a base path with another', { apiBasePath: '/auth/' }, /"apiBasePath".*write "\/auth"/],
    ['a base path with a query', { apiBasePath: '/auth?x' }, /"apiBasePath"/],
    ['a base path with two slashes', { apiBasePath: '/api//auth' }, /"apiBasePath"/],
    ['a base path that leads up', { apiBasePath: '/api/../auth' }, /"apiBasePath"/],
    ['a URL as base path', { apiBasePath: 'https://api.acme.example/auth' }, /"apiBasePath"/],
    ['a gateway path without its slash', { apiGatewayPath: 'v1/' }, /"apiGatewayPath".*write "\/v1"/],
    ['an empty tenant', { tenantId: '' }, /"tenantId"/],
    ['an unknown option', { audience: 'x' }, /unknown option "audience"/],
  ])('refuses %s', (_, options, message) => {
    const given = messageOf(() => supertokens({ apiDomain, ...options } as SuperTokensOptions))
    expect(given).toMatch(message)
    expect(given).not.toContain('\n')
  })

  it('types what it verifies', () => {
    expectTypeOf(supertokens({ apiDomain, name: 'backend' }).name).toEqualTypeOf<'backend'>()
    // @ts-expect-error: whose tokens these are
    expect(() => supertokens({})).toThrow()
  })
})

describe('fromEnv', () => {
  it('reads where the backend is', () => {
    const environment = {
      SUPERTOKENS_API_DOMAIN: apiDomain,
      SUPERTOKENS_API_BASE_PATH: '/login',
      SUPERTOKENS_API_GATEWAY_PATH: '/v1',
      SUPERTOKENS_TENANT_ID: 'customer-1',
    }
    const { issuer, rules } = supertokens.fromEnv({}, environment)
    expect(issuer).toBe('https://api.acme.example/v1/login')
    expect(rules.checks.map(({ name }) => name)).toContain('tId')
    expect(supertokens.fromEnv({ apiBasePath: '/' }, environment).issuer).toBe('https://api.acme.example/v1')
    expect(supertokens.fromEnv({}, { SUPERTOKENS_API_DOMAIN: apiDomain }).rules.checks.map(({ name }) => name)).toEqual(
      ['stt', 'version', 'sessionHandle'],
    )
  })

  it.each([
    [{}, /supertokens\.fromEnv: .*SUPERTOKENS_API_DOMAIN/],
    [{ SUPERTOKENS_API_DOMAIN: 'api.acme.example' }, /"apiDomain".*write/],
    [{ SUPERTOKENS_API_DOMAIN: apiDomain, SUPERTOKENS_API_BASE_PATH: 'auth' }, /"apiBasePath".*write/],
  ])('names what is wrong with %o', (environment, message) => {
    expect(messageOf(() => supertokens.fromEnv({}, environment))).toMatch(message)
  })
})

describe('tokens', () => {
  let standIn: SuperTokensStandIn
  let verifier: Verifier
  beforeAll(async () => {
    standIn = await startSuperTokens({ tenantId: 'customer-1' })
    verifier = createVerifier({ providers: [supertokens({ apiDomain })], fetch: standIn.fetch })
  })
  afterAll(async () => {
    verifier.close()
    await standIn.close()
  })
  const refusal = (jwt: string): Promise<KeysourceError> =>
    verifier.verify(jwt).then(
      () => Promise.reject(new Error('the token was accepted')),
      (error: KeysourceError) => error,
    )

  it.each([
    ['of version 5', {}, {}],
    ['of version 4', { rsub: undefined }, { version: '4' }],
    ['of version 3', { rsub: undefined, tId: undefined }, { version: '3' }],
    ['without a version', {}, { version: undefined }],
    ['of a version to come', {}, { version: '12' }],
    ['without stt', { stt: undefined }, {}],
  ])('takes sessions %s', async (_, claims, header) => {
    const jwt = await standIn.issueToken(claims, { header })
    expect(await verifier.verify(jwt)).toMatchObject({ subject: standIn.subject, clientId: undefined, scopes: [] })
  })

  it('names the tenant', async () => {
    expect((await verifier.verify(await standIn.issueToken())).tenant).toBe('customer-1')
    expect((await verifier.verify(await standIn.issueToken({ tId: undefined }))).tenant).toBeUndefined()
  })

  it('takes sessions of both kinds of key, static and dynamic', async () => {
    const kids = standIn.kids.filter((kid) => /^[sd]-/.test(kid))
    expect(kids.map((kid) => kid[0]).sort()).toEqual(['d', 's'])
    for (const kid of kids) expect((await verifier.verify(await standIn.issueToken({}, { kid }))).key.kid).toBe(kid)
  })

  it.each<[string, Record<string, unknown>, object, string, string, RegExp]>([
    ['an OAuth access token', {}, { kind: 'oauth-access' }, 'CLAIM_INVALID', 'stt', /OAuth access.*@keysource\/oidc/],
    ['an OAuth ID token', {}, { kind: 'oauth-id' }, 'CLAIM_INVALID', 'stt', /OAuth ID token/],
    ['a kind in words', { stt: '0' }, {}, 'CLAIM_INVALID', 'stt', /./],
    ['no kind', { stt: null }, {}, 'CLAIM_INVALID', 'stt', /./],
    ['version 2', {}, { header: { version: '2' } }, 'CLAIM_INVALID', 'version', /version 2 or older.*upgrade/],
    ['a version that is no text', {}, { header: { version: 5 } }, 'CLAIM_INVALID', 'version', /./],
    [
      'the claims of version 2',
      { sub: undefined, exp: undefined, userId: 'u', expiryTime: 1 },
      {},
      'CLAIM_MISSING',
      'exp',
      /userId and expiryTime/,
    ],
    ['a JWT of the backend’s own', { sessionHandle: undefined }, {}, 'CLAIM_MISSING', 'sessionHandle', /createJWT/],
    ['an empty handle', { sessionHandle: '' }, {}, 'CLAIM_INVALID', 'sessionHandle', /createJWT/],
    ['another base path', { iss: `${apiDomain}/api/auth` }, {}, 'ISSUER_UNKNOWN', 'iss', /apiGatewayPath.*appInfo/],
    ['no issuer', { iss: undefined, expiryTime: 1 }, { header: { version: '2' } }, 'ISSUER_UNKNOWN', 'iss', /upgrade/],
  ])('refuses %s, and says why', async (_, claims, options, code, subject, hint) => {
    const error = await refusal(await standIn.issueToken(claims, options))
    expect([error.code, error.subject]).toEqual([code, subject])
    expect(error.hint).toMatch(hint)
  })

  it('holds sessions to a tenant where one is given', async () => {
    const provider = supertokens({ apiDomain, tenantId: 'customer-1' })
    const strict = createVerifier({ providers: [provider], fetch: standIn.fetch })
    await strict.verify(await standIn.issueToken())
    const other = strict.verify(await standIn.issueToken({ tId: 'public' }))
    await expect(other).rejects.toMatchObject({ code: 'CLAIM_INVALID', hint: expect.stringMatching(/another tenant/) })
    const none = strict.verify(await standIn.issueToken({ tId: undefined }))
    await expect(none).rejects.toMatchObject({ code: 'CLAIM_MISSING', hint: expect.stringMatching(/version 4/) })
    strict.close()
  })

  it('says nothing of tokens that are nobody’s it knows', async () => {
    const error = await refusal(await standIn.issueToken({ iss: 'https://id.example.com', sessionHandle: undefined }))
    expect(error.hint ?? '').not.toMatch(/appInfo/)
  })
})

function suiteOf(
  standInOptions: SuperTokensStandInOptions,
  options: Partial<SuperTokensOptions>,
): ProviderSuite<SuperTokensStandIn> {
  const provider = ({ apiDomain }: SuperTokensStandIn, name?: string): ReturnType<typeof supertokens> =>
    supertokens({ apiDomain, ...options, ...(name && { name: name as 'supertokens' }) })
  return {
    runner: { describe, it },
    name: 'supertokens',
    standIn: () => startSuperTokens(standInOptions),
    provider: (standIn) => provider(standIn),
    requests: ({ issuer }) => [`GET ${issuer}/jwt/jwks.json`],
    identity: ({ subject, tenantId }) => ({ subject, clientId: undefined, scopes: [], tenant: tenantId }),
    refuses: [
      {
        title: 'an OAuth access token',
        code: 'CLAIM_INVALID',
        token: ({ issueToken }) => issueToken({}, { kind: 'oauth-access' }),
        accepted: ({ issueToken }) => issueToken({ stt: 0 }, { kind: 'oauth-access' }),
        hint: /not a session/,
      },
      {
        title: 'an OAuth ID token',
        code: 'CLAIM_INVALID',
        token: ({ issueToken }) => issueToken({}, { kind: 'oauth-id' }),
      },
      {
        title: 'a token without sub',
        code: 'CLAIM_MISSING',
        token: ({ issueToken }) => issueToken({ sub: undefined }),
      },
    ],
    badOptions: [
      {
        title: 'a path in apiDomain',
        make: () => supertokens({ apiDomain: `${apiDomain}/auth` }),
        names: /"apiDomain"/,
      },
    ],
    renamed: provider,
  }
}

describe('in production', () => {
  describeProvider(suiteOf({}, {}))
})

describe('in development, behind a gateway', () => {
  const paths = { apiBasePath: '/api/auth', apiGatewayPath: '/v1' }
  describeProvider(suiteOf({ apiDomain: 'http://localhost', ...paths }, paths))
})

describe('of one tenant', () => {
  const tenantId = 'customer-1'
  describeProvider({
    ...suiteOf({ tenantId }, { tenantId }),
    refuses: [
      {
        title: 'a session of another tenant',
        code: 'CLAIM_INVALID',
        token: ({ issueToken }) => issueToken({ tId: 'public' }),
        hint: /another tenant/,
      },
      {
        title: 'a session without a tenant',
        code: 'CLAIM_MISSING',
        token: ({ issueToken }) => issueToken({ tId: undefined }),
        hint: /version 4/,
      },
    ],
  })
})
