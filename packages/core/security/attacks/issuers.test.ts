/** Issuers, and the keys of one beside those of another. */
import { describe, expect, test } from 'vitest'
import { anyTenant, type KeySource, type Provider, remoteJwks, staticJwks } from '../../src/index.ts'
import {
  CLAIMS,
  jwks,
  jwkWith,
  jwt,
  loopbackServer,
  manualClock,
  part,
  provider,
  signed,
  signer,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attacks, engines, record, verdictOn } from '../attack-table.ts'

const GOOD = 'https://good.example'
const EVIL = 'https://evil.example'
const good = signer('ES256', 'shared')
const evil = signer('ES256', 'shared')
const goodProvider = provider([good], { name: 'good', issuer: GOOD })
const evilProvider = provider([evil], { name: 'evil', issuer: EVIL })

const crossed: readonly AttackCase[] = [undefined, 'shared'].flatMap((kid): AttackCase[] => {
  const how = kid === undefined ? 'without a kid' : 'with the shared kid'
  return [
    [`good’s own token ${how}`, jwt(good, { iss: GOOD }, { kid }), 'accepted'],
    [`evil’s own token ${how}`, jwt(evil, { iss: EVIL }, { kid }), 'accepted'],
    [`evil’s key for good’s issuer ${how}`, jwt(evil, { iss: GOOD }, { kid }), 'SIGNATURE_INVALID'],
    [`good’s key for evil’s issuer ${how}`, jwt(good, { iss: EVIL }, { kid }), 'SIGNATURE_INVALID'],
    [
      `evil’s token where good is asked for ${how}`,
      jwt(evil, { iss: EVIL }, { kid }),
      'ISSUER_UNKNOWN',
      { provider: 'good' },
    ],
    [
      `evil’s key for good’s issuer where good is asked for ${how}`,
      jwt(evil, { iss: GOOD }, { kid }),
      'SIGNATURE_INVALID',
      { provider: 'good' },
    ],
    [
      `good’s token again, after the crossed ones, ${how}`,
      jwt(good, { iss: GOOD }, { kid }),
      'accepted',
      { provider: 'good' },
    ],
  ]
})
const orders: readonly (readonly [string, readonly Provider[]])[] = [
  ['good first', [goodProvider, evilProvider]],
  ['evil first', [evilProvider, goodProvider]],
]
for (const [order, providers] of orders) {
  attacks(`CVE-2025-59936, Cyoda #97: two providers that share a kid, ${order}`, { providers }, crossed)
  attacks(
    `CVE-2025-59936, Cyoda #97: the same with a token cache, ${order}`,
    { providers, tokenCache: { max: 100 } },
    crossed,
  )
  attacks(
    `CVE-2025-59936, Cyoda #97: the same backwards, ${order}`,
    { providers, tokenCache: { max: 100 } },
    [...crossed].reverse(),
  )
}

const pieces = (name: string, issuer: string, kid: string) => {
  const by = signer('ES256', kid)
  return { by, issuer, provider: provider([by], { name, issuer }) }
}
const left = pieces('left', 'https://a.example', 'kid:https://b.example:x')
const right = pieces('right', 'https://a.example:kid', 'https://b.example:x')
attacks(
  'CVE-2025-59936: kid and issuer that meet when they are joined',
  { providers: [left.provider, right.provider] },
  [
    ['left', jwt(left.by, { iss: left.issuer }), 'accepted'],
    ['right', jwt(right.by, { iss: right.issuer }), 'accepted'],
    ['left’s key for right', jwt({ ...left.by, kid: right.by.kid }, { iss: right.issuer }), 'SIGNATURE_INVALID'],
    ['right’s key for left', jwt({ ...right.by, kid: left.by.kid }, { iss: left.issuer }), 'SIGNATURE_INVALID'],
    ['right’s kid for left', jwt(right.by, { iss: left.issuer }), 'KEY_NOT_FOUND'],
  ],
)

const ISSUERS: readonly (readonly [name: string, iss: unknown])[] = [
  ['an array of the issuer (CVE-2025-30144)', [GOOD]],
  ['an array of the attacker’s and the issuer (CVE-2025-30144)', [EVIL, GOOD]],
  ['an object', { 0: GOOD, toString: GOOD }],
  ['null', null],
  ['a number', 1],
  ['true', true],
  ['an empty string', ''],
  ['a part of the issuer (CVE-2024-53861)', 'https://good'],
  ['a single letter of it (CVE-2024-53861)', 'h'],
  ['text that holds it', `${GOOD}.evil.example`],
  ['text that ends in it', `https://evil.example/?x=${GOOD}`],
  ['a slash at the end', `${GOOD}/`],
  ['http for https', 'http://good.example'],
  ['capital letters', 'https://GOOD.example'],
  ['the default port', 'https://good.example:443'],
  ['a user name', 'https://x@good.example'],
  ['a dot at the end', 'https://good.example.'],
  ['dots in the path', `${GOOD}/x/..`],
  ['an escape', 'https://%67ood.example'],
  ['a query', `${GOOD}?`],
  ['a fragment', `${GOOD}#`],
  ['a blank', `${GOOD} `],
  ['a line break', `${GOOD}\n`],
  ['a zero character', `${GOOD}\u0000`],
  ['a letter that looks the same', 'https://g\u043eod.example'],
  ['another composition of the same letter', 'https://goo\u0064\u0301.example'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
]
attacks(
  'CVE-2025-30144, CVE-2024-53861, RFC 7519 2: the issuer is compared as text, whole',
  { providers: [goodProvider] },
  [
    ['the issuer', jwt(good, { iss: GOOD }), 'accepted'],
    ...ISSUERS.map(([name, iss]): AttackCase => [name, jwt(good, { iss }), 'ISSUER_UNKNOWN']),
  ],
)

attacks('NodeDB #61: there is no provider for tokens that name none', { providers: [goodProvider] }, [
  ['the issuer', jwt(good, { iss: GOOD }), 'accepted'],
  ['no iss', jwt(good, { iss: undefined }), 'ISSUER_UNKNOWN'],
  ['no iss where the provider is named', jwt(good, { iss: undefined }), 'ISSUER_UNKNOWN', { provider: 'good' }],
  [
    'an iss that is inherited',
    signed(
      part({ alg: 'ES256', kid: 'shared' }),
      part(`{"__proto__":{"iss":"${GOOD}"},"aud":"api","exp":1800000300}`),
      good,
    ),
    'ISSUER_UNKNOWN',
  ],
])

test('NodeDB #61: an unknown issuer makes no request', async () => {
  for (const { createVerifier } of engines) {
    const server = await loopbackServer(jwks([good]))
    const verifier = createVerifier({
      providers: [provider([], { issuer: GOOD, keys: remoteJwks(server.url) })],
      clock: manualClock(),
    })
    for (const [, iss] of ISSUERS)
      expect(await verdictOn(() => verifier.verify(jwt(good, { iss })))).toBe('ISSUER_UNKNOWN')
    expect(server.requests).toEqual([])
  }
})

const A = '11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa'
const B = '22222222-bbbb-4bbb-8bbb-bbbbbbbbbbbb'
const C = '33333333-cccc-4ccc-8ccc-cccccccccccc'
const of = (tenant: string): string => `https://login.example/${tenant}/v2.0`
const pattern = { template: of('{tenantid}'), claim: 'tid' }
const tenantKey = signer('RS256', 'common')
const token = (iss: unknown, tid: unknown): string => jwt(tenantKey, { iss, tid })
const tenants = { providers: [provider([tenantKey], { issuer: { ...pattern, allow: [A, B] } })] }

attacks('microsoft/Agents-for-js #1152: a pattern admits the tenants that are listed, each for itself', tenants, [
  ['a listed tenant', token(of(A), A), 'accepted'],
  ['another one', token(of(B), B), 'accepted'],
  ['a tenant in capital letters', token(of(A.toUpperCase()), A), 'accepted'],
  ['a tid in capital letters', token(of(A), A.toUpperCase()), 'accepted'],
  ['a tenant that is not listed', token(of(C), C), 'ISSUER_UNKNOWN'],
  ['tid of another listed tenant', token(of(A), B), 'CLAIM_INVALID'],
  ['tid of a tenant that is not listed', token(of(A), C), 'CLAIM_INVALID'],
  ['no tid', token(of(A), undefined), 'CLAIM_MISSING'],
  [
    'a tid that is inherited',
    signed(
      part({ alg: 'RS256', kid: 'common' }),
      part(`{"iss":"${of(A)}","aud":"api","exp":1800000300,"__proto__":{"tid":"${A}"}}`),
      tenantKey,
    ),
    'CLAIM_MISSING',
  ],
  ['a tid that is an array', token(of(A), [A]), 'CLAIM_INVALID'],
  ['a tid that is null', token(of(A), null), 'CLAIM_INVALID'],
  ['the slot itself', token(of('{tenantid}'), A), 'ISSUER_UNKNOWN'],
  ['common', token(of('common'), A), 'ISSUER_UNKNOWN'],
  ['organizations', token(of('organizations'), A), 'ISSUER_UNKNOWN'],
  ['consumers', token(of('consumers'), A), 'ISSUER_UNKNOWN'],
  ['an empty slot', token(of(''), A), 'ISSUER_UNKNOWN'],
  ['two tenants', token(of(`${A}/${B}`), A), 'ISSUER_UNKNOWN'],
  ['two tenants joined', token(of(`${A}${B}`), A), 'ISSUER_UNKNOWN'],
  ['dots in the slot', token(of(`${C}/../${A}`), A), 'ISSUER_UNKNOWN'],
  ['an escape in the slot', token(of(`${A}%2f`), A), 'ISSUER_UNKNOWN'],
  ['braces around a tenant', token(of(`{${A}}`), A), 'ISSUER_UNKNOWN'],
  ['a GUID without hyphens', token(of(A.replaceAll('-', '')), A), 'ISSUER_UNKNOWN'],
  ['a line break after the tenant', token(of(`${A}\n`), A), 'ISSUER_UNKNOWN'],
  ['another host', token(of(A).replace('login.', 'login2.'), A), 'ISSUER_UNKNOWN'],
  ['version 1 of the same tenant', token(`https://login.example/${A}/`, A), 'ISSUER_UNKNOWN'],
  ['something after it', token(`${of(A)}/x`, A), 'ISSUER_UNKNOWN'],
  ['something before it', token(`x${of(A)}`, A), 'ISSUER_UNKNOWN'],
  ['a domain name for the tenant', token(of('contoso.onmicrosoft.com'), 'contoso.onmicrosoft.com'), 'ISSUER_UNKNOWN'],
])
attacks(
  'microsoft/Agents-for-js #1152: with anyTenant, the tenant is still that of the issuer',
  { providers: [provider([tenantKey], { issuer: { ...pattern, allow: anyTenant('a public API') } })] },
  [
    ['any tenant', token(of(C), C), 'accepted'],
    ['tid of another', token(of(C), A), 'CLAIM_INVALID'],
    ['common', token(of('common'), C), 'ISSUER_UNKNOWN'],
    ['no GUID', token(of('x'), 'x'), 'ISSUER_UNKNOWN'],
  ],
)

const forA = signer('RS256', 'for-a')
const forAll = signer('RS256', 'for-all')
const elsewhere = signer('RS256', 'elsewhere')
const naming = {
  keys: [
    jwkWith(forA.jwk, { issuer: of(A) }),
    jwkWith(forAll.jwk, { issuer: of('{tenantid}') }),
    jwkWith(elsewhere.jwk, { issuer: 'https://login.example/9188040d/{tenantid}' }),
    tenantKey.jwk,
  ],
}
const by = (who: typeof forA, tenant: string): string => jwt(who, { iss: of(tenant), tid: tenant })
attacks(
  'Microsoft.IdentityModel: a key that names its issuer signs for no other',
  { providers: [provider([], { issuer: { ...pattern, allow: [A, B] }, keys: staticJwks(naming) })] },
  [
    ['A’s key for A', by(forA, A), 'accepted'],
    ['A’s key for B', by(forA, B), 'KEY_NOT_FOUND'],
    ['A’s key for B without a kid', jwt(forA, { iss: of(B), tid: B }, { kid: undefined }), 'SIGNATURE_INVALID'],
    ['a key for all tenants for A', by(forAll, A), 'accepted'],
    ['a key for all tenants for B', by(forAll, B), 'accepted'],
    ['a key that names another issuer for A', by(elsewhere, A), 'KEY_NOT_FOUND'],
    ['a key that names none', by(tenantKey, A), 'accepted'],
  ],
)

describe('CVE-2025-59936: the tenants of one pattern with keys of their own', () => {
  for (const { name, createVerifier } of engines) {
    test(`never cross, on the ${name} engine`, async (context) => {
      const keysOf = new Map([A, B].map((tenant) => [of(tenant), signer('ES256', 'same')]))
      const keys = (issuer: string): KeySource => staticJwks({ keys: [(keysOf.get(issuer) ?? tenantKey).jwk] })
      const verifier = createVerifier({
        providers: [provider([], { issuer: { ...pattern, allow: [A, B] }, keys })],
        clock: manualClock(),
        tokenCache: { max: 10 },
      })
      for (const kid of ['same', undefined]) {
        for (const [signing, claimed] of [
          [A, A],
          [B, A],
          [A, B],
          [B, B],
        ] as const) {
          const who = keysOf.get(of(signing)) ?? tenantKey
          const verdict = await verdictOn(() => verifier.verify(jwt(who, { iss: of(claimed), tid: claimed }, { kid })))
          const expected = signing === claimed ? 'accepted' : 'SIGNATURE_INVALID'
          record(context, name, expected, verdict)
          expect(verdict).toBe(expected)
        }
      }
    })
  }
})

const claims = part({ ...CLAIMS, iss: GOOD })
attacks(
  'RFC 8725 3.8: an attacker’s provider that publishes the good one’s key',
  { providers: [goodProvider, provider([jwkWith(good.jwk, { kid: 'stolen' })], { name: 'evil', issuer: EVIL })] },
  [
    ['good’s token', signed(part({ alg: 'ES256', kid: 'shared' }), claims, good), 'accepted'],
    [
      'good’s token under the kid of evil’s copy',
      signed(part({ alg: 'ES256', kid: 'stolen' }), claims, good),
      'KEY_NOT_FOUND',
    ],
  ],
)
