// Tokens as people really get them wrong, and what `explain` has to say first. docs/explain.md is made from this table.
import { CompactEncrypt } from 'jose'
import type { Provider, VerifyOptions } from '../packages/core/src/index.ts'
import { auth0 } from '../packages/providers/auth0/src/index.ts'
import { clerk } from '../packages/providers/clerk/src/index.ts'
import { cognito } from '../packages/providers/cognito/src/index.ts'
import { oidc } from '../packages/providers/oidc/src/index.ts'
import { okta } from '../packages/providers/okta/src/index.ts'
import { onelogin } from '../packages/providers/onelogin/src/index.ts'
import { supertokens } from '../packages/providers/supertokens/src/index.ts'
import {
  type Claims,
  keyPairs,
  type StandIn,
  startAuth0,
  startClerk,
  startCognito,
  startOidc,
  startOkta,
  startOneLogin,
  startSuperTokens,
  withKeyPairs,
} from '../packages/testing/src/index.ts'

export const API = 'https://api.example.com'
const REALM = 'https://id.acme.example/realms/main'

/** The usual stand-in of each provider, and those of the tenants, pools and instances that tokens are mistaken for. */
export async function startServers() {
  const [own, others] = await Promise.all([
    withKeyPairs(keyPairs(), async () => ({
      auth0: await startAuth0({ audience: API }),
      okta: await startOkta(),
      oktaOrg: await startOkta({ authorizationServer: 'org' }),
      cognito: await startCognito({ groups: ['readers'] }),
      clerk: await startClerk(),
      onelogin: await startOneLogin({ audience: API }),
      supertokens: await startSuperTokens(),
      oidc: await startOidc({ issuer: REALM, audience: API }),
    })),
    withKeyPairs(keyPairs(), async () => ({
      auth0Custom: await startAuth0({ domain: 'login.acme.example', audience: API }),
      auth0Us: await startAuth0({ domain: 'acme.us.auth0.com', audience: API }),
      oktaOther: await startOkta({ authorizationServer: 'aus1abc' }),
      oktaCustom: await startOkta({ domain: 'login.acme.example' }),
      oktaPreview: await startOkta({ domain: 'acme.oktapreview.com' }),
      cognitoOther: await startCognito({ userPoolId: 'eu-central-1_Zz98Yy76X' }),
      cognitoUs: await startCognito({ userPoolId: 'us-east-1_Ab12Cd34E' }),
      clerkLive: await startClerk({ frontendApi: 'clerk.acme.example' }),
      oneloginOther: await startOneLogin({ subdomain: 'acme-dev', audience: API }),
      supertokensApi: await startSuperTokens({ apiBasePath: '/api/auth' }),
      supertokensGateway: await startSuperTokens({ apiGatewayPath: '/v1' }),
      oidcStaging: await startOidc({ issuer: 'https://id.acme.example/realms/staging', audience: API }),
    })),
  ])
  return { ...own, ...others }
}

export type Servers = Awaited<ReturnType<typeof startServers>>

/** The providers as their own documentation sets them up. */
export const usual = {
  auth0: (s: Servers) => auth0({ domain: s.auth0.domain, audience: API }),
  okta: (s: Servers) => okta({ domain: s.okta.domain, audience: s.okta.audience }),
  cognito: (s: Servers) =>
    cognito({ userPoolId: s.cognito.userPoolId, clientId: s.cognito.clientId, tokenUse: 'access' }),
  clerk: (s: Servers) =>
    clerk({ publishableKey: s.clerk.publishableKey, authorizedParties: [s.clerk.authorizedParty] }),
  onelogin: (s: Servers) => onelogin({ subdomain: s.onelogin.subdomain, audience: API }),
  supertokens: (s: Servers) => supertokens({ apiDomain: s.supertokens.apiDomain }),
  oidc: (s: Servers) => oidc({ issuer: s.oidc.issuer, audience: API }),
} satisfies Record<string, (s: Servers) => Provider<string, never>>

export type ProviderName = keyof typeof usual

/** A token that is refused, and why. */
export interface BrokenToken {
  readonly provider: ProviderName
  /** What is wrong with it. */
  readonly broken: string
  readonly token: (s: Servers) => string | Promise<string>
  /** How the provider is set up, where it is not {@link usual}. */
  readonly setUp?: (s: Servers) => Provider<string, never>
  readonly call?: VerifyOptions
  /** The check that fails first, its code, and the claim or header member that it looks at. */
  readonly check: readonly [name: string, code: string, subject: string]
  /** What names the cause: in the hint, or where there is none in what was expected or found. */
  readonly says: RegExp
}

const REPORTS: VerifyOptions = { scopes: 'write:reports' }

const AUTH0: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'The ID token, sent in place of the access token',
    token: (s) => s.auth0.issueToken({}, { kind: 'id' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /an ID token.*Send the access token/,
  },
  {
    broken: 'An opaque token: the client named no API',
    token: () => 'K7bWk2pQ0xq0m8uJ5e6Vh1rT9yZ4cL3a',
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /opaque.*`audience`/,
  },
  {
    broken: 'An encrypted opaque token, as newer tenants issue them',
    token: () => encrypted({ alg: 'dir', enc: 'A256GCM', iss: 'https://acme.eu.auth0.com/' }),
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /opaque.*`audience`/,
  },
  {
    broken: 'A token for /userinfo alone',
    token: (s) => s.auth0.issueToken({ aud: [`${s.auth0.issuer}userinfo`] }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /for \/userinfo alone/,
  },
  {
    broken: 'An access token for another API of the tenant',
    token: (s) => s.auth0.issueToken({ aud: 'https://orders.example.com' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /another API/,
  },
  {
    broken: 'A token that was asked for at the custom domain, which is not composed',
    token: (s) => s.auth0Custom.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another domain of the tenant.*domains/,
  },
  {
    broken: 'A token of the tenant in another region',
    token: (s) => s.auth0Us.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another tenant/,
  },
  {
    broken: 'An issuer without the slash at its end, as hand-made test tokens have it',
    token: (s) => s.auth0.issueToken({ iss: s.auth0.issuer.slice(0, -1) }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /lacks the slash/,
  },
  {
    broken: 'A token of an API whose signing algorithm is HS256',
    token: (s) => s.auth0.forgeToken({}, { alg: 'HS256', header: { kid: undefined } }),
    check: ['algorithm', 'ALG_NOT_ALLOWED', 'alg'],
    says: /algorithm of the API.*RS256/,
  },
  {
    broken: 'A user who signed in outside the organization',
    token: (s) => s.auth0.issueToken(),
    setUp: (s) => auth0({ domain: s.auth0.domain, audience: API, organization: 'org_Ab12Cd34Ef56' }),
    check: ['org_id', 'CLAIM_MISSING', 'org_id'],
    says: /send `organization`/,
  },
  {
    broken: 'A token of the Auth0 profile where RFC 9068 is asked for',
    token: (s) => s.auth0.issueToken(),
    setUp: (s) => auth0({ domain: s.auth0.domain, audience: API, typ: 'at+jwt' }),
    check: ['type', 'TYP_NOT_ALLOWED', 'typ'],
    says: /Auth0 token profile/,
  },
  {
    broken: 'A token that lacks a scope',
    token: (s) => s.auth0.issueToken(),
    call: REPORTS,
    check: ['scopes', 'SCOPE_MISSING', 'scope'],
    says: /expected write:reports, found "openid read:reports"/,
  },
  {
    broken: 'A token from before the signing key was revoked',
    token: (s) => withdrawnKey(s.auth0),
    check: ['key', 'KEY_NOT_FOUND', 'kid'],
    says: /found "\{kid\}", which is not published, or no longer/,
  },
]

const OKTA: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'An access token of the org authorization server',
    token: (s) => s.oktaOrg.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /org server’s access tokens.*custom authorization server/,
  },
  {
    broken: 'The same, where the org server is composed for its ID tokens',
    token: (s) => s.oktaOrg.issueToken(),
    setUp: (s) => okta({ domain: s.oktaOrg.domain, authorizationServer: 'org', audience: s.oktaOrg.clientId }),
    check: ['key', 'KEY_NOT_FOUND', 'kid'],
    says: /signed with a key that is not published/,
  },
  {
    broken: 'A token of another custom authorization server',
    token: (s) => s.oktaOther.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another authorization server.*authorizationServer/,
  },
  {
    broken: 'A token that was asked for at the custom domain',
    token: (s) => s.oktaCustom.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /other domain.*compare domain/,
  },
  {
    broken: 'A token of the preview org',
    token: (s) => s.oktaPreview.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /compare domain/,
  },
  {
    broken: 'The ID token, sent in place of the access token',
    token: (s) => s.okta.issueToken({}, { kind: 'id' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /an ID token.*Send the access token/,
  },
  {
    broken: 'A token for the audience of another API',
    token: (s) => s.okta.issueToken({ aud: 'api://orders' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /audience is set on the authorization server/,
  },
  {
    broken: 'A token of an app that is not listed',
    token: (s) => s.okta.issueToken(),
    setUp: (s) => okta({ domain: s.okta.domain, audience: s.okta.audience, clientId: '0oa1web2app3id4' }),
    check: ['cid', 'CLAIM_INVALID', 'cid'],
    says: /issued to another app.*clientId/,
  },
  {
    broken: 'A refresh token',
    token: () => 'qxY2n8mWc0P4vK7tR1zL9sB3hD6gJ5fA',
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /refresh tokens are opaque/,
  },
  {
    broken: 'The whole header value, with “Bearer ” left on',
    token: async (s) => `Bearer ${await s.okta.issueToken()}`,
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /pass what follows "Bearer "/,
  },
  {
    broken: 'A token that lacks a scope',
    token: (s) => s.okta.issueToken(),
    call: REPORTS,
    check: ['scopes', 'SCOPE_MISSING', 'scope'],
    says: /expected write:reports/,
  },
]

const COGNITO: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'The ID token, sent in place of the access token',
    token: (s) => s.cognito.issueToken({}, { kind: 'id' }),
    check: ['token_use', 'CLAIM_INVALID', 'token_use'],
    says: /an ID token. Send the access token/,
  },
  {
    broken: 'The access token, where ID tokens are meant',
    token: (s) => s.cognito.issueToken(),
    setUp: (s) => cognito({ userPoolId: s.cognito.userPoolId, clientId: s.cognito.clientId, tokenUse: 'id' }),
    check: ['audience', 'CLAIM_MISSING', 'aud'],
    says: /an access token. Set tokenUse/,
  },
  {
    broken: 'A token of another user pool',
    token: (s) => s.cognitoOther.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another user pool/,
  },
  {
    broken: 'A token of a pool in another region',
    token: (s) => s.cognitoUs.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another region/,
  },
  {
    broken: 'A token of a local emulator of AWS',
    token: (s) =>
      s.cognito.issueToken({ iss: `http://cognito-idp.localhost.localstack.cloud:4566/${s.cognito.userPoolId}` }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /not of AWS but of an emulator/,
  },
  {
    broken: 'A token of another app client of the pool',
    token: (s) => s.cognito.issueToken({ client_id: '2mobile0example0client' }),
    check: ['client_id', 'CLAIM_INVALID', 'client_id'],
    says: /another app client.*clientId/,
  },
  {
    broken: 'A token of an identity pool',
    token: (s) => s.cognito.issueToken({ iss: 'https://cognito-identity.amazonaws.com', aud: 'eu-central-1:3f1c' }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /identity pool/,
  },
  {
    broken: 'The refresh token',
    token: () => encrypted({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' }),
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /refresh tokens are encrypted/,
  },
  {
    broken: 'A user who is in none of the groups',
    token: (s) => s.cognito.issueToken(),
    setUp: (s) =>
      cognito({
        userPoolId: s.cognito.userPoolId,
        clientId: s.cognito.clientId,
        tokenUse: 'access',
        groups: ['admins'],
      }),
    check: ['cognito:groups', 'CLAIM_INVALID', 'cognito:groups'],
    says: /must sign in again/,
  },
  {
    broken: 'A token whose signature was taken off, with alg “none”',
    token: (s) => s.cognito.forgeToken({}, { alg: 'none' }),
    check: ['algorithm', 'ALG_NOT_ALLOWED', 'alg'],
    says: /asymmetric algorithms only.*found "none"/,
  },
  {
    broken: 'A token whose groups were changed after it was signed',
    token: async (s) => tampered(await s.cognito.issueToken(), { 'cognito:groups': ['admins'] }),
    check: ['signature', 'SIGNATURE_INVALID', 'signature'],
    says: /found another: the token was changed/,
  },
]

const CLERK: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'A token of the production instance, where the development instance is composed',
    token: (s) => s.clerkLive.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another Clerk instance/,
  },
  {
    broken: 'A token of a front end that is not listed',
    token: (s) => s.clerk.issueToken({ azp: 'http://localhost:3000' }),
    check: ['azp', 'CLAIM_INVALID', 'azp'],
    says: /front end at "http:\/\/localhost:3000".*authorizedParties/,
  },
  {
    broken: 'A token that was asked for without an Origin, from a server or a native app',
    token: (s) => s.clerk.issueToken({ azp: undefined }),
    check: ['azp', 'CLAIM_MISSING', 'azp'],
    says: /without one \(native apps/,
  },
  {
    broken: 'A token that was kept for ten minutes',
    token: (s) => s.clerk.issueToken({}, { expiresInSec: -540 }),
    check: ['time', 'TOKEN_EXPIRED', 'exp'],
    says: /about a minute: call getToken\(\)/,
  },
  {
    broken: 'A pending session: the user has not chosen an organization',
    token: (s) => s.clerk.issueToken({ sts: 'pending' }),
    check: ['sts', 'CLAIM_INVALID', 'sts'],
    says: /still has a task to do/,
  },
  {
    broken: 'A token of a JWT template',
    token: (s) => s.clerk.issueToken({ sid: undefined, azp: undefined }, { header: { cat: 'cl_B7d4PD222AAA' } }),
    check: ['cat', 'CLAIM_INVALID', 'cat'],
    says: /without a template/,
  },
  {
    broken: 'A machine-to-machine token',
    token: (s) => s.clerk.issueToken({}, { kind: 'm2m' }),
    check: ['cat', 'CLAIM_INVALID', 'cat'],
    says: /Only session tokens/,
  },
  {
    broken: 'An opaque machine token',
    token: () => 'mt_5p8KQ2wX7cV1nB4mL9zR3tY6sD0fGhJ',
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /opaque tokens \(mt_…/,
  },
  {
    broken: 'The text “undefined”, from a client that is not signed in yet',
    token: () => 'undefined',
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /the text "undefined".*has no token/,
  },
  {
    broken: 'Any token, where jwtKey is the key of another instance',
    token: (s) => s.clerk.issueToken(),
    setUp: (s) =>
      clerk({
        publishableKey: s.clerk.publishableKey,
        jwtKey: s.clerkLive.jwtKey,
        authorizedParties: [s.clerk.authorizedParty],
      }),
    check: ['signature', 'SIGNATURE_INVALID', 'signature'],
    says: /jwtKey belongs to another instance/,
  },
]

const ONELOGIN: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'A token of an app that still uses OpenID Connect v1',
    token: (s) => s.onelogin.issueToken({ iss: 'https://openid-connect.onelogin.com/oidc' }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /retired OpenID Connect v1.*\/oidc\/2/,
  },
  {
    broken: 'A token of another account',
    token: (s) => s.oneloginOther.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another account.*subdomain/,
  },
  {
    broken: 'An issuer with a slash at its end',
    token: (s) => s.onelogin.issueToken({ iss: `${s.onelogin.issuer}/` }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /ends in a slash/,
  },
  {
    broken: 'The opaque access token of an OpenID Connect app',
    token: () => 'NjM2YjBhYzgtNGZmNy00ZTE1',
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /opaque.*API authorization server/,
  },
  {
    broken: 'The ID token, sent in place of the access token',
    token: (s) => s.onelogin.issueToken({}, { kind: 'id' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /an ID token.*API authorization server/,
  },
  {
    broken: 'A token that has ended',
    token: (s) => s.onelogin.issueToken({}, { expiresInSec: -1800 }),
    check: ['time', 'TOKEN_EXPIRED', 'exp'],
    says: /30 min ago/,
  },
  {
    broken: 'A token that lost its last characters',
    token: async (s) => (await s.onelogin.issueToken()).slice(0, -42),
    check: ['signature', 'SIGNATURE_INVALID', 'signature'],
    says: /found 225 bytes, where 256 are due.*cut off/,
  },
  {
    broken: 'A token that was cut off in its middle, by a column or a cookie that is too short',
    token: async (s) => (await s.onelogin.issueToken()).split('.').slice(0, 2).join('.').slice(0, -9),
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /two parts.*cut off/,
  },
]

const SUPERTOKENS: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'A session of a backend with another base path',
    token: (s) => s.supertokensApi.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /apiBasePath.*appInfo/,
  },
  {
    broken: 'A session of a backend behind a gateway path',
    token: (s) => s.supertokensGateway.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /apiGatewayPath.*appInfo/,
  },
  {
    broken: 'A session of a backend that calls itself http behind its proxy',
    token: (s) => s.supertokens.issueToken({ iss: s.supertokens.issuer.replace('https', 'http') }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /http, not https/,
  },
  {
    broken: 'An OAuth access token',
    token: (s) => s.supertokens.issueToken({}, { kind: 'oauth-access' }),
    check: ['stt', 'CLAIM_INVALID', 'stt'],
    says: /OAuth access token, not a session.*@keysource\/oidc/,
  },
  {
    broken: 'An OAuth ID token',
    token: (s) => s.supertokens.issueToken({}, { kind: 'oauth-id' }),
    check: ['stt', 'CLAIM_INVALID', 'stt'],
    says: /OAuth ID token, not a session/,
  },
  {
    broken: 'A JWT that the backend made itself: it has no session handle',
    token: (s) =>
      s.supertokens.issueToken({
        sessionHandle: undefined,
        refreshTokenHash1: undefined,
        stt: undefined,
        tId: undefined,
      }),
    check: ['sessionHandle', 'CLAIM_MISSING', 'sessionHandle'],
    says: /no session: the backend made it with createJWT/,
  },
  {
    broken: 'A session of a user of another tenant',
    token: (s) => s.supertokens.issueToken(),
    setUp: (s) => supertokens({ apiDomain: s.supertokens.apiDomain, tenantId: 'customer-1' }),
    check: ['tId', 'CLAIM_INVALID', 'tId'],
    says: /another tenant/,
  },
  {
    broken: 'A session token of version 2',
    token: (s) =>
      s.supertokens.issueToken(
        {
          iss: undefined,
          sub: undefined,
          exp: undefined,
          stt: undefined,
          userId: 'ada',
          expiryTime: 1_900_000_000_000,
        },
        { header: { version: '2', kid: undefined } },
      ),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /version 2 or older.*upgrade the SDK/,
  },
  {
    broken: 'A session that has ended and was not refreshed',
    token: (s) => s.supertokens.issueToken({}, { expiresInSec: -7200 }),
    check: ['time', 'TOKEN_EXPIRED', 'exp'],
    says: /2 h ago/,
  },
]

const OIDC: readonly Omit<BrokenToken, 'provider'>[] = [
  {
    broken: 'The ID token, sent in place of the access token',
    token: (s) => s.oidc.issueToken({}, { kind: 'id' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /an ID token.*Send the access token/,
  },
  {
    broken: 'An access token whose audience is the client that asked for it',
    token: (s) => s.oidc.issueToken({ aud: s.oidc.clientId, client_id: s.oidc.clientId }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /the client that asked for it.*name the API/,
  },
  {
    broken: 'An access token without any audience, as the issuer is not set up to add one',
    token: (s) => s.oidc.issueToken({ aud: undefined }),
    check: ['audience', 'CLAIM_MISSING', 'aud'],
    says: /name the API in the request|map one to this client/,
  },
  {
    broken: 'An access token for another API',
    token: (s) => s.oidc.issueToken({ aud: 'https://orders.example.com' }),
    check: ['audience', 'AUDIENCE_MISMATCH', 'aud'],
    says: /for another API/,
  },
  {
    broken: 'An issuer with a slash at its end',
    token: (s) => s.oidc.issueToken({ iss: `${s.oidc.issuer}/` }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /ends in a slash/,
  },
  {
    broken: 'An issuer behind a proxy that does not know its public URL',
    token: (s) =>
      s.oidc.issueToken({ iss: s.oidc.issuer.replace('https://id.acme.example', 'http://id.acme.example:8080') }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /another scheme or port.*public URL/,
  },
  {
    broken: 'A token of another realm of the same server',
    token: (s) => s.oidcStaging.issueToken(),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /path differs: another tenant, realm or pool/,
  },
  {
    broken: 'A token of the server under another host name',
    token: (s) => s.oidc.issueToken({ iss: 'https://login.acme.example/realms/main' }),
    check: ['issuer', 'ISSUER_UNKNOWN', 'iss'],
    says: /host differs.*custom domain/,
  },
  {
    broken: 'An encrypted token',
    token: () => encrypted({ alg: 'dir', enc: 'A256GCM' }),
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /encrypted: switch the encryption/,
  },
  {
    broken: 'A token in quotation marks, as JSON.stringify leaves them',
    token: async (s) => JSON.stringify(await s.oidc.issueToken()),
    check: ['shape', 'TOKEN_MALFORMED', 'token'],
    says: /quotation marks around it/,
  },
  {
    broken: 'A token signed with the client secret (HS256)',
    token: (s) => s.oidc.forgeToken({}, { alg: 'HS256' }),
    check: ['algorithm', 'ALG_NOT_ALLOWED', 'alg'],
    says: /client secret.*RS256 or ES256/,
  },
  {
    broken: 'A token of an issuer whose clock is hours ahead: another time zone',
    token: (s) => s.oidc.issueToken({ nbf: Math.floor(Date.now() / 1000) + 3 * 3600 }),
    check: ['time', 'TOKEN_NOT_YET_VALID', 'nbf'],
    says: /3 h from now/,
  },
  {
    broken: 'A token whose key was rotated away',
    token: (s) => withdrawnKey(s.oidc),
    check: ['key', 'KEY_NOT_FOUND', 'kid'],
    says: /found "\{kid\}", which is not published, or no longer/,
  },
  {
    broken: 'A token of another environment, which has its own keys under the same issuer and kid',
    token: (s) => s.oidc.forgeToken(),
    check: ['signature', 'SIGNATURE_INVALID', 'signature'],
    says: /another key signed it/,
  },
  {
    broken: 'A logout token',
    token: (s) => s.oidc.issueToken({}, { header: { typ: 'logout+jwt' } }),
    check: ['type', 'TYP_NOT_ALLOWED', 'typ'],
    says: /expected an access or ID token, found "logout\+jwt"/,
  },
]

export const BROKEN_TOKENS: readonly BrokenToken[] = Object.entries({
  auth0: AUTH0,
  okta: OKTA,
  cognito: COGNITO,
  clerk: CLERK,
  onelogin: ONELOGIN,
  supertokens: SUPERTOKENS,
  oidc: OIDC,
}).flatMap(([provider, rows]) => rows.map((row) => ({ provider: provider as ProviderName, ...row })))

/** A real compact JWE (RFC 7516) whose key nobody here has. */
function encrypted(header: { readonly alg: 'dir'; readonly enc: 'A256GCM' } & Claims): Promise<string> {
  const key = crypto.getRandomValues(new Uint8Array(32))
  return new CompactEncrypt(new TextEncoder().encode('{"sub":"ada"}')).setProtectedHeader(header).encrypt(key)
}

/** A well signed token of a key that is no longer published. */
async function withdrawnKey(standIn: StandIn): Promise<string> {
  const jwt = await standIn.issueToken()
  const { kid } = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }
  await standIn.rotate()
  standIn.withdraw(kid)
  return jwt
}

function tampered(jwt: string, changes: Claims): string {
  const [header, payload = '', signature] = jwt.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
  return [header, Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url'), signature].join('.')
}
