import { createVerifier, isKeysourceError, type KeysourceError, type Verifier } from '@keysource/core'
import { describeProvider, type OneLoginStandIn, type ProviderSuite, startOneLogin } from '@keysource/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type OneLoginOptions, onelogin } from './index.ts'

const subdomain = 'acme'
const audience = 'https://api.example.com'
const SECRET = 'c2VjcmV0IG9mIHRoaXMgdGVzdA'
const keys = { from: 'signing-keys', clientId: '7f3a', clientSecret: SECRET, region: 'us' } as const

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
  it.each([
    ['acme', 'https://acme.onelogin.com/oidc/2'],
    ['acme-labs2', 'https://acme-labs2.onelogin.com/oidc/2'],
    ['4ever', 'https://4ever.onelogin.com/oidc/2'],
  ])('makes issuer and key URLs of the subdomain %s', (given, issuer) => {
    const certs = onelogin({ subdomain: given, audience })
    expect([certs.issuer, 'id' in certs.keys && certs.keys.id]).toEqual([issuer, `${issuer}/certs`])
    const signing = onelogin({ subdomain: given, audience, keys: { ...keys, region: 'eu' } })
    expect([signing.issuer, 'id' in signing.keys && signing.keys.id]).toEqual([issuer, `${issuer}/signing_keys`])
  })

  it.each([
    ['no subdomain', { subdomain: undefined }, /"subdomain": expected the subdomain alone.* got nothing/],
    ['a host', { subdomain: 'acme.onelogin.com' }, /"subdomain".*write "acme"/],
    ['a URL', { subdomain: 'https://acme.onelogin.com/oidc/2' }, /"subdomain".*write "acme"/],
    ['capitals', { subdomain: 'Acme' }, /"subdomain".*write "acme"/],
    ['another host', { subdomain: 'login.acme.example' }, /"subdomain": (?!.*write)/],
    ['a dash at its end', { subdomain: 'acme-' }, /"subdomain"/],
    ['a host in disguise', { subdomain: 'evil.example/#' }, /"subdomain"/],
    ['no audience', { audience: undefined }, /"audience": .*got nothing/],
    ['an empty audience', { audience: [] }, /"audience"/],
    ['keys as a word', { keys: 'signing-keys' }, /"keys": expected an object/],
    ['keys as an array', { keys: [] }, /"keys": expected an object/],
    ['keys from elsewhere', { keys: { ...keys, from: 'certs' } }, /onelogin: keys: option "from".*"signing-keys"/],
    ['no client id', { keys: { ...keys, clientId: undefined } }, /"clientId".*got nothing/],
    ['a client id with a colon', { keys: { ...keys, clientId: 'a:b' } }, /"clientId".*":"/],
    ['no client secret', { keys: { ...keys, clientSecret: '' } }, /"clientSecret".*not shown/],
    ['a secret with a line break', { keys: { ...keys, clientSecret: `${SECRET}\n` } }, /"clientSecret".*not shown/],
    ['a secret that is not ASCII', { keys: { ...keys, clientSecret: `${SECRET}…` } }, /"clientSecret".*not shown/],
    ['another region', { keys: { ...keys, region: 'ap' } }, /"region": expected "us" or "eu", got "ap"/],
    ['an unknown option of keys', { keys: { ...keys, scope: 'x' } }, /onelogin: keys: unknown option "scope"/],
    ['an unknown option', { domain: 'x' }, /unknown option "domain"/],
  ])('refuses %s', (_, options, message) => {
    const given = messageOf(() => onelogin({ subdomain, audience, ...options } as OneLoginOptions))
    expect(given).toMatch(message)
    expect(given).not.toMatch(new RegExp(`\n|${SECRET}`))
  })

  it('types what it verifies', () => {
    expectTypeOf(onelogin({ subdomain, audience, name: 'staff' }).name).toEqualTypeOf<'staff'>()
    // @ts-expect-error: tokens for every other API would be taken
    expect(() => onelogin({ subdomain })).toThrow()
  })
})

describe('fromEnv', () => {
  const usual = { ONELOGIN_SUBDOMAIN: 'acme', ONELOGIN_AUDIENCE: 'https://api.example.com, other' }
  const credential = { ONELOGIN_CLIENT_ID: '7f3a', ONELOGIN_CLIENT_SECRET: SECRET, ONELOGIN_REGION: 'eu' }
  const idOf = (environment: Record<string, string>, options = {}): string => {
    const { keys } = onelogin.fromEnv(options, environment)
    return 'id' in keys ? keys.id : ''
  }

  it('reads subdomain and audiences', () => {
    const { issuer, rules } = onelogin.fromEnv({}, usual)
    expect([issuer, rules.audience]).toEqual(['https://acme.onelogin.com/oidc/2', ['https://api.example.com', 'other']])
  })

  it('asks the administrators’ endpoint only where ONELOGIN_KEYS says so', () => {
    expect(idOf({ ...usual, ...credential })).toBe('https://acme.onelogin.com/oidc/2/certs')
    expect(idOf({ ...usual, ...credential, ONELOGIN_KEYS: 'certs' })).toMatch(/certs$/)
    expect(idOf({ ...usual, ...credential, ONELOGIN_KEYS: 'signing-keys' })).toMatch(/signing_keys$/)
  })

  it('lets options win', () => {
    expect(idOf(usual, { keys })).toMatch(/signing_keys$/)
    expect(idOf(usual, { subdomain: 'other' })).toMatch(/^https:\/\/other\./)
  })

  it.each([
    [{ ...usual, ONELOGIN_SUBDOMAIN: '' }, /ONELOGIN_SUBDOMAIN/],
    [{ ...usual, ONELOGIN_AUDIENCE: '' }, /ONELOGIN_AUDIENCE/],
    [{ ...usual, ONELOGIN_KEYS: 'admin' }, /ONELOGIN_KEYS.*"certs" or "signing-keys"/],
    [{ ...usual, ONELOGIN_KEYS: 'signing-keys' }, /ONELOGIN_CLIENT_ID/],
    [{ ...usual, ...credential, ONELOGIN_KEYS: 'signing-keys', ONELOGIN_REGION: '' }, /ONELOGIN_REGION/],
    [{ ...usual, ...credential, ONELOGIN_KEYS: 'signing-keys', ONELOGIN_REGION: 'ap' }, /"region"/],
  ])('names what is wrong with %o', (environment, message) => {
    const given = messageOf(() => onelogin.fromEnv({}, environment))
    expect(given).toMatch(message)
    expect(given).not.toContain(SECRET)
  })
})

describe('tokens', () => {
  let standIn: OneLoginStandIn
  let verifier: Verifier
  beforeAll(async () => {
    standIn = await startOneLogin()
    verifier = createVerifier({ providers: [onelogin({ subdomain, audience })], fetch: standIn.fetch })
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

  it('names subject, client and scopes', async () => {
    const { verify } = verifier
    expect(await verify(await standIn.issueToken({ azp: 'app', scope: 'read:a write:b' }))).toMatchObject({
      subject: standIn.subject,
      clientId: 'app',
      scopes: ['read:a', 'write:b'],
      tenant: undefined,
    })
    const machine = await verify(await standIn.issueToken({ sub: undefined, client_id: 'job' }))
    expect([machine.subject, machine.clientId]).toEqual([undefined, 'job'])
  })

  it('takes an ID token for the app that it names', async () => {
    const jwt = await standIn.issueToken({}, { kind: 'id' })
    expect(await refusal(jwt)).toMatchObject({
      code: 'AUDIENCE_MISMATCH',
      hint: expect.stringMatching(/^This is an ID token.*ID tokens is the app’s client id/),
    })
    const access = await standIn.issueToken({ aud: 'https://orders.example.com' })
    expect((await refusal(access)).hint).toMatch(/^The aud of ID tokens/)
    const app = onelogin({ subdomain, audience: standIn.clientId })
    const other = createVerifier({ providers: [app], fetch: standIn.fetch })
    expect((await other.verify(jwt)).subject).toBe(standIn.subject)
    other.close()
  })

  it.each([
    ['https://openid-connect.onelogin.com/oidc', /retired/],
    ['https://openid-connect-eu.onelogin.com/oidc', /retired/],
    ['https://other.onelogin.com/oidc/2', /another account/],
    ['https://acme.onelogin.com/oidc/2/', /^Close to .* ends in a slash\.$/],
    ['http://acme.onelogin.com/oidc/2', /^Close to .* http, not https\.$/],
    ['https://acme.onelogin.com/oidc/1', /the path differs/],
    ['https://onelogin.com.evil.example/oidc/2', /^(?!.*(?:retired|account))/],
    ['https://id.example.com', /^undefined$/],
  ])('hints at the issuer %s', async (iss, hint) => {
    const error = await refusal(await standIn.issueToken({ iss }))
    expect([error.code, String(error.hint)]).toEqual(['ISSUER_UNKNOWN', expect.stringMatching(hint)])
  })

  it('knows opaque access tokens', async () => {
    expect((await refusal('MTIzNDU2Nzg5MA')).hint).toMatch(/opaque.*API authorization server.*introspection/)
  })
})

const suite: Omit<ProviderSuite<OneLoginStandIn>, 'provider' | 'requests'> = {
  runner: { describe, it },
  name: 'onelogin',
  standIn: () => startOneLogin({ subdomain: 'acme-labs', region: 'eu' }),
  identity: ({ subject, scopes }) => ({ subject, clientId: undefined, scopes, tenant: undefined }),
  refuses: [
    {
      title: 'an ID token',
      code: 'AUDIENCE_MISMATCH',
      token: ({ issueToken }) => issueToken({}, { kind: 'id' }),
      hint: /client id/,
    },
    { title: 'a token without aud', code: 'CLAIM_MISSING', token: ({ issueToken }) => issueToken({ aud: undefined }) },
  ],
  badOptions: [
    { title: 'a host', make: () => onelogin({ subdomain: 'acme.onelogin.com', audience }), names: /"subdomain"/ },
    { title: 'an empty audience', make: () => onelogin({ subdomain, audience: '' }), names: /"audience"/ },
  ],
}

describe('by public certs', () => {
  describeProvider<OneLoginStandIn>({
    ...suite,
    provider: (standIn) => onelogin({ subdomain: standIn.subdomain, audience: standIn.audience }),
    requests: () => ['GET https://acme-labs.onelogin.com/oidc/2/certs'],
    renamed: (standIn, name) => onelogin({ subdomain: standIn.subdomain, audience: standIn.audience, name }),
  })
})

describe('by signing keys', () => {
  describeProvider<OneLoginStandIn>({
    ...suite,
    provider: ({ subdomain, audience, apiClientId: clientId, apiClientSecret: clientSecret, region }) =>
      onelogin({ subdomain, audience, keys: { from: 'signing-keys', clientId, clientSecret, region } }),
    requests: () => [
      'POST https://api.eu.onelogin.com/auth/oauth2/v2/token',
      'GET https://acme-labs.onelogin.com/oidc/2/signing_keys',
    ],
  })
})
