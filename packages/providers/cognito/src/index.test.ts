import { createVerifier, isKeysourceError, type KeysourceError, type Verifier } from '@keysource/core'
import { type CognitoStandIn, describeProvider, type ProviderSuite, startCognito } from '@keysource/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type CognitoOptions, cognito } from './index.ts'

const usual: CognitoOptions = { userPoolId: 'eu-central-1_Ab12Cd34E', clientId: '1example23456789', tokenUse: 'access' }

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
    ['eu-central-1_Ab12Cd34E', 'eu-central-1'],
    ['us-east-1_X', 'us-east-1'],
    ['us-gov-west-1_Ab12', 'us-gov-west-1'],
    ['ap-southeast-2_000000000', 'ap-southeast-2'],
    ['eusc-de-east-1_Ab12', 'eusc-de-east-1'],
  ])('reads the region of %s, and makes both issuers and their key URLs', (userPoolId, region) => {
    const { issuer, keys } = cognito({ ...usual, userPoolId })
    const issuers = [
      `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
      `https://issuer-cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    ]
    expect(issuer).toEqual(issuers)
    const sources = issuers.map((one) => typeof keys === 'function' && keys(one).id)
    expect(sources).toEqual(issuers.map((one) => `${one}/.well-known/jwks.json`))
    expect(cognito({ ...usual, userPoolId, region }).issuer).toEqual(issuers)
  })

  it.each([
    ['no pool', { userPoolId: undefined }, /"userPoolId": expected a user pool id.* got nothing/],
    ['a pool without region', { userPoolId: 'Ab12Cd34E' }, /"userPoolId"/],
    ['a pool with a dash in its id', { userPoolId: 'eu-central-1_Ab-12' }, /"userPoolId"/],
    ['a pool that leads elsewhere', { userPoolId: 'eu-central-1.evil.example/x-1_A' }, /"userPoolId"/],
    [
      'a line break after the pool',
      { userPoolId: 'eu-central-1_Ab12Cd34E\n' },
      /"userPoolId".*write "eu-central-1_Ab12/,
    ],
    [
      'the issuer as pool',
      { userPoolId: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E' },
      /"userPoolId".*write "eu-central-1_Ab12Cd34E"/,
    ],
    [
      'the ARN as pool',
      { userPoolId: 'arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Ab12Cd34E' },
      /"userPoolId".*write "eu-central-1_Ab12Cd34E"/,
    ],
    [
      'another region',
      { region: 'us-east-1' },
      /"region": expected "eu-central-1", as in userPoolId .* got "us-east-1"/,
    ],
    ['a region that is none', { region: 1 }, /"region"/],
    ['no client', { clientId: undefined }, /"clientId": .* got nothing/],
    ['no client among several', { clientId: [] }, /"clientId"/],
    ['an empty client', { clientId: ['a', ''] }, /"clientId"/],
    ['no tokenUse', { tokenUse: undefined }, /"tokenUse": expected "access" or "id", got nothing/],
    ['another tokenUse', { tokenUse: 'refresh' }, /"tokenUse": expected "access" or "id", got "refresh"/],
    ['groups as text', { groups: 'admins' }, /"groups": expected an array/],
    ['no groups', { groups: [] }, /"groups"/],
    ['an audience', { audience: 'x' }, /unknown option "audience"/],
  ])('refuses %s', (_, options, message) => {
    const given = messageOf(() => cognito({ ...usual, ...options } as CognitoOptions))
    expect(given).toMatch(message)
    expect(given).not.toContain('\n')
  })

  it('keeps the options as they were given', async () => {
    const groups = ['admins']
    const { rules } = cognito({ ...usual, groups })
    groups.push('users')
    const check = rules.checks.find(({ name }) => name === 'cognito:groups')?.check
    const claims = { iss: '', exp: 0, 'cognito:groups': ['users'] }
    expect(check?.(claims, { alg: 'RS256' })?.code).toBe('CLAIM_INVALID')
  })

  it('types what it verifies', () => {
    expectTypeOf(cognito({ ...usual, name: 'staff' }).name).toEqualTypeOf<'staff'>()
    // @ts-expect-error: which of the two tokens this API takes
    expect(() => cognito({ userPoolId: usual.userPoolId, clientId: 'x' })).toThrow()
  })
})

describe('fromEnv', () => {
  const environment = {
    COGNITO_USER_POOL_ID: usual.userPoolId,
    COGNITO_CLIENT_ID: 'web, mobile',
    AWS_REGION: 'us-east-1',
  }

  it('reads the pool and the clients, and takes access tokens where nothing else is said', () => {
    const { issuer, rules } = cognito.fromEnv({}, environment)
    expect(issuer).toEqual(cognito(usual).issuer)
    expect(rules.checks.map(({ name }) => name)).toEqual(['token_use', 'client_id'])
    const id = cognito.fromEnv({}, { ...environment, COGNITO_TOKEN_USE: 'id', COGNITO_GROUPS: 'a,b' }).rules
    expect([id.audience, id.checks.map(({ name }) => name)]).toEqual([
      ['web', 'mobile'],
      ['token_use', 'cognito:groups'],
    ])
  })

  it('lets options win', () => {
    const { rules } = cognito.fromEnv({ tokenUse: 'id', clientId: 'other' }, environment)
    expect(rules.audience).toBe('other')
  })

  it.each([
    [{ ...environment, COGNITO_USER_POOL_ID: ' ' }, /cognito\.fromEnv: .*COGNITO_USER_POOL_ID/],
    [{ ...environment, COGNITO_CLIENT_ID: undefined }, /COGNITO_CLIENT_ID/],
    [{ ...environment, COGNITO_TOKEN_USE: 'both' }, /"tokenUse"/],
  ])('names what is wrong with %o', (wrong, message) => {
    expect(messageOf(() => cognito.fromEnv({}, wrong))).toMatch(message)
  })
})

describe('tokens', () => {
  let standIn: CognitoStandIn
  const verifiers: Verifier[] = []
  beforeAll(async () => {
    standIn = await startCognito({ groups: ['editors'] })
  })
  afterAll(async () => {
    for (const { close } of verifiers) close()
    await standIn.close()
  })
  const verify = (jwt: string, options: Partial<CognitoOptions> = {}): ReturnType<Verifier['verify']> => {
    const { userPoolId, clientId, fetch } = standIn
    const provider = cognito({ userPoolId, clientId, tokenUse: 'access', ...options })
    const verifier = createVerifier({ providers: [provider], fetch })
    verifiers.push(verifier)
    return verifier.verify(jwt)
  }

  it('names subject, client and scopes of both tokens', async () => {
    const { subject, clientId, scopes } = standIn
    const identity = { subject, clientId, tenant: undefined }
    expect(await verify(await standIn.issueToken())).toMatchObject({ ...identity, scopes })
    const id = await standIn.issueToken({}, { kind: 'id' })
    expect(await verify(id, { tokenUse: 'id' })).toMatchObject({ ...identity, scopes: [] })
  })

  it('takes each of several clients and groups', async () => {
    const several = { clientId: ['web', 'mobile'], groups: ['admins', 'editors'] }
    await verify(await standIn.issueToken({ client_id: 'mobile' }), several)
    await verify(await standIn.issueToken({ aud: 'web' }, { kind: 'id' }), { ...several, tokenUse: 'id' })
  })

  it('asks the issuer that a token names for its keys, and not the other', async () => {
    standIn.clearRequests()
    const updated = `https://issuer-cognito-idp.${standIn.region}.amazonaws.com/${standIn.userPoolId}`
    expect((await verify(await standIn.issueToken({ iss: updated }))).issuer).toBe(updated)
    expect(standIn.requests.map(({ url }) => url)).toEqual([`${updated}/.well-known/jwks.json`])
  })

  it.each<[string, Partial<CognitoOptions>, Record<string, unknown>, 'access' | 'id', string, string, RegExp]>([
    ['an ID token', {}, {}, 'id', 'CLAIM_INVALID', 'token_use', /This is an ID token.*tokenUse: "id"/],
    ['an access token', { tokenUse: 'id' }, {}, 'access', 'CLAIM_MISSING', 'aud', /access token.*tokenUse: "access"/],
    [
      'an access token with aud',
      { tokenUse: 'id' },
      { aud: '5vt0example0example0client' },
      'access',
      'CLAIM_INVALID',
      'token_use',
      /access token/,
    ],
    ['another client', {}, { client_id: 'x' }, 'access', 'CLAIM_INVALID', 'client_id', /another app client.*clientId/],
    [
      'another client’s ID token',
      { tokenUse: 'id' },
      { aud: 'x' },
      'id',
      'AUDIENCE_MISMATCH',
      'aud',
      /another app client/,
    ],
    ['no client', {}, { client_id: undefined }, 'access', 'CLAIM_MISSING', 'client_id', /./],
    ['another group', { groups: ['admins'] }, {}, 'access', 'CLAIM_INVALID', 'cognito:groups', /sign in again/],
    [
      'no group',
      { groups: ['admins'] },
      { 'cognito:groups': undefined },
      'access',
      'CLAIM_MISSING',
      'cognito:groups',
      /sign in again/,
    ],
    [
      'another pool',
      {},
      { iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Other' },
      'access',
      'ISSUER_UNKNOWN',
      'iss',
      /another user pool/,
    ],
    [
      'an emulator',
      {},
      { iss: 'http://cognito-idp.localhost.localstack.cloud:4566/eu-central-1_Ab12Cd34E' },
      'access',
      'ISSUER_UNKNOWN',
      'iss',
      /of an emulator/,
    ],
    [
      'an identity pool',
      {},
      { iss: 'https://cognito-identity.amazonaws.com' },
      'access',
      'ISSUER_UNKNOWN',
      'iss',
      /identity pool/,
    ],
  ])('refuses %s, and says why', async (_, options, claims, kind, code, subject, hint) => {
    const refused: KeysourceError = await verify(await standIn.issueToken(claims, { kind }), options).then(
      () => Promise.reject(new Error('the token was accepted')),
      (error) => error,
    )
    expect([refused.code, refused.subject]).toEqual([code, subject])
    expect(refused.hint).toMatch(hint)
  })

  it('refuses groups that are text, in which a name could hide', async () => {
    const jwt = await standIn.issueToken({ 'cognito:groups': 'admins-of-nothing' })
    await expect(verify(jwt, { groups: ['admins'] })).rejects.toMatchObject({ code: 'CLAIM_INVALID' })
  })

  it('knows refresh tokens', async () => {
    const refreshToken = `${(await standIn.issueToken()).split('.').slice(0, 2).join('.')}.a.b.c`
    await expect(verify(refreshToken)).rejects.toMatchObject({ hint: expect.stringMatching(/refresh tokens/) })
  })
})

function suiteOf(
  tokenUse: 'access' | 'id',
  issuerType: 'original' | 'updated',
): Omit<ProviderSuite<CognitoStandIn>, 'refuses' | 'identity'> {
  const provider = ({ userPoolId, clientId }: CognitoStandIn, name?: string): ReturnType<typeof cognito> =>
    cognito({ userPoolId, clientId, tokenUse, ...(name && { name: name as 'cognito' }) })
  return {
    runner: { describe, it },
    name: 'cognito',
    standIn: () => startCognito({ issuerType, userPoolId: 'us-gov-west-1_Zz9' }),
    provider: (standIn) => provider(standIn),
    kind: tokenUse,
    requests: () => {
      const host = issuerType === 'updated' ? 'issuer-cognito-idp' : 'cognito-idp'
      return [`GET https://${host}.us-gov-west-1.amazonaws.com/us-gov-west-1_Zz9/.well-known/jwks.json`]
    },
    badOptions: [
      { title: 'a pool without region', make: () => cognito({ ...usual, userPoolId: 'x' }), names: /"userPoolId"/ },
      { title: 'another region', make: () => cognito({ ...usual, region: 'eu-west-1' }), names: /"region"/ },
    ],
    renamed: provider,
  }
}

describe('access tokens of the original issuer', () => {
  describeProvider<CognitoStandIn>({
    ...suiteOf('access', 'original'),
    identity: ({ subject, clientId, scopes }) => ({ subject, clientId, scopes, tenant: undefined }),
    refuses: [
      {
        title: 'an ID token',
        code: 'CLAIM_INVALID',
        token: ({ issueToken }) => issueToken({}, { kind: 'id' }),
        hint: /Send the access token/,
      },
      {
        title: 'a token of another client',
        code: 'CLAIM_INVALID',
        token: ({ issueToken }) => issueToken({ client_id: 'x' }),
      },
      {
        title: 'a token without token_use',
        code: 'CLAIM_MISSING',
        token: ({ issueToken }) => issueToken({ token_use: undefined }),
      },
    ],
  })
})

describe('ID tokens of the updated issuer', () => {
  describeProvider<CognitoStandIn>({
    ...suiteOf('id', 'updated'),
    identity: ({ subject, clientId }) => ({ subject, clientId, scopes: [], tenant: undefined }),
    refuses: [
      {
        title: 'an access token',
        code: 'CLAIM_MISSING',
        token: ({ issueToken }) => issueToken({}, { kind: 'access' }),
        hint: /This is an access token/,
      },
      {
        title: 'a token of another client',
        code: 'AUDIENCE_MISMATCH',
        token: ({ issueToken }) => issueToken({ aud: 'x' }, { kind: 'id' }),
      },
    ],
  })
})
