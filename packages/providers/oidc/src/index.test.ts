import {
  type CacheOptions,
  type Clock,
  createVerifier,
  defineProvider,
  type KeysourceError,
  type VerifiedToken,
  type VerifierEvent,
} from '@keysource/core'
import { describeProvider, type OidcStandIn, type OidcStandInOptions, startOidc } from '@keysource/testing'
import { describe, expect, it } from 'vitest'
import { type OidcOptions, oidc, oidcKeys } from './index.ts'

const AUDIENCE = 'https://api.example.com'
const REALM = 'https://id.acme.example/realms/main'
const HOUR_MS = 3_600_000

describe('options', () => {
  const good: OidcOptions = { issuer: REALM, audience: AUDIENCE }

  it.each([
    ['https://id.acme.example'],
    ['https://id.acme.example/'],
    ['https://id.acme.example:8443/a/b'],
    ['http://localhost:8080/realms/x'],
    ['http://127.0.0.1:3000'],
  ])('takes the issuer %s', (issuer) => {
    const { issuer: own, name } = oidc({ ...good, issuer })
    expect([own, name]).toEqual([issuer, 'oidc'])
  })

  it.each([
    ['no issuer', { issuer: undefined }, /option "issuer": expected the issuer exactly as in "iss".*got nothing/],
    ['plain http', { issuer: 'http://id.acme.example' }, /"issuer".*https/],
    ['a bare host', { issuer: 'id.acme.example' }, /write "https:\/\/id\.acme\.example"/],
    [
      'a metadata URL',
      { issuer: `${REALM}/.well-known/openid-configuration` },
      /write "https:\/\/id\.acme\.example\/realms\/main"/,
    ],
    [
      'a metadata URL of RFC 8414',
      { issuer: 'https://id.acme.example/.well-known/oauth-authorization-server/realms/main' },
      /write "https:\/\/id\.acme\.example\/realms\/main"/,
    ],
    ['another well-known URL', { issuer: `${REALM}/.well-known/jwks.json` }, /"issuer".*without \/\.well-known\//],
    ['a query', { issuer: `${REALM}?a=b` }, /write "https:\/\/id\.acme\.example\/realms\/main"/],
    ['a line break', { issuer: `${REALM}\n` }, /write "https:\/\/id\.acme\.example\/realms\/main"/],
    ['a password', { issuer: 'https://a:b@id.acme.example' }, /"issuer"/],
    ['no audience', { audience: undefined }, /option "audience": expected .* got nothing/],
    ['an empty audience', { audience: [] }, /"audience"/],
    [
      'metadata that there is not',
      { metadata: 'both' },
      /"metadata": expected "openid", "oauth" or "auto", got "both"/,
    ],
    ['a symmetric algorithm', { algorithms: ['HS256'] }, /"algorithms".*asymmetric/],
    ['an option of another adapter', { domain: 'x' }, /unknown option "domain"/],
  ])('refuses %s', (_, change, message) => {
    expect(() => oidc({ ...good, ...change } as OidcOptions)).toThrow(message)
  })

  it('allows every asymmetric algorithm, or those given', () => {
    expect(oidc(good).rules.algorithms).toEqual(expect.arrayContaining(['RS256', 'PS512', 'ES256', 'EdDSA']))
    expect(oidc({ ...good, algorithms: ['ES256'] }).rules.algorithms).toEqual(['ES256'])
  })

  it('oidcKeys refuses the same, and names itself', () => {
    expect(() => oidcKeys('x')).toThrow(/^oidcKeys: option "issuer"/)
    expect(() => oidcKeys(REALM, { metadata: 'x' as 'auto' })).toThrow(/^oidcKeys: option "metadata"/)
    expect(oidcKeys(REALM).id).toBe(`oidc:${REALM}`)
  })
})

describe('fromEnv', () => {
  const environment = { OIDC_ISSUER: REALM, OIDC_AUDIENCE: 'a, b', OIDC_METADATA: 'oauth' }

  it('reads its variables', () => {
    const { issuer, rules } = oidc.fromEnv({}, environment)
    expect([issuer, rules.audience]).toEqual([REALM, ['a', 'b']])
    expect(oidc.fromEnv({ audience: 'c', name: 'x' }, environment)).toMatchObject({
      name: 'x',
      rules: { audience: 'c' },
    })
  })

  it.each(['OIDC_ISSUER', 'OIDC_AUDIENCE'])('names %s where it is missing', (name) => {
    expect(() => oidc.fromEnv({}, { ...environment, [name]: ' ' })).toThrow(name)
  })

  it('refuses a wrong OIDC_METADATA', () => {
    expect(() => oidc.fromEnv({}, { ...environment, OIDC_METADATA: 'x' })).toThrow(/"metadata"/)
  })
})

/** What a test of requests works on. */
interface Scene {
  readonly standIn: OidcStandIn
  /** `setBackMs` is of the wall clock alone. */
  readonly clock: { aheadMs: number; setBackMs: number }
  readonly events: readonly VerifierEvent[]
  /** How many requests the verifier says it made. */
  requests(): number | undefined
  /** Verifies a fresh token, and says what the server was asked since the last time. */
  step(jwt?: string): Promise<{ outcome: VerifiedToken | KeysourceError; asked: readonly string[] }>
}

/** A verifier over one stand-in, with keys that are asked for again in each step and a clock that stands still within one. */
async function scene(
  standInOptions: OidcStandInOptions,
  metadata: OidcOptions['metadata'],
  work: (scene: Scene) => Promise<void>,
  cache: CacheOptions = {},
): Promise<void> {
  await using standIn = await startOidc({ alg: 'ES256', ...standInOptions })
  const startedAt = Date.now()
  const clock = { aheadMs: 0, setBackMs: 0 }
  const events: VerifierEvent[] = []
  const verifier = createVerifier({
    providers: [oidc({ issuer: standIn.issuer, audience: AUDIENCE, metadata })],
    fetch: standIn.fetch,
    clock: { now: () => startedAt + clock.aheadMs - clock.setBackMs, monotonic: () => clock.aheadMs } satisfies Clock,
    cache: { ttlMs: 1, cooldownMs: 1, staleWaitMs: 5000, ...cache },
    onEvent: (event) => events.push(event),
  })
  try {
    await work({
      standIn,
      clock,
      events,
      requests: () => verifier.status()[0]?.sources[0]?.requests,
      async step(jwt) {
        standIn.clearRequests()
        clock.aheadMs += 10
        const token = jwt ?? (await standIn.issueToken({}, { expiresInSec: 1_000_000 }))
        const outcome = await verifier.verify(token).catch((error: KeysourceError) => error)
        return { outcome, asked: standIn.requests.map(({ url }) => url) }
      },
    })
  } finally {
    verifier.close()
  }
}

const OPENID = `${REALM}/.well-known/openid-configuration`
const OAUTH = 'https://id.acme.example/.well-known/oauth-authorization-server/realms/main'
const KEYS = `${REALM}/jwks`
const accepted = expect.objectContaining({ provider: 'oidc' })

describe('where metadata is looked for', () => {
  it.each([
    [REALM, 'openid', 'openid', [OPENID]],
    [REALM, 'oauth', 'oauth', [OAUTH]],
    [REALM, 'both', 'auto', [OPENID]],
    [REALM, 'oauth', 'auto', [OPENID, OAUTH]],
    [`${REALM}/`, 'openid', 'openid', [OPENID]],
    [`${REALM}/`, 'oauth', 'oauth', [OAUTH]],
    ['https://id.acme.example', 'oauth', 'oauth', ['https://id.acme.example/.well-known/oauth-authorization-server']],
    ['https://id.acme.example/', 'openid', 'auto', ['https://id.acme.example/.well-known/openid-configuration']],
  ] as const)('%s, which has %s, with metadata %s', async (issuer, has, metadata, urls) => {
    await scene({ issuer, metadata: has }, metadata, async ({ standIn, step }) => {
      expect(await step()).toEqual({ outcome: accepted, asked: [...urls, standIn.jwksUrl] })
    })
  })

  it('remembers which one answered', async () => {
    await scene({ issuer: REALM, metadata: 'oauth' }, 'auto', async ({ clock, step }) => {
      expect((await step()).asked).toEqual([OPENID, OAUTH, KEYS])
      clock.aheadMs += HOUR_MS
      expect((await step()).asked).toEqual([OAUTH, KEYS])
    })
  })
})

describe('the metadata document', () => {
  it.each([
    ['of another issuer', { issuer: 'https://evil.example' }, 'DISCOVERY_MISMATCH', /found "https:\/\/evil\.example"/],
    ['of an issuer with a slash', { issuer: `${REALM}/` }, 'DISCOVERY_MISMATCH', /a slash at the end counts, found/],
    ['of no issuer', { issuer: undefined }, 'DISCOVERY_MISMATCH', /"issuer": expected "https:.*main", found nothing/],
    ['without jwks_uri', { jwks_uri: undefined }, 'DISCOVERY_FAILED', /"jwks_uri": expected an https URL.*nothing/],
    ['with keys over http', { jwks_uri: 'http://id.acme.example/jwks' }, 'DISCOVERY_FAILED', /"jwks_uri".*https/],
    ['with several jwks_uri', { jwks_uri: [KEYS] }, 'DISCOVERY_FAILED', /"jwks_uri"/],
  ])('%s is refused', async (_, members, code, message) => {
    await scene({ issuer: REALM }, 'auto', async ({ standIn, step }) => {
      standIn.amendMetadata(members)
      const { outcome } = await step()
      expect(outcome).toMatchObject({ code, kind: 'keys', status: 503, provider: 'oidc' })
      expect((outcome as KeysourceError).message).toMatch(message)
    })
  })

  it.each([
    [
      '404',
      /openid-configuration": expected 200, found 404; .*oauth-authorization-server\S*": expected 200, found 404/,
    ],
    ['html', /openid-configuration: expected JSON, found "text\/html/],
  ] as const)('that is missing (%s) is told with what was tried and answered', async (fault, message) => {
    await scene({ issuer: REALM }, 'auto', async ({ standIn, step }) => {
      standIn.fail(fault)
      const { outcome, asked } = await step()
      expect(outcome).toMatchObject({ code: 'DISCOVERY_FAILED' })
      expect((outcome as KeysourceError).message).toMatch(message)
      expect(asked).toEqual([OPENID, OAUTH])
    })
  })

  it('is asked for again after as long as its server says', async () => {
    await scene({ issuer: REALM }, 'openid', async ({ standIn, step, events }) => {
      standIn.fail('503', { retryAfterSec: 40 })
      await step()
      expect(events).toContainEqual(expect.objectContaining({ type: 'refresh-failed', retryInMs: 40_000 }))
    })
  })

  it('is held for an hour, whatever the keys do', async () => {
    await scene({ issuer: REALM }, 'auto', async ({ clock, step }) => {
      expect((await step()).asked).toEqual([OPENID, KEYS])
      clock.aheadMs += HOUR_MS - 1000
      expect((await step()).asked).toEqual([KEYS])
      clock.aheadMs += 1000
      expect((await step()).asked).toEqual([OPENID, KEYS])
      clock.setBackMs = 60_000 // nothing grows younger by that
      expect((await step()).asked).toEqual([OPENID, KEYS])
    })
  })

  it('is used on over age where it cannot be had, and asked for once a minute', async () => {
    await scene({ issuer: REALM }, 'openid', async ({ standIn, clock, step }) => {
      await step()
      clock.aheadMs += HOUR_MS
      standIn.fail('500', { path: /openid-configuration/ })
      const kid = await standIn.rotate()
      expect(await step()).toEqual({
        outcome: expect.objectContaining({ key: { kid, alg: 'ES256' } }),
        asked: [OPENID, KEYS],
      })
      expect((await step()).asked).toEqual([KEYS])
      clock.aheadMs += 60_000
      expect((await step()).asked).toEqual([OPENID, KEYS])
    })
  })

  it('that hangs is looked for nowhere else once the time is over', async () => {
    await scene(
      { issuer: REALM },
      'auto',
      async ({ standIn, step, requests }) => {
        standIn.fail('hang')
        expect(await step()).toMatchObject({ outcome: { kind: 'keys' }, asked: [OPENID] })
        await new Promise((resolve) => setImmediate(resolve))
        expect(requests()).toBe(1)
      },
      { timeoutMs: 200 },
    )
  })

  it('that hangs takes one load with it, and no more', async () => {
    const cache = { timeoutMs: 200 }
    await scene(
      { issuer: REALM },
      'auto',
      async ({ standIn, clock, step }) => {
        await step()
        clock.aheadMs += HOUR_MS
        standIn.fail('hang', { path: /openid-configuration/ })
        expect((await step()).asked).toEqual([OPENID])
        await standIn.rotate()
        clock.aheadMs += 5000
        expect(await step()).toEqual({ outcome: accepted, asked: [KEYS] })
      },
      cache,
    )
  })
})

describe('keys that fail', () => {
  const moved = 'https://keys.acme.example/v2'

  it.each(['404', '500', 'reset', 'html', 'not-json', 'truncated', 'empty', 'redirect'] as const)(
    'with %s at their old place are found at the new one, in the same load',
    async (fault) => {
      await scene({ issuer: REALM }, 'auto', async ({ standIn, step }) => {
        await step()
        standIn.moveKeys(moved)
        await standIn.rotate()
        standIn.fail(fault, { path: '/realms/main/jwks' })
        expect(await step()).toEqual({ outcome: accepted, asked: [KEYS, OPENID, moved] })
        expect((await step()).asked).toEqual([moved])
      })
    },
  )

  it('and metadata that moved too cost four requests at most', async () => {
    const other = { issuer: REALM, metadata: 'both' } as const
    await scene(other, 'auto', async ({ standIn, step }) => {
      await step()
      standIn.moveKeys(moved)
      await standIn.rotate()
      standIn.fail('404', { path: /openid-configuration/ })
      expect(await step()).toEqual({ outcome: accepted, asked: [KEYS, OPENID, OAUTH, moved] })
    })
  })

  it('by hanging are looked for elsewhere in the next load', async () => {
    await scene(
      { issuer: REALM },
      'openid',
      async ({ standIn, clock, step }) => {
        await step()
        standIn.moveKeys(moved)
        await standIn.rotate()
        standIn.fail('hang', { path: '/realms/main/jwks' })
        expect(await step()).toMatchObject({ outcome: { code: 'KEYS_UNAVAILABLE' }, asked: [KEYS] })
        clock.aheadMs += 5000
        expect(await step()).toEqual({ outcome: accepted, asked: [OPENID, moved] })
      },
      { timeoutMs: 200 },
    )
  })

  it.each([
    ['500', /jwks": expected 200, found 500/],
    ['empty', /jwks: expected a JWK Set with at least one key, found an array of 0/],
  ] as const)('with %s and have not moved are reported as they failed', async (fault, message) => {
    await scene({ issuer: REALM }, 'openid', async ({ standIn, step }) => {
      await step()
      await standIn.rotate()
      standIn.fail(fault, { path: '/realms/main/jwks' })
      const { outcome, asked } = await step()
      expect(asked).toEqual([KEYS, OPENID])
      expect(outcome).toMatchObject({ code: 'KEYS_UNAVAILABLE' })
      expect((outcome as KeysourceError).message).toMatch(message)
    })
  })

  it('in the load that found them are not looked for again', async () => {
    await scene({ issuer: REALM }, 'openid', async ({ standIn, step }) => {
      standIn.fail('500', { path: '/realms/main/jwks' })
      expect(await step()).toMatchObject({ outcome: { code: 'KEYS_UNAVAILABLE' }, asked: [OPENID, KEYS] })
    })
  })

  it('while the metadata fails too are reported as they failed', async () => {
    await scene({ issuer: REALM }, 'openid', async ({ standIn, step }) => {
      await step()
      await standIn.rotate()
      standIn.fail('503')
      const { outcome, asked } = await step()
      expect(asked).toEqual([KEYS, OPENID])
      expect((outcome as KeysourceError).message).toMatch(/jwks": expected 200, found 503/)
    })
  })
})

describe('conditional requests', () => {
  it('go to the place that the validators are from, and to no other', async () => {
    await scene({ issuer: REALM }, 'openid', async ({ standIn, step, events }) => {
      const sent = (): (string | undefined)[] => standIn.requests.map(({ headers }) => headers['if-none-match'])
      await step()
      expect(sent()).toEqual([undefined, undefined])
      await step()
      expect(sent()).toEqual([expect.stringContaining('"')])
      expect(events.filter(({ type }) => type === 'refreshed')).toMatchObject([
        { notModified: false },
        { notModified: true },
      ])
      standIn.moveKeys('/elsewhere')
      const { outcome, asked } = await step()
      expect(outcome).toEqual(accepted)
      expect(asked.length).toBe(3)
      expect(sent()).toEqual([expect.stringContaining('"'), undefined, undefined])
      await step()
      expect(sent()).toEqual([expect.stringContaining('"')])
    })
  })
})

describe('oidcKeys in an adapter of one’s own', () => {
  it('is a key source like any other', async () => {
    await using standIn = await startOidc({ alg: 'ES256' })
    const { issuer } = standIn
    const acme = defineProvider({ name: 'acme', issuer, audience: AUDIENCE, keys: (one) => oidcKeys(one) })
    const verifier = createVerifier({ providers: [acme] })
    expect(await verifier.verify(await standIn.issueToken())).toMatchObject({ provider: 'acme', issuer })
    verifier.close()
  })
})

describe('tokens', () => {
  async function verify(
    options: Partial<OidcOptions>,
    token: (standIn: OidcStandIn) => Promise<string> | string,
  ): Promise<VerifiedToken> {
    await using standIn = await startOidc({ alg: 'ES256', issuer: REALM })
    const provider = oidc({ issuer: REALM, audience: AUDIENCE, ...options })
    const verifier = createVerifier({ providers: [provider], fetch: standIn.fetch })
    try {
      return await verifier.verify(await token(standIn))
    } finally {
      verifier.close()
    }
  }

  it('of one algorithm alone, where one is given', async () => {
    await expect(verify({ algorithms: ['EdDSA'] }, (s) => s.issueToken())).rejects.toMatchObject({
      code: 'ALG_NOT_ALLOWED',
    })
    await expect(verify({ algorithms: ['ES256'] }, (s) => s.issueToken())).resolves.toEqual(accepted)
  })

  it('name their client in azp where there is no client_id, and their scopes in scp', async () => {
    const claims = { client_id: undefined, azp: 'spa', scope: undefined, scp: ['a', 'b'] }
    expect(await verify({}, (s) => s.issueToken(claims))).toMatchObject({ clientId: 'spa', scopes: ['a', 'b'] })
  })

  it('of RFC 9068 alone, where typ says so', async () => {
    await expect(verify({ typ: 'at+jwt' }, (s) => s.issueToken())).resolves.toEqual(accepted)
    await expect(verify({ typ: 'at+jwt' }, (s) => s.issueToken({ jti: undefined }))).rejects.toMatchObject({
      code: 'CLAIM_MISSING',
    })
  })

  it.each<[string, string, RegExp, Partial<OidcOptions>, (standIn: OidcStandIn) => Promise<string> | string]>([
    ['an opaque token', 'TOKEN_MALFORMED', /opaque/, {}, () => 'mF9B5f41JqM'],
    ['an encrypted token', 'TOKEN_MALFORMED', /encrypted/, {}, () => 'a.b.c.d.e'],
    ['a slash at the end', 'ISSUER_UNKNOWN', /compared as text/, {}, (s) => s.issueToken({ iss: `${REALM}/` })],
    [
      'http in place of https',
      'ISSUER_UNKNOWN',
      /public URL/,
      {},
      (s) => s.issueToken({ iss: REALM.replace('https', 'http') }),
    ],
    [
      'another port',
      'ISSUER_UNKNOWN',
      /public URL/,
      {},
      (s) => s.issueToken({ iss: REALM.replace('example/', 'example:8443/') }),
    ],
    ['an HMAC', 'ALG_NOT_ALLOWED', /client secret/, {}, (s) => s.forgeToken({}, { alg: 'HS256' })],
    ['an ID token', 'AUDIENCE_MISMATCH', /ID token/, {}, (s) => s.issueToken({}, { kind: 'id' })],
    [
      'the client as audience',
      'AUDIENCE_MISMATCH',
      /the client that asked/,
      {},
      (s) => s.issueToken({ aud: [s.clientId] }),
    ],
    ['another API', 'AUDIENCE_MISMATCH', /another API/, {}, (s) => s.issueToken({ aud: 'https://x.example' })],
    ['no audience', 'CLAIM_MISSING', /name the API/, {}, (s) => s.issueToken({ aud: undefined })],
    [
      'an ID token for at+jwt',
      'TYP_NOT_ALLOWED',
      /leave typ out/,
      { typ: 'at+jwt', audience: 'acme-web' },
      (s) => s.issueToken({}, { kind: 'id' }),
    ],
  ])('hint at the cause: %s', async (_, code, hint, options, token) => {
    await expect(verify(options, token)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) })
  })

  it.each([
    ['an issuer of another server', { iss: 'https://other.example/oauth' }, 'ISSUER_UNKNOWN'],
    ['an issuer that is no URL', { iss: 'privy.io' }, 'ISSUER_UNKNOWN'],
    ['an audience that is none', { aud: 5 }, 'CLAIM_INVALID'],
  ])('say nothing of %s', async (_, claims, code) => {
    const error = await verify({}, (s) => s.issueToken(claims)).catch((reason: KeysourceError) => reason)
    expect(error).toMatchObject({ code })
    expect(error).not.toHaveProperty('hint')
  })
})

const suite = {
  runner: { describe, it },
  name: 'oidc',
  refuses: [
    {
      title: 'an ID token',
      code: 'AUDIENCE_MISMATCH',
      token: (standIn: OidcStandIn) => standIn.issueToken({}, { kind: 'id' }),
      hint: /ID token/,
    },
    { title: 'no sub', code: 'CLAIM_MISSING', token: (standIn: OidcStandIn) => standIn.issueToken({ sub: undefined }) },
  ],
  badOptions: [
    { title: 'no audience', make: () => oidc({ issuer: REALM } as OidcOptions), names: /"audience"/ },
    { title: 'a metadata URL', make: () => oidc({ issuer: OPENID, audience: AUDIENCE }), names: /"issuer"/ },
  ],
  renamed: ({ issuer, audience }: OidcStandIn, name: string) => oidc({ issuer, audience, name }),
} as const

describeProvider<OidcStandIn>({
  ...suite,
  standIn: () => startOidc(),
  provider: ({ issuer, audience }) => oidc({ issuer, audience }),
  requests: ({ issuer }) => [`GET ${issuer}/.well-known/openid-configuration`, `GET ${issuer}/jwks`],
  identity: ({ subject, clientId, scopes }) => ({ subject, clientId, scopes, tenant: undefined }),
})

describe('RFC 8414, ID tokens', () => {
  describeProvider<OidcStandIn>({
    ...suite,
    standIn: () => startOidc({ issuer: REALM, metadata: 'oauth', alg: 'ES256' }),
    provider: ({ issuer, clientId }) => oidc({ issuer, audience: clientId, metadata: 'oauth' }),
    kind: 'id',
    requests: () => [`GET ${OAUTH}`, `GET ${KEYS}`],
    identity: ({ subject }) => ({ subject, clientId: undefined, scopes: [], tenant: undefined }),
    refuses: [{ title: 'an access token', code: 'AUDIENCE_MISMATCH', token: (standIn) => standIn.issueToken() }],
    renamed: ({ issuer, clientId }, name) => oidc({ issuer, audience: clientId, metadata: 'oauth', name }),
  })
})
