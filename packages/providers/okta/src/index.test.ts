import { createVerifier, type KeysourceError, type VerifiedToken } from '@keysource/core'
import {
  describeProvider,
  keyPairs,
  type OktaStandIn,
  type OktaStandInOptions,
  startOkta,
  withKeyPairs,
} from '@keysource/testing'
import { describe, expect, it } from 'vitest'
import { type OktaOptions, okta } from './index.ts'

const DOMAIN = 'acme.okta.com'
const HOST = `https://${DOMAIN}`
const AUDIENCE = 'api://default'
const good: OktaOptions = { domain: DOMAIN, audience: AUDIENCE }

describe('options', () => {
  it.each([
    [{}, `${HOST}/oauth2/default`],
    [{ authorizationServer: 'aus1a2b3c' }, `${HOST}/oauth2/aus1a2b3c`],
    [{ authorizationServer: 'org' }, HOST],
    [{ domain: 'login.acme.example' }, 'https://login.acme.example/oauth2/default'],
    [{ domain: 'my-admin.acme.example' }, 'https://my-admin.acme.example/oauth2/default'],
  ])('%j makes the issuer %s', (change, issuer) => {
    const provider = okta({ ...good, ...change })
    expect([provider.name, provider.issuer]).toEqual(['okta', issuer])
    expect(provider.rules).toMatchObject({ algorithms: ['RS256'], requiredClaims: ['sub'] })
  })

  it.each([
    ['no domain', { domain: undefined }, /option "domain": expected a host name.*got nothing/],
    ['a URL as domain', { domain: `${HOST}/oauth2/default` }, /"domain".*write "acme\.okta\.com", got "https:/],
    ['the admin console', { domain: 'acme-admin.okta.com' }, /not the admin console’s: write "acme\.okta\.com"/],
    ['the admin console, a preview', { domain: 'acme-admin.oktapreview.com' }, /write "acme\.oktapreview\.com"/],
    ['the admin console in Europe', { domain: 'acme-admin.okta-emea.com' }, /write "acme\.okta-emea\.com"/],
    ['the admin console of a government', { domain: 'acme-admin.okta-gov.com' }, /write "acme\.okta-gov\.com"/],
    ['the URL of an admin console', { domain: 'https://acme-admin.okta.com/' }, /write "acme\.okta\.com"/],
    [
      'an issuer as authorization server',
      { authorizationServer: `${HOST}/oauth2/aus1` },
      /"authorizationServer": expected the id of a custom authorization server.*write "aus1"/,
    ],
    [
      'the path of the org server',
      { authorizationServer: `${HOST}/oauth2/v1` },
      /"authorizationServer".*or "org", got/,
    ],
    ['an empty authorization server', { authorizationServer: '' }, /"authorizationServer"/],
    ['no audience', { audience: undefined }, /option "audience": expected the audience.*got nothing/],
    ['an empty client id', { clientId: '' }, /"clientId": expected a client id/],
    [
      'a client id for the org server',
      { authorizationServer: 'org', clientId: '0oa1' },
      /"clientId": expected nothing with authorizationServer "org".*write it in audience, got "0oa1"/,
    ],
    ['an option of another adapter', { issuer: 'x' }, /unknown option "issuer"/],
  ])('refuses %s', (_, change, message) => {
    expect(() => okta({ ...good, ...change } as OktaOptions)).toThrow(message)
  })
})

describe('fromEnv', () => {
  const audience = { OKTA_OAUTH2_AUDIENCE: AUDIENCE }

  it.each([
    [{ OKTA_DOMAIN: DOMAIN }, `${HOST}/oauth2/default`],
    [{ OKTA_DOMAIN: DOMAIN, OKTA_AUTHORIZATION_SERVER: 'aus1' }, `${HOST}/oauth2/aus1`],
    [{ OKTA_OAUTH2_ISSUER: `${HOST}/oauth2/aus2`, OKTA_DOMAIN: 'other.okta.com' }, `${HOST}/oauth2/aus2`],
    [{ OKTA_OAUTH2_ISSUER: HOST }, HOST],
  ])('%j makes the issuer %s', (environment, issuer) => {
    expect(okta.fromEnv({}, { ...audience, ...environment }).issuer).toBe(issuer)
  })

  it('reads the clients, which for the org server are the audience', () => {
    const clients = { OKTA_OAUTH2_CLIENT_ID: '0oa1, 0oa2' }
    const custom = okta.fromEnv({}, { ...audience, ...clients, OKTA_DOMAIN: DOMAIN })
    expect(custom.rules).toMatchObject({ audience: [AUDIENCE], checks: [{ name: 'cid' }] })
    const org = okta.fromEnv({}, { ...clients, OKTA_OAUTH2_ISSUER: HOST })
    expect(org.rules.audience).toEqual(['0oa1', '0oa2'])
  })

  it('lets options win', () => {
    const given = { domain: 'login.acme.example', audience: 'a', name: 'staff' } as const
    const provider = okta.fromEnv(given, { ...audience, OKTA_OAUTH2_ISSUER: HOST })
    expect(provider).toMatchObject({
      name: 'staff',
      issuer: 'https://login.acme.example/oauth2/default',
      rules: { audience: 'a' },
    })
  })

  it.each([
    [{ OKTA_DOMAIN: DOMAIN }, /OKTA_OAUTH2_AUDIENCE/],
    [audience, /OKTA_DOMAIN or OKTA_OAUTH2_ISSUER/],
    [
      { ...audience, OKTA_OAUTH2_ISSUER: `${HOST}/oauth2/aus1/v1/keys` },
      /OKTA_OAUTH2_ISSUER.*expected an issuer such as/,
    ],
    [
      { ...audience, OKTA_OAUTH2_ISSUER: 'https://acme-admin.okta.com/oauth2/aus1' },
      /"domain".*write "acme\.okta\.com"/,
    ],
  ])('refuses %j', (environment, message) => {
    expect(() => okta.fromEnv({}, environment)).toThrow(message)
  })
})

// Making RSA keys would take longer than all the rest.
const pairs = keyPairs()

/** Verifies one token of a stand-in, and closes both. */
async function verify(
  options: Partial<OktaOptions>,
  token: (standIn: OktaStandIn) => Promise<string> | string,
  standInOptions: OktaStandInOptions = {},
): Promise<VerifiedToken & { readonly asked: readonly string[] }> {
  await using standIn = await withKeyPairs(pairs, () => startOkta({ domain: DOMAIN, ...standInOptions }))
  const verifier = createVerifier({ providers: [okta({ ...good, ...options })], fetch: standIn.fetch })
  try {
    const verified = await verifier.verify(await token(standIn))
    return { ...verified, asked: standIn.requests.map(({ url }) => url) }
  } finally {
    verifier.close()
  }
}

const usual = (standIn: OktaStandIn): Promise<string> => standIn.issueToken()
const ORG = { authorizationServer: 'org' }

describe('keys', () => {
  it.each([
    [{}, `${HOST}/oauth2/default/v1/keys`],
    [{ authorizationServer: 'aus1' }, `${HOST}/oauth2/aus1/v1/keys`],
    [{ domain: 'login.acme.example' }, 'https://login.acme.example/oauth2/default/v1/keys'],
  ])('of %j are at %s', async (options, url) => {
    expect((await verify(options, usual, options)).asked).toEqual([url])
  })

  it('of the org server are beside its custom ones', async () => {
    const { asked } = await verify(
      { ...ORG, audience: '0oa1' },
      (s) => s.issueToken({ aud: '0oa1' }, { kind: 'id' }),
      ORG,
    )
    expect(asked).toEqual([`${HOST}/oauth2/v1/keys`])
  })
})

describe('tokens', () => {
  it('of users have the login name as subject, and the user’s id in uid', async () => {
    const { subject, clientId, scopes, claims } = await verify({}, usual)
    expect([subject, clientId, scopes]).toEqual(['ada@example.com', claims.cid, ['openid', 'read:reports']])
    expect(claims.uid).toMatch(/^00u/)
  })

  it.each([
    ['a custom server', {}],
    ['the org server', ORG],
  ])('that are ID tokens of %s name their client in aud', async (_, server) => {
    const token = await verify(
      { ...server, audience: '0oa1' },
      (s) => s.issueToken({ aud: '0oa1' }, { kind: 'id' }),
      server,
    )
    expect(token).toMatchObject({ clientId: '0oa1', scopes: [] })
  })

  it('are taken of the clients that are listed', async () => {
    await expect(verify({ clientId: ['a', 'b'] }, (s) => s.issueToken({ cid: 'b' }))).resolves.toMatchObject({
      clientId: 'b',
    })
  })
})

describe('hints', () => {
  const idToken = (s: OktaStandIn): Promise<string> => s.issueToken({ aud: AUDIENCE }, { kind: 'id' })
  const published = (s: OktaStandIn) => ({ kid: s.kids[0] })

  it.each<[string, string, RegExp, Partial<OktaOptions>, OktaStandInOptions, typeof usual | (() => string)]>([
    ['an opaque token', 'TOKEN_MALFORMED', /opaque/, {}, {}, () => 'mF9B5f41JqM'],
    ['an ID token', 'AUDIENCE_MISMATCH', /ID token/, {}, {}, (s) => s.issueToken({}, { kind: 'id' })],
    ['another audience', 'AUDIENCE_MISMATCH', /set on the authorization server/, {}, { audience: 'x' }, usual],
    ['another app', 'CLAIM_INVALID', /list its client id/, { clientId: 'a' }, {}, usual],
    ['no app', 'CLAIM_MISSING', /ID tokens have no cid/, { clientId: 'a' }, {}, idToken],
    [
      'another server of the org',
      'ISSUER_UNKNOWN',
      /compare .*authorizationServer/,
      {},
      { authorizationServer: 'a' },
      usual,
    ],
    [
      'a custom domain',
      'ISSUER_UNKNOWN',
      /compare domain/,
      {},
      {},
      (s) => s.issueToken({ iss: 'https://login.acme.example/oauth2/default' }),
    ],
    ['the org server', 'ISSUER_UNKNOWN', /custom authorization server/, {}, ORG, usual],
    ['the org server’s access token', 'KEY_NOT_FOUND', /custom authorization server/, ORG, ORG, usual],
    [
      'the same, of a key that is published',
      'AUDIENCE_MISMATCH',
      /custom authorization server/,
      ORG,
      ORG,
      (s) => s.issueToken({}, { ...published(s), header: published(s) }),
    ],
    [
      'another app of the org',
      'AUDIENCE_MISMATCH',
      /list its client id in audience/,
      ORG,
      ORG,
      (s) => s.issueToken({}, { kind: 'id' }),
    ],
  ])('at the cause: %s', async (_, code, hint, options, standIn, token) => {
    await expect(verify(options, token, standIn)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) })
  })

  it.each([
    ['cid', { cid: '0oa1' }],
    ['scp', { scp: ['openid'] }],
    ['the mark of access tokens', { jti: 'AT.1' }],
  ])('the org server’s access tokens are told by %s', async (_, claims) => {
    const token = (s: OktaStandIn): Promise<string> => s.issueToken({ aud: AUDIENCE, ...claims }, { kind: 'id' })
    await expect(verify(ORG, token, ORG)).rejects.toMatchObject({
      code: 'CLAIM_INVALID',
      subject: 'cid',
      hint: expect.stringMatching(/custom authorization server/),
    })
    await expect(verify(ORG, idToken, ORG)).resolves.toMatchObject({ clientId: AUDIENCE })
  })

  it.each([
    ['another issuer', (s: OktaStandIn) => s.issueToken({ iss: 'https://id.example/x', jti: '1' }), 'ISSUER_UNKNOWN'],
    ['an expired token', (s: OktaStandIn) => s.issueToken({}, { expiresInSec: -60 }), 'TOKEN_EXPIRED'],
  ])('say nothing of %s', async (_, token, code) => {
    const error = await verify({}, token).catch((reason: KeysourceError) => reason)
    expect(error).toMatchObject({ code })
    expect(error).not.toHaveProperty('hint')
  })
})

const suite = {
  runner: { describe, it },
  name: 'okta',
  badOptions: [
    { title: 'the admin console', make: () => okta({ ...good, domain: 'acme-admin.okta.com' }), names: /"domain"/ },
    { title: 'no audience', make: () => okta({ domain: DOMAIN } as OktaOptions), names: /"audience"/ },
  ],
} as const

describeProvider<OktaStandIn>({
  ...suite,
  standIn: () => startOkta(),
  provider: ({ domain, audience, clientId }) => okta({ domain, audience, clientId }),
  renamed: ({ domain, audience }, name) => okta({ domain, audience, name }),
  requests: ({ issuer }) => [`GET ${issuer}/v1/keys`],
  identity: ({ subject, clientId, scopes }) => ({ subject, clientId, scopes, tenant: undefined }),
  refuses: [
    {
      title: 'an ID token',
      code: 'AUDIENCE_MISMATCH',
      token: (standIn) => standIn.issueToken({}, { kind: 'id' }),
      hint: /ID token/,
    },
    {
      title: 'a token of another app',
      code: 'CLAIM_INVALID',
      token: (standIn) => standIn.issueToken({ cid: '0oaOther' }),
      hint: /another app/,
    },
    { title: 'a token without sub', code: 'CLAIM_MISSING', token: (standIn) => standIn.issueToken({ sub: undefined }) },
  ],
})

describe('the org server, ID tokens', () => {
  describeProvider<OktaStandIn>({
    ...suite,
    standIn: () => startOkta(ORG),
    kind: 'id',
    provider: ({ domain, clientId }) => okta({ domain, ...ORG, audience: clientId }),
    renamed: ({ domain, clientId }, name) => okta({ domain, ...ORG, audience: clientId, name }),
    requests: () => [`GET ${HOST}/oauth2/v1/keys`],
    identity: ({ userId, clientId }) => ({ subject: userId, clientId, scopes: [], tenant: undefined }),
    refuses: [
      {
        title: 'an access token',
        code: 'KEY_NOT_FOUND',
        token: (standIn) => standIn.issueToken(),
        hint: /custom authorization server/,
      },
    ],
  })
})
