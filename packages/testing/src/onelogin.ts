import { checkOptions, choice, numberWithin, type OptionRule, optional, secret, text } from '@keysource/core'
import { type Answer, cacheControl, ok } from './answer.ts'
import { ALPHANUMERIC, DIGITS, LOWER, randomText } from './identifiers.ts'
import { type KeyRing, keyRing, publicJwk } from './key-ring.ts'
import { type JwkWriter, keyRoute, publishedJwks } from './key-route.ts'
import { metadataRoute, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import { type ApiTokens, apiTokens } from './onelogin-api-tokens.ts'
import type { Route } from './route.ts'
import { type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import type { UsualToken } from './token.ts'

/** Kinds of OneLogin token. */
export type OneLoginKind = 'access' | 'id'

/** Options of {@link startOneLogin}. */
export interface OneLoginStandInOptions extends StandInOptions {
  /** The account's subdomain. Default: `'acme'`. */
  readonly subdomain?: string | undefined
  /** Where its API lives. Default: `'us'`. */
  readonly region?: 'us' | 'eu' | undefined
  /** What access tokens are for. Default: `'https://api.example.com'`. */
  readonly audience?: string | undefined
  /** The API credential, for the administrators' keys endpoint. Default: random ones. */
  readonly apiClientId?: string | undefined
  readonly apiClientSecret?: string | undefined
  /** Seconds for which a token of OneLogin's own API lives. Default: 36000, ten hours. */
  readonly apiTokenLifetimeSec?: number | undefined
}

/** A server that stands in for a OneLogin account and for OneLogin's API. */
export interface OneLoginStandIn extends StandIn<OneLoginKind> {
  readonly subdomain: string
  readonly region: 'us' | 'eu'
  /** The `aud` of access tokens; that of ID tokens is `clientId`. */
  readonly audience: string
  readonly clientId: string
  readonly apiClientId: string
  readonly apiClientSecret: string
  readonly subject: string
  readonly scopes: readonly string[]
  /** Ends every token of OneLogin's API at once: the next request for keys is answered 401. */
  revokeTokens(): void
}

const rules: Readonly<Record<keyof OneLoginStandInOptions, OptionRule>> = {
  ...standInOptions,
  subdomain: optional({
    expected: 'a subdomain such as "acme"',
    accepts: (value) => typeof value === 'string' && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(value),
  }),
  region: optional(choice('us', 'eu')),
  audience: optional(text()),
  apiClientId: optional(text()),
  apiClientSecret: optional(secret()),
  apiTokenLifetimeSec: optional(numberWithin(0.01, 31_536_000, 'seconds')),
}

/**
 * Starts a server that stands in for a OneLogin account: the public certs, the administrators' keys endpoint with its
 * bearer tokens, the discovery document, ID tokens and access tokens of an API authorization server.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startOneLogin({ subdomain: 'acme', apiTokenLifetimeSec: 1 })
 * const jwt = await standIn.issueToken({ scope: 'read:reports' })
 * ```
 *
 * @see https://developers.onelogin.com/openid-connect/api/list-keys
 */
export async function startOneLogin(options: OneLoginStandInOptions = {}): Promise<OneLoginStandIn> {
  checkOptions('startOneLogin', options, rules)
  const { subdomain = 'acme', region = 'us', audience = 'https://api.example.com', scopes = USUAL_SCOPES } = options
  const { apiClientId = randomText(64, HEX), apiClientSecret = randomText(64, HEX) } = options
  const host = `https://${subdomain}.onelogin.com`
  const issuer = `${host}/oidc/2`
  const members = { subdomain, region, audience, apiClientId, apiClientSecret, scopes }
  const person = { subject: randomText(9, '123456789'), clientId: randomText(36, `${LOWER}-`) }
  const keys = keyRing([{ name: 'account', alg: 'RS256', newKid: () => randomText(43, `${ALPHANUMERIC}-_`) }])
  const tokens = apiTokens(apiClientId, apiClientSecret, options.apiTokenLifetimeSec ?? 36_000)
  const base = await startStandIn<OneLoginKind>('onelogin', () => ({
    issuer,
    keys,
    kinds: ['access', 'id'],
    routes: () => [
      keyRoute({ url: `${issuer}/certs`, keys, jwk: certificate, cacheControl: options.cacheControl }),
      ...signingKeyRoutes(issuer, keys, tokens, options.cacheControl),
      tokens.route(`https://api.${region}.onelogin.com/auth/oauth2/v2/token`),
      metadataRoute(openidMetadataUrl(issuer), () => metadata(issuer)),
    ],
    token: (kind) => TOKENS[kind](issuer, { ...members, ...person }),
    secrets: () => [apiClientSecret, ...tokens.issued()],
  }))
  return withMembers(base, { ...members, ...person, revokeTokens: tokens.revoke })
}

const HEX = `${DIGITS}abcdef`

/** OneLogin's keys name no algorithm. */
const certificate: JwkWriter = (material) => ({ ...material, use: 'sig' })

const signingKey: JwkWriter = (material, { status }) => ({
  ...material,
  status: status === 'current' ? 'active' : 'draining',
  use: 'sig',
})

/** The administrators' endpoint: all keys as a bare array, or one by its `kid`. */
function signingKeyRoutes(issuer: string, keys: KeyRing, tokens: ApiTokens, caching: string | undefined): Route[] {
  const guarded = (url: string, body: () => Promise<unknown>): Route => ({
    method: 'GET',
    url,
    authorized: tokens.accepts,
    answer: async ({ headers }): Promise<Answer> =>
      tokens.accepts(headers.authorization ?? null) ? ok(await body(), cacheControl(caching)) : UNAUTHORIZED,
  })
  return [
    guarded(`${issuer}/signing_keys`, () => publishedJwks(keys, signingKey)),
    ...keys
      .published()
      .map((key) => guarded(`${issuer}/signing_keys/${key.kid}`, async () => signingKey(await publicJwk(key), key))),
  ]
}

const UNAUTHORIZED: Answer = {
  status: 401,
  body: { status: { error: true, code: 401, type: 'Unauthorized', message: 'Authentication Failure' } },
}

function metadata(issuer: string): Record<string, unknown> {
  return {
    ...usualMetadata(issuer, `${issuer}/certs`, ['RS256']),
    authorization_endpoint: `${issuer}/auth`,
    userinfo_endpoint: `${issuer}/me`,
    introspection_endpoint: `${issuer}/token/introspection`,
    revocation_endpoint: `${issuer}/token/revocation`,
  }
}

type Members = Pick<OneLoginStandIn, 'audience' | 'clientId' | 'subject' | 'scopes'>

const TOKENS: Readonly<Record<OneLoginKind, (issuer: string, members: Members) => UsualToken>> = {
  access: (issuer, { audience, subject, scopes }) => ({
    slot: 'account',
    header: { typ: 'JWT' },
    claims: { jti: randomText(21), sub: subject, iss: issuer, scope: scopes.join(' '), aud: audience },
    lifetimeSec: 1200,
  }),
  id: (issuer, { clientId, subject }) => ({
    slot: 'account',
    header: { typ: 'JWT' },
    claims: {
      sub: subject,
      email: 'ada@example.com',
      preferred_username: 'ada',
      name: 'Ada Example',
      sid: randomText(36),
      nonce: randomText(22),
      aud: clientId,
      iss: issuer,
    },
    lifetimeSec: 7200,
  }),
}
