import { createVerifier, type KeysourceError, type VerifiedToken } from '@keysource/core'
import {
  type Auth0StandIn,
  type Auth0StandInOptions,
  describeProvider,
  keyPairs,
  startAuth0,
  withKeyPairs,
} from '@keysource/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Auth0Options, auth0 } from './index.ts'

const DOMAIN = 'acme.eu.auth0.com'
const CUSTOM = 'login.acme.example'
const AUDIENCE = 'https://api.example.com'
const good: Auth0Options = { domain: DOMAIN, audience: AUDIENCE }

describe('options', () => {
  it('makes the issuer of a domain, slash included', () => {
    const { name, issuer, rules } = auth0(good)
    expect([name, issuer]).toEqual(['auth0', [`https://${DOMAIN}/`]])
    expect(rules).toMatchObject({ algorithms: ['RS256'], typ: undefined, requiredClaims: ['sub'], checks: [] })
  })

  it('makes the issuers of several domains', () => {
    const { issuer } = auth0({ domains: [DOMAIN, CUSTOM], audience: AUDIENCE })
    expect(issuer).toEqual([`https://${DOMAIN}/`, `https://${CUSTOM}/`])
  })

  it.each([
    ['no domain', { domain: undefined }, /option "domain": expected the tenant’s domain, such as .*, got nothing/],
    ['both', { domains: [CUSTOM] }, /"domains": expected either domain or domains, got both/],
    ['a URL as domain', { domain: `https://${DOMAIN}/` }, /"domain".*write "acme\.eu\.auth0\.com", got "https:/],
    ['a domain in capitals', { domain: 'ACME.eu.auth0.com' }, /"domain".*write "acme\.eu\.auth0\.com"/],
    ['a domain with a path', { domain: `${DOMAIN}/api/v2/` }, /"domain".*write "acme\.eu\.auth0\.com"/],
    ['a tenant name', { domain: 'acme' }, /"domain".*host name.*got "acme"/],
    [
      'no domains',
      { domain: undefined, domains: [] },
      /"domains".*an array of different host names.*got an array of 0/,
    ],
    [
      'a URL in domains',
      { domain: undefined, domains: [DOMAIN, `https://${CUSTOM}/`] },
      /"domains".*write "login\.acme\.example"/,
    ],
    ['a domain twice', { domain: undefined, domains: [DOMAIN, DOMAIN] }, /"domains".*different host names/],
    ['no audience', { audience: undefined }, /option "audience": expected the identifier of your API.*got nothing/],
    ['an empty audience', { audience: '' }, /"audience"/],
    ['an empty organization', { organization: '' }, /"organization": expected an organization id/],
    ['a symmetric algorithm', { algorithms: ['HS256'] }, /"algorithms".*asymmetric/],
    ['an option of another adapter', { issuer: 'x' }, /unknown option "issuer"/],
  ])('refuses %s', (_, change, message) => {
    expect(() => auth0({ ...good, ...change } as Auth0Options)).toThrow(message)
  })
})

describe('fromEnv', () => {
  const environment = { AUTH0_DOMAIN: DOMAIN, AUTH0_AUDIENCE: AUDIENCE }

  it.each([
    [{}, [`https://${DOMAIN}/`], [AUDIENCE]],
    [{ AUTH0_DOMAIN: `${DOMAIN}, ${CUSTOM}` }, [`https://${DOMAIN}/`, `https://${CUSTOM}/`], [AUDIENCE]],
    [{ AUTH0_AUDIENCE: 'a,b' }, [`https://${DOMAIN}/`], ['a', 'b']],
  ])('reads its variables: %j', (change, issuer, audience) => {
    const provider = auth0.fromEnv({}, { ...environment, ...change })
    expect([provider.issuer, provider.rules.audience]).toEqual([issuer, audience])
  })

  it('lets options win', () => {
    const provider = auth0.fromEnv({ domain: CUSTOM, audience: 'a', name: 'customers' }, environment)
    expect([provider.name, provider.issuer, provider.rules.audience]).toEqual([
      'customers',
      [`https://${CUSTOM}/`],
      'a',
    ])
    expect(auth0.fromEnv({ domains: [CUSTOM] }, environment).issuer).toEqual([`https://${CUSTOM}/`])
  })

  it('reads an organization', () => {
    expect(auth0.fromEnv({}, { ...environment, AUTH0_ORGANIZATION: 'org_1' }).rules.checks).toMatchObject([
      { name: 'org_id' },
    ])
  })

  it.each(['AUTH0_DOMAIN', 'AUTH0_AUDIENCE'])('names %s where it is missing', (name) => {
    expect(() => auth0.fromEnv({}, { ...environment, [name]: ' ' })).toThrow(name)
  })

  it('says what to write where the domain is a URL', () => {
    expect(() => auth0.fromEnv({}, { ...environment, AUTH0_DOMAIN: `https://${DOMAIN}` })).toThrow(`write "${DOMAIN}"`)
  })
})

// Making RSA keys would take longer than all the rest.
const pairs = keyPairs()

/** Verifies one token of a stand-in, and closes both. */
async function verify(
  options: Partial<Auth0Options>,
  token: (standIn: Auth0StandIn) => Promise<string> | string,
  standInOptions: Auth0StandInOptions = {},
): Promise<VerifiedToken & { readonly asked: readonly string[] }> {
  await using standIn = await withKeyPairs(pairs, () =>
    startAuth0({ domain: DOMAIN, customDomains: [CUSTOM], ...standInOptions }),
  )
  const verifier = createVerifier({ providers: [auth0({ ...good, ...options })], fetch: standIn.fetch })
  try {
    const verified = await verifier.verify(await token(standIn))
    return { ...verified, asked: standIn.requests.map(({ url }) => url) }
  } finally {
    verifier.close()
  }
}

const usual = (standIn: Auth0StandIn): Promise<string> => standIn.issueToken()

describe('keys', () => {
  const both = { domain: undefined, domains: [DOMAIN, CUSTOM] }

  it.each([DOMAIN, CUSTOM])('of %s are asked for at the domain that the token names, and there alone', async (host) => {
    const { issuer, asked } = await verify(both, (s) => s.issueToken({ iss: `https://${host}/` }))
    expect([issuer, asked]).toEqual([`https://${host}/`, [`https://${host}/.well-known/jwks.json`]])
  })
})

describe('tokens', () => {
  it.each([
    ['auth0', 'azp'],
    ['rfc9068', 'client_id'],
  ] as const)('of the %s profile name their client in %s', async (profile, claim) => {
    const standIn = { profile, permissions: ['read:reports'], organization: 'org_1' } as const
    const token = await verify({}, usual, standIn)
    expect(token).toMatchObject({ scopes: ['openid', 'read:reports'], tenant: 'org_1' })
    expect(token.clientId).toBe(token.claims[claim])
    expect(token.claims.permissions).toEqual(['read:reports'])
  })

  it('have typed permissions', () => {
    type Token = Awaited<ReturnType<ReturnType<typeof typed>['verify']>>
    const typed = () => createVerifier({ providers: [auth0(good)] })
    expectTypeOf<Token['claims']['permissions']>().toEqualTypeOf<readonly string[] | undefined>()
    expectTypeOf<Token['provider']>().toEqualTypeOf<'auth0'>()
  })

  it('that are ID tokens are taken where the audience is their client', async () => {
    await using standIn = await withKeyPairs(pairs, () => startAuth0({ domain: DOMAIN }))
    const provider = auth0({ domain: DOMAIN, audience: standIn.clientId })
    const verifier = createVerifier({ providers: [provider], fetch: standIn.fetch })
    expect(await verifier.verify(await standIn.issueToken({}, { kind: 'id' }))).toMatchObject({
      subject: standIn.subject,
    })
    await expect(verifier.verify(await standIn.issueToken())).rejects.toMatchObject({ code: 'AUDIENCE_MISMATCH' })
    verifier.close()
  })

  it('of RFC 9068 alone, where typ says so', async () => {
    const options = { typ: 'at+jwt' }
    await expect(verify(options, usual, { profile: 'rfc9068' })).resolves.toMatchObject({ provider: 'auth0' })
    await expect(
      verify(options, (s) => s.issueToken({ jti: undefined }), { profile: 'rfc9068' }),
    ).rejects.toMatchObject({ code: 'CLAIM_MISSING', subject: 'jti' })
    await expect(verify(options, usual)).rejects.toMatchObject({ code: 'TYP_NOT_ALLOWED', hint: expect.anything() })
  })
})

describe('an organization', () => {
  it.each([
    ['org_1', { org_id: 'org_1' }],
    ['acme', { org_id: 'org_1', org_name: 'acme' }],
    ['Acme', { org_id: 'org_1', org_name: 'acme' }],
  ])('%s takes its own tokens', async (organization, claims) => {
    await expect(verify({ organization }, (s) => s.issueToken(claims))).resolves.toMatchObject({ tenant: 'org_1' })
  })

  it.each([
    ['org_1', {}, 'CLAIM_MISSING', 'org_id', /send `organization`/],
    ['org_1', { org_id: 'org_2' }, 'CLAIM_INVALID', 'org_id', /send `organization`/],
    ['org_1', { org_id: ['org_1'] }, 'CLAIM_INVALID', 'org_id', /send `organization`/],
    ['org_1', { org_name: 'org_1' }, 'CLAIM_MISSING', 'org_id', /send `organization`/],
    ['acme', { org_id: 'acme' }, 'CLAIM_MISSING', 'org_name', /switch it on/],
    ['acme', { org_name: 'other' }, 'CLAIM_INVALID', 'org_name', /send `organization`/],
  ])('%s refuses %j', async (organization, claims, code, subject, hint) => {
    await expect(verify({ organization }, (s) => s.issueToken(claims))).rejects.toMatchObject({
      code,
      subject,
      hint: expect.stringMatching(hint),
    })
  })
})

describe('hints', () => {
  const scopeless = { scope: undefined }

  it.each<[string, string, RegExp, (standIn: Auth0StandIn) => Promise<string> | string, Partial<Auth0Options>?]>([
    ['an opaque token', 'TOKEN_MALFORMED', /must send `audience`/, () => 'mF9B5f41JqM'],
    ['an encrypted token', 'TOKEN_MALFORMED', /must send `audience`/, () => 'a.b.c.d.e'],
    [
      '/userinfo alone',
      'AUDIENCE_MISMATCH',
      /\/userinfo alone/,
      (s) => s.issueToken({ aud: [`https://${DOMAIN}/userinfo`] }),
    ],
    ['an ID token', 'AUDIENCE_MISMATCH', /ID token/, (s) => s.issueToken({}, { kind: 'id' })],
    ['another API', 'AUDIENCE_MISMATCH', /another API/, (s) => s.issueToken({ aud: 'https://x.example' })],
    [
      'another API, asked by a machine without scopes',
      'AUDIENCE_MISMATCH',
      /another API/,
      (s) => s.issueToken({ ...scopeless, aud: 'https://x.example' }),
    ],
    [
      'the tenant’s own domain under a custom one',
      'ISSUER_UNKNOWN',
      /domains/,
      (s) => s.issueToken(),
      { domain: CUSTOM },
    ],
    [
      'a custom domain under the tenant’s own',
      'ISSUER_UNKNOWN',
      /domains/,
      (s) => s.issueToken({ iss: `https://${CUSTOM}/`, aud: [AUDIENCE, `https://${CUSTOM}/userinfo`] }),
    ],
    ['a slash that is missing', 'ISSUER_UNKNOWN', /lacks the slash/, (s) => s.issueToken({ iss: `https://${DOMAIN}` })],
    ['HS256', 'ALG_NOT_ALLOWED', /signing algorithm.*RS256/, (s) => s.forgeToken({}, { alg: 'HS256' })],
  ])('at the cause: %s', async (_, code, hint, token, options = {}) => {
    await expect(verify(options, token)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) })
  })

  it.each([
    ['another issuer', (s: Auth0StandIn) => s.issueToken({ iss: 'https://accounts.example/o' }), 'ISSUER_UNKNOWN'],
    ['two parts', () => 'a.b', 'TOKEN_MALFORMED'],
    ['an expired token', (s: Auth0StandIn) => s.issueToken({}, { expiresInSec: -60 }), 'TOKEN_EXPIRED'],
  ])('say nothing of %s', async (_, token, code) => {
    const error = await verify({}, token).catch((reason: KeysourceError) => reason)
    expect(error).toMatchObject({ code })
    expect(error).not.toHaveProperty('hint')
  })
})

const suite = {
  runner: { describe, it },
  name: 'auth0',
  standIn: () => startAuth0(),
  provider: ({ domain, audience }: Auth0StandIn) => auth0({ domain, audience }),
  renamed: ({ domain, audience }: Auth0StandIn, name: string) => auth0({ domain, audience, name }),
  requests: () => [`GET https://${DOMAIN}/.well-known/jwks.json`],
  identity: ({ subject, clientId, scopes, organization }: Auth0StandIn) => ({
    subject,
    clientId,
    scopes,
    tenant: organization,
  }),
  refuses: [
    {
      title: 'an ID token',
      code: 'AUDIENCE_MISMATCH',
      token: (standIn: Auth0StandIn) => standIn.issueToken({}, { kind: 'id' }),
      hint: /ID token/,
    },
    {
      title: 'a token without sub',
      code: 'CLAIM_MISSING',
      token: (standIn: Auth0StandIn) => standIn.issueToken({ sub: undefined }),
    },
  ],
  badOptions: [
    { title: 'a URL as domain', make: () => auth0({ domain: 'https://x/', audience: AUDIENCE }), names: /"domain"/ },
    { title: 'no audience', make: () => auth0({ domain: DOMAIN } as Auth0Options), names: /"audience"/ },
  ],
} as const

describeProvider<Auth0StandIn>(suite)

describe('an organization, RFC 9068, two domains', () => {
  const provider = ({ audience, domain }: Auth0StandIn, name?: string) =>
    auth0({ domains: [CUSTOM, domain], audience, organization: 'org_1', typ: 'at+jwt', name })
  describeProvider<Auth0StandIn>({
    ...suite,
    standIn: () => startAuth0({ profile: 'rfc9068', organization: 'org_1', customDomains: [CUSTOM] }),
    provider,
    renamed: undefined,
    refuses: [
      ...suite.refuses,
      {
        title: 'a token of another organization',
        code: 'CLAIM_INVALID',
        token: (standIn) => standIn.issueToken({ org_id: 'org_2' }),
        hint: /organization/,
      },
    ],
  })
})
