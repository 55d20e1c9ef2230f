import { createVerifier, type VerifiedToken } from '@keysource/core'
import { describeProvider, type OidcStandIn, startOidc } from '@keysource/testing'
import { describe, expect, it } from 'vitest'
import { type AcmeIdOptions, acmeId } from './index.ts'

const DOMAIN = 'example.acme-id.example'
const AUDIENCE = 'https://api.example.com'

/** A server on loopback that stands in for a tenant of Acme Id. */
function startAcmeId(): Promise<OidcStandIn> {
  return startOidc({ issuer: `https://${DOMAIN}`, jwksUrl: `https://${DOMAIN}/oauth/keys`, audience: AUDIENCE })
}

describeProvider({
  runner: { describe, it },
  name: 'acme-id',
  standIn: startAcmeId,
  provider: () => acmeId({ domain: DOMAIN, audience: AUDIENCE }),
  renamed: (_, name) => acmeId({ name, domain: DOMAIN, audience: AUDIENCE }),
  requests: () => [`GET https://${DOMAIN}/oauth/keys`],
  identity: ({ subject, clientId, scopes }) => ({ subject, clientId, scopes, tenant: undefined }),
  refuses: [
    {
      title: 'an ID token',
      code: 'AUDIENCE_MISMATCH',
      token: (standIn) => standIn.issueToken({}, { kind: 'id' }),
      hint: /ID token/,
    },
    {
      title: 'a token without sub',
      code: 'CLAIM_MISSING',
      token: (standIn) => standIn.issueToken({ sub: undefined }),
    },
  ],
  badOptions: [
    {
      title: 'a URL as domain',
      make: () => acmeId({ domain: `https://${DOMAIN}/`, audience: AUDIENCE }),
      names: /"domain"/,
    },
    { title: 'no audience', make: () => acmeId({ domain: DOMAIN } as AcmeIdOptions), names: /"audience"/ },
    {
      title: 'an empty organization',
      make: () => acmeId({ domain: DOMAIN, audience: AUDIENCE, organization: '' }),
      names: /"organization"/,
    },
  ],
})

describe('an organization', () => {
  async function verified(organization: string, claims: Record<string, unknown>): Promise<VerifiedToken> {
    await using standIn = await startAcmeId()
    const provider = acmeId({ domain: DOMAIN, audience: AUDIENCE, organization })
    const verifier = createVerifier({ providers: [provider], fetch: standIn.fetch })
    return await verifier.verify(await standIn.issueToken(claims))
  }

  it('is the tenant of its tokens', async () => {
    expect(await verified('org_1', { org_id: 'org_1' })).toMatchObject({ tenant: 'org_1' })
  })

  it.each([
    ['of another organization', { org_id: 'org_2' }, 'CLAIM_INVALID'],
    ['of no organization', {}, 'CLAIM_MISSING'],
  ])('refuses tokens %s', async (_, claims, code) => {
    await expect(verified('org_1', claims)).rejects.toMatchObject({ code })
  })
})

describe('fromEnv', () => {
  const environment = { ACME_ID_DOMAIN: DOMAIN, ACME_ID_AUDIENCE: `${AUDIENCE}, https://other.example.com` }

  it('reads the variables when it is called', () => {
    const { issuer, rules } = acmeId.fromEnv({}, environment)
    expect(issuer).toBe(`https://${DOMAIN}`)
    expect(rules.audience).toEqual([AUDIENCE, 'https://other.example.com'])
  })

  it('lets options win', () => {
    expect(acmeId.fromEnv({ audience: AUDIENCE }, environment).rules.audience).toBe(AUDIENCE)
  })

  it.each(['ACME_ID_DOMAIN', 'ACME_ID_AUDIENCE'])('names %s where it is missing', (name) => {
    expect(() => acmeId.fromEnv({}, { ...environment, [name]: '' })).toThrow(name)
  })
})
