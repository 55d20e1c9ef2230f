import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  checkOptions,
  claimIs,
  defineProvider,
  type Environment,
  hostName,
  type JwtClaims,
  optional,
  ownClaim,
  type Provider,
  readEnvironment,
  remoteJwks,
  type TokenProblem,
  text,
  textClaim,
  textOrTexts,
} from '@keysource/core'

/** Options of {@link acmeId}. */
export interface AcmeIdOptions<Name extends string = 'acme-id', Extra = unknown> extends AdapterOptions<Name, Extra> {
  /** The tenant's host, such as `example.acme-id.example`. Console: Settings, Domain. */
  readonly domain: string
  /** The identifier of your API, or several. Console: APIs. */
  readonly audience: string | readonly string[]
  /** The organization that users must belong to (`org_id`). Default: any. */
  readonly organization?: string | undefined
}

/** The claims of Acme Id's access tokens. */
export interface AcmeIdClaims extends JwtClaims {
  readonly sub: string
  readonly client_id?: string
  /** Space-separated. */
  readonly scope?: string
  readonly org_id?: string
}

/** The factory, and the same from environment variables. */
export interface AcmeIdFactory {
  /**
   * Access tokens of a tenant of Acme Id.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
   *
   * @example
   * ```ts
   * acmeId({ domain: 'example.acme-id.example', audience: 'https://api.example.com' })
   * ```
   */
  <const Name extends string = 'acme-id', Extra = unknown>(
    options: AcmeIdOptions<Name, Extra>,
  ): Provider<Name, AcmeIdClaims & Extra>
  /**
   * The same from `ACME_ID_DOMAIN`, `ACME_ID_AUDIENCE` (several with commas) and `ACME_ID_ORGANIZATION`.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'acme-id', Extra = unknown>(
    options?: Partial<AcmeIdOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, AcmeIdClaims & Extra>
}

export const acmeId: AcmeIdFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

function create<const Name extends string = 'acme-id', Extra = unknown>(
  options: AcmeIdOptions<Name, Extra>,
): Provider<Name, AcmeIdClaims & Extra> {
  checkOptions('acmeId', options, {
    ...adapterOptions,
    domain: hostName('example.acme-id.example'),
    audience: textOrTexts('the identifier of your API, or several'),
    organization: optional(text('an organization id')),
  })
  const { domain, audience, organization } = options
  return defineProvider<Name, AcmeIdClaims, Extra>({
    ...adapterRules(options, { name: 'acme-id', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    issuer: `https://${domain}`,
    audience,
    keys: remoteJwks(`https://${domain}/oauth/keys`),
    checks: organization ? [claimIs('org_id', organization)] : [],
    // `sub`, `client_id` and `scope` are found without being told.
    identify: (claims) => ({ tenant: textClaim(claims, 'org_id') }),
    hint,
  })
}

function fromEnv<const Name extends string = 'acme-id', Extra = unknown>(
  options: Partial<AcmeIdOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, AcmeIdClaims & Extra> {
  const env = readEnvironment('acmeId', environment)
  return create({
    ...options,
    domain: options.domain ?? env.required('ACME_ID_DOMAIN'),
    audience: options.audience ?? env.requiredList('ACME_ID_AUDIENCE'),
    organization: options.organization ?? env.optional('ACME_ID_ORGANIZATION'),
  })
}

function hint({ code, subject, claims, parts }: TokenProblem): string | undefined {
  if (code === 'AUDIENCE_MISMATCH') {
    return 'The token is for another API, or it is an ID token: the client asks for the identifier of this API.'
  }
  if (subject === 'org_id' && ownClaim(claims ?? {}, 'org_id') === undefined) {
    return 'The user signed in without an organization: the client names it when it sends the user to sign in.'
  }
  if (code === 'TOKEN_MALFORMED' && parts === 1) {
    return 'This is an opaque token: the client named no API when it asked for it.'
  }
  return undefined
}
