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
  textClaim,
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
   * `OKTA_AUDIENCE`; and, where only those apps' tokens are taken, `OKTA_OAUTH2_CLIENT_ID` or `OKTA_CLIENT_ID`, which
   * for the org server is the audience. Several audiences and clients with commas.
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

// `/oauth2/v1` is no authorization server but the path of the org's own.
const SERVER_IN_URL = /\/oauth2\/(?!v1(?:\/|$))([\w-]+)/
const ADMIN_HOST = /^(.+)-admin(\.(?:okta|oktapreview|okta-emea|okta-gov)\.com|\.okta\.mil)$/

function create<const Name extends string = 'okta', Extra = unknown>(
  options: OktaOptions<Name, Extra>,
): Provider<Name, OktaClaims & Extra> {
  checkOptions('okta', options, {
    ...adapterOptions,
    domain: domainRule(),
    authorizationServer: optional({
      expected: 'the id of a custom authorization server such as "default", or "org"',
      accepts: (value) => typeof value === 'string' && /^[\w-]+$/.test(value),
      suggest: (value) => (typeof value === 'string' ? SERVER_IN_URL.exec(value)?.[1] : undefined),
    }),
    audience: textOrTexts('the audience of the authorization server, or several'),
    clientId: optional(textOrTexts('a client id, or several')),
  })
  const { domain, authorizationServer = 'default', audience, clientId } = options
  const org = authorizationServer === 'org'
  if (org && clientId !== undefined) {
    const expected =
      'nothing with authorizationServer "org", whose ID tokens name the client in aud: write it in audience'
    throw configInvalid('okta', 'clientId', expected, printable(clientId))
  }
  const issuer = org ? `https://${domain}` : `https://${domain}/oauth2/${authorizationServer}`
  return defineProvider<Name, OktaClaims, Extra>({
    ...adapterRules(options, { name: 'okta', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    issuer,
    audience,
    keys: remoteJwks(org ? `${issuer}/oauth2/v1/keys` : `${issuer}/v1/keys`),
    checks: [...(org ? [notAnAccessToken] : []), ...(clientId === undefined ? [] : [claimIs('cid', clientId)])],
    identify: (claims) => ({
      clientId: textClaim(claims, 'cid') ?? (org || isIdToken(claims) ? textClaim(claims, 'aud') : undefined),
    }),
    hint: (problem) => hint(problem, org),
  })
}

/** A host name that is not the admin console's: tokens never come from there. */
function domainRule(): ReturnType<typeof hostName> {
  const rule = hostName('acme.okta.com')
  return {
    ...rule,
    expected: `${rule.expected}, and not the admin console’s`,
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
    isAccessToken(claims)
      ? {
          code: 'CLAIM_INVALID',
          subject: 'cid',
          expected: 'an ID token, which has neither cid nor scp',
          found: 'an access token',
        }
      : undefined,
}

/** Okta's own mark on its tokens, beside the claims that only access tokens have. */
function isAccessToken(claims: object): boolean {
  const names = ['cid', 'scp'].some((name) => ownClaim(claims, name) !== undefined)
  return names || (textClaim(claims, 'jti')?.startsWith('AT.') ?? false)
}

function isIdToken(claims: object): boolean {
  return textClaim(claims, 'jti')?.startsWith('ID.') ?? false
}

function fromEnv<const Name extends string = 'okta', Extra = unknown>(
  options: Partial<OktaOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, OktaClaims & Extra> {
  const env = readEnvironment('okta', environment)
  const issuer = options.domain === undefined ? env.optional('OKTA_OAUTH2_ISSUER') : undefined
  const place = issuer === undefined ? undefined : placeFrom(issuer)
  const authorizationServer =
    options.authorizationServer ?? place?.authorizationServer ?? env.optional('OKTA_AUTHORIZATION_SERVER')
  const org = authorizationServer === 'org'
  const client = ['OKTA_OAUTH2_CLIENT_ID', 'OKTA_CLIENT_ID']
  return create({
    ...options,
    domain: options.domain ?? place?.domain ?? env.required('OKTA_DOMAIN', 'OKTA_OAUTH2_ISSUER'),
    authorizationServer,
    audience: options.audience ?? env.requiredList('OKTA_OAUTH2_AUDIENCE', 'OKTA_AUDIENCE', ...(org ? client : [])),
    clientId: options.clientId ?? (org ? undefined : env.list(...client)),
  })
}

const ISSUER = /^https:\/\/([a-z0-9.-]+)(?:\/oauth2\/([\w-]+))?$/

/** `https://acme.okta.com/oauth2/default`, or the org's own issuer, `https://acme.okta.com`. */
function placeFrom(issuer: string): { readonly domain: string; readonly authorizationServer: string } {
  const [, domain, server] = ISSUER.exec(issuer) ?? []
  if (domain !== undefined) return { domain, authorizationServer: server ?? 'org' }
  throw configInvalid(
    'okta.fromEnv',
    'OKTA_OAUTH2_ISSUER',
    'an issuer such as "https://acme.okta.com/oauth2/default"',
    printable(issuer),
  )
}

function hint({ code, subject, claims = {}, parts }: TokenProblem, org: boolean): string | undefined {
  if (code === 'TOKEN_MALFORMED' && parts === 1) return 'Okta’s refresh tokens are opaque and are no access tokens.'
  if (code === 'ISSUER_UNKNOWN') return issuerHint(claims)
  const access = isAccessToken(claims)
  if (org && access && (code === 'KEY_NOT_FOUND' || subject === 'aud' || subject === 'cid')) return ORG_ACCESS_TOKEN
  if (subject === 'aud') {
    if (org)
      return 'The ID token is for another app: list its client id in audience if this program serves that app too.'
    return access
      ? 'The audience is set on the authorization server: Console, Security, API, Authorization Servers, Settings.'
      : 'This looks like an ID token, whose aud is the app’s client id. Send the access token to the API.'
  }
  if (subject === 'cid' && !org) {
    return code === 'CLAIM_INVALID'
      ? 'The token was issued to another app: list its client id in clientId if this API serves that app too.'
      : 'ID tokens have no cid: send the access token to the API, or leave clientId out where ID tokens are meant.'
  }
  return undefined
}

const ORG_ACCESS_TOKEN =
  'The org server’s access tokens are for Okta’s own API, and signed with a key that is not published. Let the client ask a custom authorization server, such as "default", for its token.'

function issuerHint(claims: object): string | undefined {
  const [, domain = '', server] = ISSUER.exec(textClaim(claims, 'iss') ?? '') ?? []
  // Under a custom domain, only the token's own id tells that it is Okta's.
  const isOktas = /\bokta/.test(domain) || /^(?:AT|ID)\./.test(textClaim(claims, 'jti') ?? '')
  if (domain === '' || !isOktas) return undefined
  if (server === undefined && isAccessToken(claims)) return ORG_ACCESS_TOKEN
  return 'The token is of another authorization server, or of the org’s other domain: compare domain and authorizationServer with iss.'
}
