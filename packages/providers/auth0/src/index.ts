import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  type CheckFailure,
  checkOptions,
  configInvalid,
  defineProvider,
  type Environment,
  hostName,
  isHostName,
  type JwtClaims,
  type OptionRule,
  optional,
  ownClaim,
  type Provider,
  printable,
  readEnvironment,
  remoteJwks,
  type TokenCheck,
  type TokenProblem,
  text,
  textClaim,
  textOrTexts,
} from '@keysource/core'

/** Options of {@link auth0}. */
export interface Auth0Options<Name extends string = 'auth0', Extra = unknown> extends AdapterOptions<Name, Extra> {
  /** The tenant's domain, such as `acme.eu.auth0.com`, or its custom domain. Dashboard: Settings, or Branding, Custom Domains. */
  readonly domain?: string | undefined
  /** Several domains of one tenant: a token names the one that it was asked for at. In place of `domain`. */
  readonly domains?: readonly string[] | undefined
  /** The API's identifier. Dashboard: Applications, APIs. For ID tokens the application's client id. */
  readonly audience: string | readonly string[]
  /** The organization that the user must have signed in to: its id (`org_…`), or its name. Default: any, or none. */
  readonly organization?: string | undefined
}

/** The claims of Auth0's access tokens, in both profiles, and of its ID tokens. */
export interface Auth0Claims extends JwtClaims {
  readonly sub: string
  /** The client id, in the Auth0 profile. */
  readonly azp?: string
  /** The client id, in the RFC 9068 profile. */
  readonly client_id?: string
  /** Space-separated; in access tokens. */
  readonly scope?: string
  /** In access tokens of APIs with RBAC. */
  readonly permissions?: readonly string[]
  /** How the token was asked for; in the Auth0 profile. */
  readonly gty?: string
  readonly org_id?: string
  /** Where the tenant has it switched on. */
  readonly org_name?: string
  readonly act?: Readonly<Record<string, unknown>>
}

/** The factory, and the same from environment variables. */
export interface Auth0Factory {
  /**
   * Tokens of an Auth0 tenant, under its own domain and its custom ones.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option, and unless exactly one of `domain` and `domains` is given
   *
   * @example
   * ```ts
   * auth0({ domain: 'acme.eu.auth0.com', audience: 'https://api.example.com' })
   * ```
   *
   * @see https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
   */
  <const Name extends string = 'auth0', Extra = unknown>(
    options: Auth0Options<Name, Extra>,
  ): Provider<Name, Auth0Claims & Extra>
  /**
   * The same from `AUTH0_DOMAIN` (several with commas), `AUTH0_AUDIENCE` (likewise) and `AUTH0_ORGANIZATION`.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'auth0', Extra = unknown>(
    options?: Partial<Auth0Options<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, Auth0Claims & Extra>
}

export const auth0: Auth0Factory = /* @__PURE__ */ Object.assign(create, { fromEnv })

function create<const Name extends string = 'auth0', Extra = unknown>(
  options: Auth0Options<Name, Extra>,
): Provider<Name, Auth0Claims & Extra> {
  const domain = hostName('acme.eu.auth0.com')
  checkOptions('auth0', options, {
    ...adapterOptions,
    domain: optional(domain),
    domains: optional(severalOf(domain)),
    audience: textOrTexts('the identifier of your API, or several'),
    organization: optional(text('an organization id (org_…) or name')),
  })
  const { audience, organization } = options
  return defineProvider<Name, Auth0Claims, Extra>({
    ...adapterRules(options, { name: 'auth0', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    // The slash at the end is part of Auth0's issuers.
    issuer: domainsOf(options).map((one) => `https://${one}/`),
    audience,
    keys: (issuer) => remoteJwks(`${issuer}.well-known/jwks.json`),
    checks: organization === undefined ? [] : [isOf(organization)],
    // The client id is in `client_id` or `azp`, and the scopes in `scope`, where defineProvider finds them itself.
    identify: (claims) => ({ tenant: textClaim(claims, 'org_id') }),
    hint,
  })
}

/** Different host names; one that is none is answered with what to write in its place. */
function severalOf(domain: OptionRule): OptionRule {
  return {
    expected: 'an array of different host names in lower case without scheme or path, such as ["acme.eu.auth0.com"]',
    accepts: (value) =>
      Array.isArray(value) && value.length > 0 && value.every(isHostName) && new Set(value).size === value.length,
    suggest: (value) => (Array.isArray(value) ? domain.suggest?.(value.find((one) => !isHostName(one))) : undefined),
  }
}

function domainsOf({ domain, domains }: Auth0Options<string, unknown>): readonly string[] {
  if (domain !== undefined && domains !== undefined) {
    throw configInvalid('auth0', 'domains', 'either domain or domains', 'both')
  }
  if (domain !== undefined) return [domain]
  if (domains !== undefined) return domains
  throw configInvalid('auth0', 'domain', 'the tenant’s domain, such as "acme.eu.auth0.com"', 'nothing')
}

/** An organization's id never changes; its name can, and is in tokens only where the tenant has that switched on. */
function isOf(organization: string): TokenCheck {
  const name = organization.startsWith('org_') ? 'org_id' : 'org_name'
  // Names are in lower case in tokens, however they were typed.
  const expected = name === 'org_id' ? organization : organization.toLowerCase()
  return {
    name,
    check(claims): CheckFailure | undefined {
      const found = ownClaim(claims, name)
      if (found === expected) return undefined
      const code = found === undefined ? 'CLAIM_MISSING' : 'CLAIM_INVALID'
      return { code, subject: name, expected: printable(expected), found: printable(found) }
    },
  }
}

function fromEnv<const Name extends string = 'auth0', Extra = unknown>(
  options: Partial<Auth0Options<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, Auth0Claims & Extra> {
  const env = readEnvironment('auth0', environment)
  const given = options.domain !== undefined || options.domains !== undefined
  return create({
    ...options,
    domains: given ? options.domains : env.requiredList('AUTH0_DOMAIN'),
    audience: options.audience ?? env.requiredList('AUTH0_AUDIENCE'),
    organization: options.organization ?? env.optional('AUTH0_ORGANIZATION'),
  })
}

// The form of Auth0's issuers, slash included: one that lacks it is another mistake than another domain.
const TENANT_ISSUER = /^https:\/\/[a-z0-9.-]+\.auth0\.com\/$/

function hint({ code, subject, found, claims = {}, parts }: TokenProblem): string | undefined {
  if (code === 'TOKEN_MALFORMED' && (parts === 1 || parts === 5)) {
    return 'The access token is opaque, as no API was asked for: the client must send `audience` with its authorization or token request.'
  }
  if (code === 'ISSUER_UNKNOWN' && isAuth0s(claims)) {
    return 'The token was asked for at another domain of the tenant, or at another tenant: list each custom domain, and the tenant’s own, in domains.'
  }
  if (code === 'ALG_NOT_ALLOWED' && found?.includes('HS')) {
    return 'Set the signing algorithm of the API (for ID tokens, of the application) to RS256 in the Dashboard: with HS256 whoever can verify a token could also make one.'
  }
  if (subject === 'aud') return audienceHint(claims)
  if (code === 'TYP_NOT_ALLOWED' && found === '"JWT"') {
    return 'The API has the Auth0 token profile: set it to RFC 9068 (Dashboard: Applications, APIs, Settings), or leave typ out.'
  }
  if (subject === 'org_name' && code === 'CLAIM_MISSING') {
    return 'Names of organizations are in tokens only where the tenant has that switched on (Dashboard: Settings, Advanced): switch it on, or give the id (org_…).'
  }
  if (subject === 'org_id' || subject === 'org_name') {
    return 'The user did not sign in through this organization: the client must send `organization` with its authorization request.'
  }
  return undefined
}

/** Under a custom domain, a token that is for `/userinfo` of its own issuer too is Auth0's. */
function isAuth0s(claims: object): boolean {
  const issuer = textClaim(claims, 'iss') ?? ''
  return TENANT_ISSUER.test(issuer) || audiencesIn(claims).includes(`${issuer}userinfo`)
}

function audienceHint(claims: object): string {
  const audiences = audiencesIn(claims)
  if (audiences.length > 0 && audiences.every((one) => typeof one === 'string' && one.endsWith('/userinfo'))) {
    return 'The token is for /userinfo alone: the client must send `audience` with the identifier of your API.'
  }
  // Machines' access tokens may have no scope at all, but they name their client.
  return ['scope', 'azp', 'client_id'].some((name) => ownClaim(claims, name) !== undefined)
    ? 'The client asked for another API: compare the `audience` of its request with the identifier of yours.'
    : 'This looks like an ID token, whose aud is the application’s client id. Send the access token to the API.'
}

function audiencesIn(claims: object): readonly unknown[] {
  return [ownClaim(claims, 'aud')].flat().filter((one) => one !== undefined)
}
