import assert from 'node:assert/strict'
import type { JwtClaims, KeySource } from '@keysource/core'
import { claimIs, defineProvider, type ProviderOptions, pemKey, remoteJwks, unchecked } from '@keysource/core'
import { describe, expect, it } from 'vitest'
import { type ClerkStandIn, startClerk } from './clerk.ts'
import { type CognitoStandIn, startCognito } from './cognito.ts'
import type { ProviderSuite } from './conformance/suite.ts'
import { describeProvider } from './describe-provider.ts'
import { keyPairs, withKeyPairs } from './key-pairs.ts'

type Options = ProviderOptions<'pool', JwtClaims, unknown>

/** A small adapter for Cognito's access tokens, as a user would write one. */
function pool(standIn: CognitoStandIn, changes: Partial<Options> = {}): ReturnType<typeof defineProvider> {
  return defineProvider({
    name: 'pool',
    issuer: standIn.issuer,
    audience: unchecked('access tokens of Cognito have no aud; client_id is checked'),
    algorithms: ['RS256'],
    keys: remoteJwks(`${standIn.issuer}/.well-known/jwks.json`),
    checks: [claimIs('token_use', 'access'), claimIs('client_id', standIn.clientId)],
    identify: ({ username }) => ({ tenant: standIn.userPoolId, subject: String(username) }),
    hint: ({ subject }) => (subject === 'token_use' ? 'send the access token' : undefined),
    ...changes,
  })
}

const suite: Omit<ProviderSuite<CognitoStandIn>, 'runner'> = {
  name: 'pool',
  standIn: () => startCognito(),
  provider: (standIn) => pool(standIn),
  requests: ({ issuer }) => [`GET ${issuer}/.well-known/jwks.json`],
  identity: ({ subject, clientId, scopes, userPoolId }) => ({ subject, clientId, scopes, tenant: userPoolId }),
  refuses: [
    {
      title: 'an ID token',
      code: 'CLAIM_INVALID',
      token: (standIn) => standIn.issueToken({}, { kind: 'id' }),
      hint: /access token/,
    },
    {
      title: 'a token of another client',
      code: 'CLAIM_INVALID',
      token: (standIn) => standIn.issueToken({ client_id: 'other' }),
      accepted: ({ clientId, issueToken }) => issueToken({ client_id: clientId }),
    },
  ],
  badOptions: [
    { title: 'a missing audience', make: () => defineProvider({ name: 'pool' } as Options), names: /"issuer"/ },
  ],
  renamed: (standIn, name) => pool(standIn, { name: name as 'pool' }),
}

describeProvider({ runner: { describe, it }, ...suite })

describeProvider<ClerkStandIn>({
  runner: { describe, it },
  name: 'pinned',
  standIn: () => startClerk(),
  provider: ({ issuer, jwtKey }) =>
    defineProvider({
      name: 'pinned',
      issuer,
      audience: unchecked('session tokens of Clerk have no aud'),
      algorithms: ['RS256'],
      keys: pemKey(jwtKey, { alg: 'RS256' }),
    }),
  requests: () => [],
  identity: ({ subject, authorizedParty }) => ({ subject, clientId: authorizedParty, scopes: [], tenant: undefined }),
  badOptions: [],
  capabilities: { network: false },
})

const pairs = keyPairs()

/** Runs the tests of one title with a runner that collects outcomes, and returns what they failed with. */
async function failures(changes: Partial<typeof suite>, title: RegExp): Promise<string[]> {
  const tests: { title: string; run: () => Promise<void> }[] = []
  const runner = {
    describe: (_: string, define: () => void): void => define(),
    it: (name: string, run: () => Promise<void>): void => void tests.push({ title: name, run }),
  }
  withKeyPairs(pairs, () => describeProvider({ runner, ...suite, ...changes }))
  const chosen = tests.filter((test) => title.test(test.title))
  assert.equal(chosen.length, 1, `expected one test of the title ${title}`)
  const failed: string[] = []
  for (const { run } of chosen) await run().catch((error: Error) => failed.push(error.message))
  return failed
}

/** The suite on an adapter with one thing wrong. */
function broken(changes: (standIn: CognitoStandIn) => Partial<Options>): Partial<typeof suite> {
  return { provider: (standIn) => pool(standIn, changes(standIn)) }
}

function source(load: KeySource['load']): KeySource {
  return { id: 'broken', load }
}

const jwksOf = (standIn: CognitoStandIn): string => `${standIn.issuer}/.well-known/jwks.json`

describe('describeProvider fails for an adapter that', () => {
  // What is wrong, the test that finds it, and what that test says.
  const adapters: readonly [string, Partial<typeof suite>, RegExp, RegExp][] = [
    ['asks another URL', broken((s) => ({ keys: remoteJwks(`${jwksOf(s)}?x=1`) })), /exactly these/, /jwks\.json\?x=1/],
    ['asks twice', broken((s) => ({ keys: source(twice(jwksOf(s))) })), /exactly these/, /deep-equal/],
    ['never shares requests', broken((s) => ({ keys: source(twice(jwksOf(s))) })), /arrive at once/, /deep-equal/],
    ['has another name', { name: 'other' }, /frozen object/, /- 'other'/],
    ['takes ID tokens', broken((s) => ({ checks: [claimIs('iss', s.issuer)] })), /an ID token/, /was accepted/],
    ['gives no hint', broken(() => ({ hint: () => undefined })), /an ID token/, /no hint/],
    ['finds no scopes', broken(() => ({ identify: () => ({ scopes: [] }) })), /what the token says/, /deep-equal/],
    ['takes a slash more', broken((s) => ({ issuer: [s.issuer, `${s.issuer}/`] })), /slash more/, /was accepted/],
    ['takes logout tokens', broken(() => ({ typ: ['logout+jwt', 'jwt'] })), /logout token/, /was accepted/],
    ['wants another algorithm', broken(() => ({ algorithms: ['ES256'] })), /expired token/, /got ALG_NOT_ALLOWED/],
    ['hoards keys', broken((s) => ({ keys: source(hoard(jwksOf(s))) })), /withdrawn key/, /was accepted/],
    ['sees no new keys', broken((s) => ({ keys: source(once(jwksOf(s))) })), /tokens of a new key/, /"kid"/],
    ['follows redirects', broken((s) => ({ keys: source(ownFetch(s)) })), /"redirect"/, /was accepted/],
    ['reads what is broken', broken((s) => ({ keys: source(ownFetch(s)) })), /"huge"/, /was accepted/],
    ['leaks the token', broken(() => ({ hint: leakyHint })), /an ID token/, /a secret appears in the event "rejected"/],
    ['ignores the kid', broken((s) => ({ keys: source(anyKid(jwksOf(s))) })), /kid that is not/, /was accepted/],
    ['refuses no option', { badOptions: [{ title: 'x', make: () => 1, names: /./ }] }, /refuses x/, /were accepted/],
    ['names no option', { badOptions: [{ title: 'x', make: wrongUrl, names: /region/ }] }, /refuses x/, /region/],
    ['throws something else', { badOptions: [{ title: 'x', make: crash, names: /./ }] }, /refuses x/, /KeysourceError/],
    ['ignores its name', { renamed: (standIn) => pool(standIn) }, /another name/, /another\.name/],
    ['asks though it need not', { capabilities: { network: false } }, /provider is down/, /could not be had/],
    ['takes another kind', { kind: 'id' }, /what the token says/, /token_use/],
  ]
  it.each(adapters)('%s', async (_, changes, title, message) => {
    const failed = await failures(changes, title)
    expect(failed).toEqual([expect.stringMatching(message)])
  })

  it('and for none of these reasons otherwise', async () => {
    for (const title of new Set(adapters.map(([, , one]) => one).filter((one) => !/refuses x|down/.test(one.source)))) {
      expect(await failures({}, title)).toEqual([])
    }
  })
})

function wrongUrl(): unknown {
  return remoteJwks('x')
}

function crash(): never {
  throw new TypeError('undefined is not a function')
}

/** The hint that is asked for, with the token's payload in it. */
function leakyHint({ claims }: { readonly claims?: unknown }): string {
  return `send the access token, not ${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
}

function twice(url: string): KeySource['load'] {
  return async (context) => {
    await context.http.request({ url })
    return remoteJwks(url).load(context)
  }
}

function once(url: string): KeySource['load'] {
  return async (context) => context.previous ?? remoteJwks(url).load(context)
}

function hoard(url: string): KeySource['load'] {
  return async ({ previous, ...context }) => {
    const { jwks } = await remoteJwks(url).load(context)
    return { jwks: { keys: [...(previous?.jwks.keys ?? []), ...jwks.keys] } }
  }
}

function anyKid(url: string): KeySource['load'] {
  return async (context) => {
    const { jwks } = await remoteJwks(url).load(context)
    return { jwks: { keys: jwks.keys.map(({ kid: _, ...key }) => key) }, anyKid: true }
  }
}

function ownFetch(standIn: CognitoStandIn): KeySource['load'] {
  return async () => ({ jwks: (await (await standIn.fetch(jwksOf(standIn))).json()) as never })
}
