import { checkOptions, hostName, type OptionRule, optional, secret, text } from '@keysource/core'
import { type Answer, cacheControl, ok } from './answer.ts'
import { randomText } from './identifiers.ts'
import { keyRing, publicPem } from './key-ring.ts'
import { type KeyRouteOptions, keyRoute, publishedJwks, usualJwk } from './key-route.ts'
import { metadataRoute, oauthMetadataUrl, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import type { Route } from './route.ts'
import { type RotateOptions, type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import type { UsualToken } from './token.ts'

/** Kinds of Clerk token. */
export type ClerkKind = 'session' | 'm2m' | 'oauth'

/** Options of {@link startClerk}. */
export interface ClerkStandInOptions extends StandInOptions {
  /** The instance's Frontend API host. Default: `'acme-reports-42.clerk.accounts.dev'`. */
  readonly frontendApi?: string | undefined
  /** What the Backend API asks for. Default: a random one. */
  readonly secretKey?: string | undefined
  /** The `azp` of session tokens: the origin that asked. Default: `'https://app.example.com'`. */
  readonly authorizedParty?: string | undefined
  /** The active organization of session tokens. Default: none. */
  readonly organization?: { readonly id: string; readonly slug: string; readonly role: string } | undefined
}

/** A server that stands in for a Clerk instance, its Frontend API and the Backend API. */
export interface ClerkStandIn extends StandIn<ClerkKind> {
  readonly frontendApi: string
  readonly publishableKey: string
  readonly secretKey: string
  /** The current public key as the dashboard shows it: PEM. Another one after `rotate()`. */
  readonly jwtKey: string
  readonly authorizedParty: string
  /** The `client_id` of OAuth tokens. */
  readonly clientId: string
  readonly subject: string
  readonly machineId: string
  readonly scopes: readonly string[]
}

const rules: Readonly<Record<keyof ClerkStandInOptions, OptionRule>> = {
  ...standInOptions,
  frontendApi: optional(hostName('acme-reports-42.clerk.accounts.dev')),
  secretKey: optional(secret('a secret key such as "sk_test_…"')),
  authorizedParty: optional(text('an origin such as "https://app.example.com"')),
  organization: optional({
    expected: 'an object with id, slug and role',
    accepts: (value) =>
      typeof value === 'object' && value !== null && ['id', 'slug', 'role'].every((name) => Object.hasOwn(value, name)),
  }),
}

const JWKS_PATH = '/.well-known/jwks.json'

/**
 * Starts a server that stands in for a Clerk instance: the Frontend API's public keys, the Backend API's keys for the
 * right secret key, the PEM key, session, machine and OAuth tokens.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startClerk({ authorizedParty: 'https://app.example.com' })
 * const jwt = await standIn.issueToken({ sts: 'pending' })
 * ```
 *
 * @see https://clerk.com/docs/guides/sessions/manual-jwt-verification
 */
export async function startClerk(options: ClerkStandInOptions = {}): Promise<ClerkStandIn> {
  checkOptions('startClerk', options, rules)
  const { frontendApi = 'acme-reports-42.clerk.accounts.dev', authorizedParty = 'https://app.example.com' } = options
  const { secretKey = `sk_test_${randomText(42)}`, scopes = USUAL_SCOPES } = options
  const issuer = `https://${frontendApi}`
  const members = {
    frontendApi,
    publishableKey: `pk_test_${Buffer.from(`${frontendApi}$`).toString('base64')}`,
    secretKey,
    authorizedParty,
    clientId: randomText(16),
    subject: `user_${randomText(27)}`,
    machineId: `mch_${randomText(27)}`,
    scopes,
  }
  const keys = keyRing([{ name: 'instance', alg: 'RS256', newKid: () => `ins_${randomText(27)}` }])
  const published: KeyRouteOptions = { url: `${issuer}${JWKS_PATH}`, keys, cacheControl: options.cacheControl }
  const base = await startStandIn<ClerkKind>('clerk', () => ({
    issuer,
    keys,
    kinds: ['session', 'm2m', 'oauth'],
    routes: () => [keyRoute(published), backendRoute(published, secretKey), ...metadataRoutes(issuer)],
    token: (kind, at) => TOKENS[kind](issuer, { ...members, organization: options.organization }, at),
    secrets: () => [secretKey],
  }))
  let jwtKey = await publicPem(keys.current('instance'))
  return withMembers(base, {
    ...members,
    get jwtKey() {
      return jwtKey
    },
    async rotate(rotation?: RotateOptions<ClerkKind>): Promise<string> {
      const kid = await base.rotate(rotation)
      jwtKey = await publicPem(keys.current('instance'))
      return kid
    },
  })
}

function backendRoute(published: KeyRouteOptions, secretKey: string): Route {
  const authorized = (authorization: string | null): boolean => authorization === `Bearer ${secretKey}`
  return {
    method: 'GET',
    url: 'https://api.clerk.com/v1/jwks',
    authorized,
    async answer({ headers }): Promise<Answer> {
      if (!authorized(headers.authorization ?? null)) return refused(headers.authorization)
      return ok({ keys: await publishedJwks(published.keys, usualJwk) }, cacheControl(published.cacheControl))
    },
  }
}

function refused(authorization: string | undefined): Answer {
  const code = authorization === undefined ? 'authorization_header_missing' : 'clerk_key_invalid'
  return { status: 401, body: { errors: [{ message: 'Unauthorized', long_message: 'Invalid secret key', code }] } }
}

function metadataRoutes(issuer: string): Route[] {
  const document = (): Record<string, unknown> => ({
    ...usualMetadata(issuer, `${issuer}${JWKS_PATH}`, ['RS256']),
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
  })
  return [oauthMetadataUrl(issuer), openidMetadataUrl(issuer)].map((url) => metadataRoute(url, document))
}

type Members = Pick<ClerkStandIn, 'authorizedParty' | 'clientId' | 'subject' | 'machineId' | 'scopes'> &
  Pick<ClerkStandInOptions, 'organization'>

const TOKENS: Readonly<Record<ClerkKind, (issuer: string, members: Members, at: number) => UsualToken>> = {
  session: (issuer, { authorizedParty, subject, organization }, at) => ({
    slot: 'instance',
    header: { cat: 'cl_B7d4PD111AAA', typ: 'JWT' },
    claims: {
      azp: authorizedParty,
      fea: '',
      fva: [0, -1],
      iss: issuer,
      jti: randomText(20),
      nbf: at - 10,
      o: organization && { id: organization.id, slg: organization.slug, rol: organization.role },
      pla: organization ? 'o:free' : 'u:free',
      sid: `sess_${randomText(27)}`,
      sts: 'active',
      sub: subject,
      v: 2,
    },
    lifetimeSec: 60,
  }),
  m2m: (issuer, { machineId, scopes }, at) => ({
    slot: 'instance',
    header: { cat: 'cl_B7d4PD333AAA', typ: 'JWT' },
    claims: { iss: issuer, jti: `mt_${randomText(27)}`, nbf: at - 10, scopes: scopes.join(' '), sub: machineId },
    lifetimeSec: 3600,
  }),
  oauth: (issuer, { clientId, subject, scopes }, at) => ({
    slot: 'instance',
    header: { typ: 'at+jwt' },
    claims: {
      client_id: clientId,
      iss: issuer,
      jti: `oat_${randomText(27)}`,
      nbf: at - 10,
      scope: scopes.join(' '),
      sub: subject,
    },
    lifetimeSec: 86_400,
  }),
}
