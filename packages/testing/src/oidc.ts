import {
  type Algorithm,
  ASYMMETRIC_ALGORITHMS,
  checkOptions,
  choice,
  httpsUrl,
  type OptionRule,
  optional,
  text,
} from '@keysource/core'
import { ALPHANUMERIC, randomText } from './identifiers.ts'
import { keyRing } from './key-ring.ts'
import { keyRoute } from './key-route.ts'
import { metadataRoute, oauthMetadataUrl, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import { type Claims, type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import { defined, type UsualToken } from './token.ts'

/** Kinds of token of an OpenID Connect server. */
export type OidcKind = 'access' | 'id'

/** Options of {@link startOidc}. */
export interface OidcStandInOptions extends StandInOptions {
  /** The issuer. Default: the address that the server listens on, which needs no `fetch`. */
  readonly issuer?: string | undefined
  /** Which metadata documents it has: that of Discovery 1.0, that of RFC 8414, or both. Default: `'openid'`. */
  readonly metadata?: 'openid' | 'oauth' | 'both' | undefined
  /** What it signs with. Default: `'RS256'`. */
  readonly alg?: Algorithm | undefined
  /** Where its keys are; the host may be another one than the issuer's. Default: `/jwks` below the issuer. */
  readonly jwksUrl?: string | undefined
  /** What access tokens are for. Default: `'https://api.example.com'`. */
  readonly audience?: string | undefined
  /** The `aud` of ID tokens. Default: `'acme-web'`. */
  readonly clientId?: string | undefined
}

/** A server that stands in for any OpenID Connect server. */
export interface OidcStandIn extends StandIn<OidcKind> {
  /** The `aud` of access tokens; that of ID tokens is `clientId`. */
  readonly audience: string
  readonly clientId: string
  readonly subject: string
  readonly scopes: readonly string[]
  /** Where the keys are now. */
  readonly jwksUrl: string
  /** Serves the keys at another path or URL, which the metadata names from now on. The old place answers 404. */
  moveKeys(pathOrUrl: string): void
  /** Changes members of the metadata documents; one given as `undefined` is left out. */
  amendMetadata(members: Claims): void
}

const url = httpsUrl('https://id.acme.example')
const rules: Readonly<Record<keyof OidcStandInOptions, OptionRule>> = {
  ...standInOptions,
  issuer: optional(url),
  metadata: optional(choice('openid', 'oauth', 'both')),
  alg: optional({
    expected: 'an asymmetric algorithm such as "ES256"',
    accepts: (value) => ASYMMETRIC_ALGORITHMS.some((alg) => alg === value),
  }),
  jwksUrl: optional(url),
  audience: optional(text()),
  clientId: optional(text()),
}

/**
 * Starts a server that stands in for any OpenID Connect server: metadata in both forms, keys that can move, every
 * asymmetric algorithm, JWT access tokens (RFC 9068) and ID tokens.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startOidc({ issuer: 'https://id.acme.example/realms/main', alg: 'ES256' })
 * standIn.moveKeys('/realms/main/new-keys')
 * ```
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html section 4
 */
export async function startOidc(options: OidcStandInOptions = {}): Promise<OidcStandIn> {
  checkOptions('startOidc', options, rules)
  const { metadata = 'openid', alg = 'RS256', audience = 'https://api.example.com', clientId = 'acme-web' } = options
  const members = { audience, clientId, subject: `user-${randomText(12)}`, scopes: options.scopes ?? USUAL_SCOPES }
  const keys = keyRing([{ name: 'signing', alg, newKid: () => randomText(43, `${ALPHANUMERIC}-_`) }])
  let amended: Claims = {}
  let jwksUrl = ''
  const base = await startStandIn<OidcKind>('oidc', (own) => {
    const issuer = options.issuer ?? own
    jwksUrl = options.jwksUrl ?? `${issuer.replace(/\/$/, '')}/jwks`
    const documentUrls = {
      openid: [openidMetadataUrl(issuer)],
      oauth: [oauthMetadataUrl(issuer)],
      both: [openidMetadataUrl(issuer), oauthMetadataUrl(issuer)],
    }[metadata]
    const document = (): Claims => defined({ ...usualMetadata(issuer, jwksUrl, [alg]), ...amended })
    return {
      issuer,
      keys,
      kinds: ['access', 'id'],
      routes: () => [
        keyRoute({ url: jwksUrl, keys, cacheControl: options.cacheControl }),
        ...documentUrls.map((one) => metadataRoute(one, document)),
      ],
      token: (kind) => (kind === 'id' ? idToken(issuer, members) : accessToken(issuer, members)),
    }
  })
  return withMembers(base, {
    ...members,
    get jwksUrl() {
      return jwksUrl
    },
    moveKeys(pathOrUrl: string) {
      jwksUrl = new URL(pathOrUrl, jwksUrl).href
    },
    amendMetadata(changes: Claims) {
      amended = { ...amended, ...changes }
    },
  })
}

type Members = Pick<OidcStandIn, 'audience' | 'clientId' | 'subject' | 'scopes'>

function accessToken(issuer: string, { audience, clientId, subject, scopes }: Members): UsualToken {
  return {
    slot: 'signing',
    header: { typ: 'at+jwt' },
    claims: {
      iss: issuer,
      sub: subject,
      aud: audience,
      client_id: clientId,
      scope: scopes.join(' '),
      jti: randomText(22),
    },
    lifetimeSec: 3600,
  }
}

function idToken(issuer: string, { clientId, subject }: Members): UsualToken {
  return {
    slot: 'signing',
    header: { typ: 'JWT' },
    claims: { iss: issuer, sub: subject, aud: clientId, nonce: randomText(22), email: 'ada@example.com' },
    lifetimeSec: 3600,
  }
}
