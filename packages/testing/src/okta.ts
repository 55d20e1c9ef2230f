import { checkOptions, hostName, type OptionRule, optional, text } from '@keysource/core'
import { ALPHANUMERIC, randomText } from './identifiers.ts'
import { keyRing } from './key-ring.ts'
import { keyRoute } from './key-route.ts'
import { metadataRoute, oauthMetadataUrl, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import type { Route } from './route.ts'
import { type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import type { UsualToken } from './token.ts'

/** Kinds of Okta token. */
export type OktaKind = 'access' | 'id'

/** Options of {@link startOkta}. */
export interface OktaStandInOptions extends StandInOptions {
  /** The org's domain. Default: `'acme.okta.com'`. */
  readonly domain?: string | undefined
  /** A custom authorization server's id, or `'org'` for the org server. Default: `'default'`. */
  readonly authorizationServer?: string | undefined
  /** What access tokens are for. Default: `'api://default'`. */
  readonly audience?: string | undefined
}

/** A server that stands in for one authorization server of an Okta org. */
export interface OktaStandIn extends StandIn<OktaKind> {
  readonly domain: string
  readonly authorizationServer: string
  /** The `aud` of access tokens; that of ID tokens is `clientId`. */
  readonly audience: string
  readonly clientId: string
  /** The `sub` of access tokens, a login name; that of ID tokens is `userId`. */
  readonly subject: string
  readonly userId: string
  readonly scopes: readonly string[]
}

const rules: Readonly<Record<keyof OktaStandInOptions, OptionRule>> = {
  ...standInOptions,
  domain: optional(hostName('acme.okta.com')),
  authorizationServer: optional(text('the id of a custom authorization server, or "org"')),
  audience: optional(text()),
}

/**
 * Starts a server that stands in for an authorization server of an Okta org: its keys, the discovery documents in both
 * forms, access tokens and ID tokens. The org server's access tokens are signed with a key that is not published, as
 * they are meant for Okta alone.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startOkta({ domain: 'acme.okta.com', authorizationServer: 'aus1abc' })
 * const jwt = await standIn.issueToken({ scp: ['read:reports'] })
 * ```
 *
 * @see https://developer.okta.com/docs/concepts/key-rotation/
 */
export async function startOkta(options: OktaStandInOptions = {}): Promise<OktaStandIn> {
  checkOptions('startOkta', options, rules)
  const { domain = 'acme.okta.com', authorizationServer = 'default', scopes = USUAL_SCOPES } = options
  const isOrg = authorizationServer === 'org'
  const host = `https://${domain}`
  const issuer = isOrg ? host : `${host}/oauth2/${authorizationServer}`
  const jwksUrl = `${isOrg ? `${host}/oauth2` : issuer}/v1/keys`
  const members = {
    domain,
    authorizationServer,
    audience: options.audience ?? (isOrg ? host : 'api://default'),
    clientId: `0oa${randomText(17)}`,
    subject: 'ada@example.com',
    userId: `00u${randomText(17)}`,
    scopes,
  }
  const newKid = (): string => randomText(43, `${ALPHANUMERIC}-_`)
  const keys = keyRing([
    { name: 'signing', alg: 'RS256', newKid, announcesNext: true },
    ...(isOrg ? [{ name: 'internal', alg: 'RS256', newKid, unpublished: true } as const] : []),
  ])
  const base = await startStandIn<OktaKind>('okta', () => ({
    issuer,
    keys,
    kinds: ['access', 'id'],
    routes: () => [
      keyRoute({
        url: jwksUrl,
        keys,
        cacheControl: options.cacheControl ?? 'max-age=3832304, must-revalidate',
      }),
      ...metadataRoutes(issuer, jwksUrl, isOrg),
    ],
    token: (kind, at) =>
      kind === 'id' ? idToken(issuer, members, at) : accessToken(issuer, members, at, isOrg ? 'internal' : 'signing'),
  }))
  return withMembers(base, members)
}

function metadataRoutes(issuer: string, jwksUrl: string, isOrg: boolean): Route[] {
  const endpoints = isOrg ? `${issuer}/oauth2/v1` : `${issuer}/v1`
  const document = (): Record<string, unknown> => ({
    ...usualMetadata(issuer, jwksUrl, ['RS256']),
    authorization_endpoint: `${endpoints}/authorize`,
    token_endpoint: `${endpoints}/token`,
    userinfo_endpoint: `${endpoints}/userinfo`,
    introspection_endpoint: `${endpoints}/introspect`,
  })
  // Okta keeps the older form of the OAuth document, appended to the issuer, with no date for its end.
  const oauth = isOrg ? [] : [oauthMetadataUrl(issuer), `${issuer}/.well-known/oauth-authorization-server`]
  return [openidMetadataUrl(issuer), ...oauth].map((url) => metadataRoute(url, document))
}

type Members = Pick<OktaStandIn, 'audience' | 'clientId' | 'subject' | 'userId' | 'scopes'>

function accessToken(
  issuer: string,
  { audience, clientId, subject, userId, scopes }: Members,
  at: number,
  slot: string,
): UsualToken {
  return {
    slot,
    header: {},
    claims: {
      ver: 1,
      jti: `AT.${randomText(43)}`,
      iss: issuer,
      aud: audience,
      cid: clientId,
      uid: userId,
      scp: scopes,
      auth_time: at,
      sub: subject,
    },
    lifetimeSec: 3600,
  }
}

function idToken(issuer: string, { clientId, subject, userId }: Members, at: number): UsualToken {
  return {
    slot: 'signing',
    header: {},
    claims: {
      sub: userId,
      name: 'Ada Example',
      email: 'ada@example.com',
      ver: 1,
      iss: issuer,
      aud: clientId,
      jti: `ID.${randomText(43)}`,
      amr: ['pwd'],
      idp: `00o${randomText(17)}`,
      nonce: randomText(22),
      preferred_username: subject,
      auth_time: at,
    },
    lifetimeSec: 3600,
  }
}
