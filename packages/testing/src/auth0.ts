import { checkOptions, choice, hostName, isHostName, type OptionRule, optional, text, texts } from '@keysource/core'
import { ALPHANUMERIC, LOWER, randomText } from './identifiers.ts'
import { keyRing } from './key-ring.ts'
import { keyRoute } from './key-route.ts'
import { metadataRoute, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import { type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import type { UsualToken } from './token.ts'

/** Kinds of Auth0 token. */
export type Auth0Kind = 'access' | 'id'

/** Options of {@link startAuth0}. */
export interface Auth0StandInOptions extends StandInOptions {
  /** The tenant's domain. Default: `'acme.eu.auth0.com'`. */
  readonly domain?: string | undefined
  /** Custom domains, each of which serves the tenant's keys. Default: none. */
  readonly customDomains?: readonly string[] | undefined
  /** The API's identifier. Default: `'https://api.example.com'`. */
  readonly audience?: string | undefined
  /** The access token profile of the API. Default: `'auth0'`. */
  readonly profile?: 'auth0' | 'rfc9068' | undefined
  /** The `permissions` of access tokens, where the API has RBAC switched on. Default: none. */
  readonly permissions?: readonly string[] | undefined
  /** The `org_id` of tokens. Default: none. */
  readonly organization?: string | undefined
}

/** A server that stands in for an Auth0 tenant. */
export interface Auth0StandIn extends StandIn<Auth0Kind> {
  readonly domain: string
  readonly audience: string
  readonly clientId: string
  readonly subject: string
  readonly scopes: readonly string[]
  readonly organization: string | undefined
}

const rules: Readonly<Record<keyof Auth0StandInOptions, OptionRule>> = {
  ...standInOptions,
  domain: optional(hostName('acme.eu.auth0.com')),
  customDomains: optional({
    expected: 'an array of host names',
    accepts: (value) => Array.isArray(value) && value.every(isHostName),
  }),
  audience: optional(text()),
  profile: optional(choice('auth0', 'rfc9068')),
  permissions: optional(texts()),
  organization: optional(text('an organization id such as "org_AbC123"')),
}

/**
 * Starts a server that stands in for an Auth0 tenant: `/.well-known/jwks.json` with the current and the next key, the
 * discovery document, access tokens in both profiles, ID tokens.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startAuth0({ domain: 'acme.eu.auth0.com', audience: 'https://api.example.com' })
 * const jwt = await standIn.issueToken({ scope: 'read:reports' })
 * ```
 *
 * @see https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
 */
export async function startAuth0(options: Auth0StandInOptions = {}): Promise<Auth0StandIn> {
  checkOptions('startAuth0', options, rules)
  const { domain = 'acme.eu.auth0.com', customDomains = [], audience = 'https://api.example.com' } = options
  const { scopes = USUAL_SCOPES, organization } = options
  const members = {
    domain,
    audience,
    organization,
    scopes,
    clientId: randomText(32),
    subject: `auth0|${randomText(24, LOWER)}`,
  }
  const issuer = `https://${domain}/`
  const keys = keyRing([{ name: 'signing', alg: 'RS256', newKid: () => randomText(21), announcesNext: true }])
  const base = await startStandIn<Auth0Kind>('auth0', () => ({
    issuer,
    keys,
    kinds: ['access', 'id'],
    routes: () =>
      [domain, ...customDomains].flatMap((host) => [
        keyRoute({
          url: jwksUrl(host),
          keys,
          cacheControl: options.cacheControl,
        }),
        metadataRoute(openidMetadataUrl(`https://${host}/`), () => metadata(host)),
      ]),
    token: (kind) =>
      kind === 'id' ? idToken(issuer, members) : accessToken(issuer, domain, { ...options, ...members }),
  }))
  return withMembers(base, members)
}

function jwksUrl(host: string): string {
  return `https://${host}/.well-known/jwks.json`
}

function metadata(host: string): Record<string, unknown> {
  const base = `https://${host}/`
  return {
    ...usualMetadata(base, jwksUrl(host), ['HS256', 'RS256', 'PS256']),
    token_endpoint: `${base}oauth/token`,
    device_authorization_endpoint: `${base}oauth/device/code`,
    mfa_challenge_endpoint: `${base}mfa/challenge`,
  }
}

type Members = Pick<Auth0StandIn, 'audience' | 'clientId' | 'subject' | 'scopes' | 'organization'>

function accessToken(issuer: string, domain: string, options: Members & Auth0StandInOptions): UsualToken {
  const { profile = 'auth0', audience, clientId, subject, scopes, permissions, organization } = options
  // `/userinfo` is an audience of its own, granted with the scope openid.
  const aud = scopes.includes('openid') ? [audience, `https://${domain}/userinfo`] : audience
  const client = profile === 'rfc9068' ? { client_id: clientId, jti: randomText(22, ALPHANUMERIC) } : { azp: clientId }
  return {
    slot: 'signing',
    header: { typ: profile === 'rfc9068' ? 'at+jwt' : 'JWT' },
    claims: { iss: issuer, sub: subject, aud, ...client, scope: scopes.join(' '), permissions, org_id: organization },
    lifetimeSec: 86_400,
  }
}

function idToken(issuer: string, { clientId, subject, organization }: Members): UsualToken {
  return {
    slot: 'signing',
    header: { typ: 'JWT' },
    claims: {
      nickname: 'ada',
      name: 'Ada Example',
      email: 'ada@example.com',
      email_verified: true,
      iss: issuer,
      sub: subject,
      aud: clientId,
      sid: randomText(32),
      nonce: randomText(22),
      org_id: organization,
    },
    lifetimeSec: 36_000,
  }
}
