import { randomUUID } from 'node:crypto'
import { checkOptions, choice, type OptionRule, optional, text, texts } from '@keysource/core'
import { ALPHANUMERIC, LOWER, randomText } from './identifiers.ts'
import { keyRing } from './key-ring.ts'
import { keyRoute } from './key-route.ts'
import { metadataRoute, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import { type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import type { UsualToken } from './token.ts'

/** Kinds of Cognito token. */
export type CognitoKind = 'access' | 'id'

/** Options of {@link startCognito}. */
export interface CognitoStandInOptions extends StandInOptions {
  /** The pool, with its region in front. Default: `'eu-central-1_Ab12Cd34E'`. */
  readonly userPoolId?: string | undefined
  /** The app client. Default: `'5vt0example0example0client'`. */
  readonly clientId?: string | undefined
  /** Which of the pool's two issuers signs; both serve the keys. Default: `'original'`. */
  readonly issuerType?: 'original' | 'updated' | undefined
  /** The `cognito:groups` of tokens. Default: none. */
  readonly groups?: readonly string[] | undefined
}

/** A server that stands in for a Cognito user pool. */
export interface CognitoStandIn extends StandIn<CognitoKind> {
  readonly userPoolId: string
  readonly region: string
  readonly clientId: string
  readonly subject: string
  readonly username: string
  readonly scopes: readonly string[]
  readonly groups: readonly string[] | undefined
}

const rules: Readonly<Record<keyof CognitoStandInOptions, OptionRule>> = {
  ...standInOptions,
  userPoolId: optional({
    expected: 'a user pool id such as "eu-central-1_Ab12Cd34E"',
    accepts: (value) => typeof value === 'string' && /^[a-z]{2,4}(?:-[a-z]+)+-\d_[0-9a-zA-Z]+$/.test(value),
  }),
  clientId: optional(text()),
  issuerType: optional(choice('original', 'updated')),
  groups: optional(texts()),
}

/**
 * Starts a server that stands in for a Cognito user pool: both issuer hosts, a key for access tokens and one for ID
 * tokens, access tokens without `aud`, ID tokens.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startCognito({ userPoolId: 'eu-central-1_Ab12Cd34E', groups: ['admins'] })
 * const jwt = await standIn.issueToken({ scope: 'reports/read' })
 * ```
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 */
export async function startCognito(options: CognitoStandInOptions = {}): Promise<CognitoStandIn> {
  checkOptions('startCognito', options, rules)
  const { userPoolId = 'eu-central-1_Ab12Cd34E', clientId = '5vt0example0example0client' } = options
  const { issuerType = 'original', scopes = USUAL_SCOPES, groups } = options
  const [region = ''] = userPoolId.split('_')
  const issuers = {
    original: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    updated: `https://issuer-cognito-idp.${region}.amazonaws.com/${userPoolId}`,
  }
  const subject = randomUUID()
  const members = { userPoolId, region, clientId, subject, username: subject, scopes, groups }
  // Base64 with its padding, as Cognito has it: a kid is no base64url text everywhere.
  const newKid = (): string => `${randomText(43, `${ALPHANUMERIC}+/`)}=`
  const keys = keyRing(['id', 'access'].map((name) => ({ name, alg: 'RS256', newKid })))
  const issuer = issuers[issuerType]
  const base = await startStandIn<CognitoKind>('cognito', () => ({
    issuer,
    keys,
    kinds: ['access', 'id'],
    routes: () =>
      Object.values(issuers).flatMap((one) => [
        keyRoute({
          url: `${one}/.well-known/jwks.json`,
          keys,
          cacheControl: options.cacheControl,
        }),
        metadataRoute(openidMetadataUrl(one), () => metadata(one, region)),
      ]),
    token: (kind, at) => (kind === 'id' ? idToken(issuer, members, at) : accessToken(issuer, members, at)),
  }))
  return withMembers(base, members)
}

function metadata(issuer: string, region: string): Record<string, unknown> {
  // The endpoints belong to the pool's hosted domain; issuer and keys do not.
  const hosted = `https://acme.auth.${region}.amazoncognito.com`
  return {
    ...usualMetadata(issuer, `${issuer}/.well-known/jwks.json`, ['RS256']),
    authorization_endpoint: `${hosted}/oauth2/authorize`,
    token_endpoint: `${hosted}/oauth2/token`,
    userinfo_endpoint: `${hosted}/oauth2/userInfo`,
  }
}

type Members = Pick<CognitoStandIn, 'clientId' | 'subject' | 'username' | 'scopes' | 'groups'>

function accessToken(issuer: string, { clientId, subject, username, scopes, groups }: Members, at: number): UsualToken {
  return {
    slot: 'access',
    header: {},
    claims: {
      sub: subject,
      'cognito:groups': groups,
      iss: issuer,
      version: 2,
      client_id: clientId,
      origin_jti: randomUUID(),
      event_id: randomUUID(),
      token_use: 'access',
      scope: scopes.join(' '),
      auth_time: at,
      jti: randomUUID(),
      username,
    },
    lifetimeSec: 3600,
  }
}

function idToken(issuer: string, { clientId, subject, username, groups }: Members, at: number): UsualToken {
  return {
    slot: 'id',
    header: {},
    claims: {
      sub: subject,
      'cognito:groups': groups,
      email_verified: true,
      iss: issuer,
      'cognito:username': username,
      origin_jti: randomUUID(),
      aud: clientId,
      event_id: randomUUID(),
      token_use: 'id',
      auth_time: at,
      jti: randomUUID(),
      email: `${randomText(6, LOWER)}@example.com`,
    },
    lifetimeSec: 3600,
  }
}
