import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  checkOptions,
  claimIs,
  configInvalid,
  defineProvider,
  type Environment,
  hostName,
  isHostName,
  type JwtClaims,
  optional,
  ownClaim,
  type Provider,
  printable,
  readEnvironment,
  remoteJwks,
  type TokenCheck,
  type TokenProblem,
  textOrTexts,
} from '@keysource/core'

/** Options of {@link okta}. */
export interface OktaOptions<Name extends string = 'okta', Extra = unknown> extends AdapterOptions<Name, Extra> {
  /** The org's domain, such as `acme.okta.com`, or its custom domain; never the admin console's host. */
  readonly domain: string
  /**
   * The id of a custom authorization server, or `'org'` for the org's own, whose ID tokens alone can be verified.
   * Default: `'default'`. Console: Security, API, Authorization Servers.
   */
  readonly authorizationServer?: string | undefined
  /** What `aud` must hold: the authorization server's audience (`api://default`); for ID tokens the app's client id. */
  readonly audience: string | readonly string[]
  /** The client ids of the apps whose access tokens are taken (`cid`). Default: any app of this authorization server. */
  readonly clientId?: string | readonly string[] | undefined
}

/** The claims of Okta's access tokens and ID tokens. */
export interface OktaClaims extends JwtClaims {
  readonly sub: string
  readonly ver?: number
  /** The client id; in access tokens. */
  readonly cid?: string
  /** The user's id; in access tokens of users. */
  readonly uid?: string
  /** In access tokens. */
  readonly scp?: readonly string[]
  readonly auth_time?: number
  /** In ID tokens. */
  readonly idp?: string
  readonly amr?: readonly string[]
  readonly email?: string
  readonly name?: string
  readonly preferred_username?: string
}

/** The factory, and the same from environment variables. */
export interface OktaFactory {
  /**
   * Tokens of one Okta authorization server: a custom one, or the org's own for ID tokens.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option, for an admin console's host, and for `clientId` with `'org'`
   *
   * @example
   * ```ts
   * okta({ domain: 'acme.okta.com', authorizationServer: 'aus1a2b3c', audience: 'https://api.example.com' })
   * ```
   *
   * @see https://developer.okta.com/docs/concepts/auth-servers/
   */
  <const Name extends string = 'okta', Extra = unknown>(
    options: OktaOptions<Name, Extra>,
  ): Provider<Name, OktaClaims & Extra>
  /**
   * The same from `OKTA_OAUTH2_ISSUER`, or `OKTA_DOMAIN` and `OKTA_AUTHORIZATION_SERVER`; `OKTA_OAUTH2_AUDIENCE` or
   * `OKTA_AUDIENCE`; and `OKTA_OAUTH2_CLIENT_ID` or `OKTA_CLIENT_ID`, where only that app's tokens are taken.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'okta', Extra = unknown>(
    options?: Partial<OktaOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, OktaClaims & Extra>
}

export const okta: OktaFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

const ADMIN_HOST = /^(.+)-admin(\.(?:okta|oktapreview|okta-emea|okta-gov)\.com|\.okta\.mil)$/

function create<const Name extends string = 'okta', Extra = unknown>(
  options: OktaOptions<Name, Extra>,
): Provider<Name, OktaClaims & Extra> {
  checkOptions('okta', options, {
    ...adapterOptions,
    domain: domainRule(),
    authorizationServer: optional({
      expected: 'the id of an authorization server, "default" or "org"',
      accepts: (value) => typeof value === 'string' && /^[\w-]+$/.test(value),
    }),
    audience: textOrTexts('the audience of the authorization server, or several'),
    clientId: optional(textOrTexts('a client id, or several')),
  })
  const { domain, authorizationServer = 'default', audience, clientId } = options
  const org = authorizationServer === 'org'
  if (org && clientId !== undefined) {
    throw configInvalid(
      'okta',
      'clientId',
      'none with authorizationServer "org", whose ID tokens name the client in aud',
      'one',
    )
  }
  const issuer = org ? `https://${domain}` : `https://${domain}/oauth2/${authorizationServer}`
  return defineProvider<Name, OktaClaims, Extra>({
    ...adapterRules(options, { name: 'okta', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    issuer,
    audience,
    keys: remoteJwks(org ? `${issuer}/oauth2/v1/keys` : `${issuer}/v1/keys`),
    checks: [...(org ? [notAnAccessToken] : []), ...(clientId === undefined ? [] : [claimIs('cid', clientId)])],
    identify: ({ cid, aud }) => ({ clientId: cid ?? (org && typeof aud === 'string' ? aud : undefined) }),
    hint,
  })
}

/** A host name that is not the admin console's: tokens never come from there. */
function domainRule(): ReturnType<typeof hostName> {
  const rule = hostName('acme.okta.com')
  return {
    ...rule,
    accepts: (value) => isHostName(value) && !ADMIN_HOST.test(value),
    suggest(value) {
      const host = isHostName(value) ? value : rule.suggest?.(value)
      return host?.replace(ADMIN_HOST, '$1$2')
    },
  }
}

/** The org server's access tokens are for Okta's own API: nobody else is to look into them. */
const notAnAccessToken: TokenCheck = {
  name: 'cid',
  check: (claims) =>
    ownClaim(claims, 'cid') === undefined && ownClaim(claims, 'scp') === undefined
      ? undefined
      : {
          code: 'CLAIM_INVALID',
          subject: 'cid',
          expected: 'an ID token, which has neither cid nor scp',
          found: 'an access token',
        },
}

function fromEnv<const Name extends string = 'okta', Extra = unknown>(
  options: Partial<OktaOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, OktaClaims & Extra> {
  const env = readEnvironment('okta', environment)
  const issuer = options.domain === undefined ? env.optional('OKTA_OAUTH2_ISSUER', 'OKTA_ISSUER') : undefined
  const place = issuer === undefined ? undefined : placeFrom(issuer)
  return create({
    ...options,
    domain: options.domain ?? place?.domain ?? env.required('OKTA_DOMAIN', 'OKTA_OAUTH2_ISSUER'),
    authorizationServer:
      options.authorizationServer ?? place?.authorizationServer ?? env.optional('OKTA_AUTHORIZATION_SERVER'),
    audience: options.audience ?? env.requiredList('OKTA_OAUTH2_AUDIENCE', 'OKTA_AUDIENCE'),
    clientId: options.clientId ?? env.list('OKTA_OAUTH2_CLIENT_ID', 'OKTA_CLIENT_ID'),
  })
}

/** `https://acme.okta.com/oauth2/default`, or the org's own issuer, `https://acme.okta.com`. */
function placeFrom(issuer: string): { readonly domain: string; readonly authorizationServer: string } {
  const [, domain, server] = /^https:\/\/([^/]+)(?:\/oauth2\/([\w-]+))?$/.exec(issuer) ?? []
  if (domain !== undefined) return { domain, authorizationServer: server ?? 'org' }
  throw configInvalid(
    'okta.fromEnv',
    'OKTA_OAUTH2_ISSUER',
    'an issuer such as "https://acme.okta.com/oauth2/default"',
    printable(issuer),
  )
}

function hint({ code, subject, claims = {}, parts }: TokenProblem): string | undefined {
  const issuer = ownClaim(claims, 'iss')
  if (
    subject === 'cid' &&
    code === 'CLAIM_INVALID' &&
    ownClaim(claims, 'scp') !== undefined &&
    typeof issuer === 'string' &&
    !issuer.includes('/oauth2/')
  ) {
    return 'Access tokens of the org server are for Okta’s own API. Let the client ask a custom authorization server, such as "default", for its token.'
  }
  if (subject === 'cid')
    return 'The token was issued to another app: list its client id in clientId if this API serves that app too.'
  if (code === 'ISSUER_UNKNOWN' && typeof issuer === 'string' && /okta/.test(issuer)) {
    return issuer.includes('/oauth2/')
      ? 'The token is of another authorization server, or of the org’s other domain: compare domain and authorizationServer with iss.'
      : 'The token is of the org server, whose access tokens are for Okta itself. Let the client ask a custom authorization server for its token.'
  }
  if (subject === 'aud') {
    return ownClaim(claims, 'cid') === undefined
      ? 'This looks like an ID token, whose aud is the app’s client id. Send the access token to the API.'
      : 'The audience is set on the authorization server: Console, Security, API, Authorization Servers, Settings.'
  }
  if (code === 'KEY_NOT_FOUND' && ownClaim(claims, 'cid') !== undefined) {
    return 'Access tokens of the org server are signed with a key that is not published. Use a custom authorization server.'
  }
  if (code === 'TOKEN_MALFORMED' && parts === 1) return 'Okta’s refresh tokens are opaque and are no access tokens.'
  return undefined
}
