import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  type CheckFailure,
  checkOptions,
  claimIs,
  defineProvider,
  type Environment,
  type JwtClaims,
  type JwtHeader,
  type OptionRule,
  optional,
  ownClaim,
  type Provider,
  printable,
  readEnvironment,
  remoteJwks,
  secureUrl,
  type TokenCheck,
  type TokenProblem,
  text,
  textClaim,
  unchecked,
} from '@keysource/core'

/** Options of {@link supertokens}. */
export interface SuperTokensOptions<Name extends string = 'supertokens', Extra = unknown>
  extends AdapterOptions<Name, Extra> {
  /** The origin of your backend, as in the SDK's `appInfo`: https, or http on localhost. */
  readonly apiDomain: string
  /** As in `appInfo`. Default: `'/auth'`. `'/'` for none. */
  readonly apiBasePath?: string | undefined
  /** As in `appInfo`: what an API gateway puts before the base path. Default: nothing. */
  readonly apiGatewayPath?: string | undefined
  /** The session must be of this tenant (`tId`). Default: any. */
  readonly tenantId?: string | undefined
}

/** The claims of a session's access token. */
export interface SuperTokensClaims extends JwtClaims {
  /** The user's id. */
  readonly sub: string
  /** The id of the login method that was used. */
  readonly rsub?: string
  /** The tenant. */
  readonly tId?: string
  readonly sessionHandle: string
  readonly refreshTokenHash1?: string
  readonly parentRefreshTokenHash1?: string | null
  readonly antiCsrfToken?: string | null
  /** The kind of token: 0 or none for sessions. */
  readonly stt?: number
}

/** The factory, and the same from environment variables. */
export interface SuperTokensFactory {
  /**
   * Session tokens of a backend with the SuperTokens SDK. They have no `aud`: the issuer, which is your own backend, and the
   * kind of token stand in for it. That a token is valid does not mean that its session was not revoked.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
   *
   * @example
   * ```ts
   * supertokens({ apiDomain: 'https://api.example.com' })
   * ```
   *
   * @see https://supertokens.com/docs/additional-verification/session-verification/protect-api-routes
   */
  <const Name extends string = 'supertokens', Extra = unknown>(
    options: SuperTokensOptions<Name, Extra>,
  ): Provider<Name, SuperTokensClaims & Extra>
  /**
   * The same from `SUPERTOKENS_API_DOMAIN`, `SUPERTOKENS_API_BASE_PATH`, `SUPERTOKENS_API_GATEWAY_PATH` and
   * `SUPERTOKENS_TENANT_ID`.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'supertokens', Extra = unknown>(
    options?: Partial<SuperTokensOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, SuperTokensClaims & Extra>
}

export const supertokens: SuperTokensFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

const origin: OptionRule = {
  expected:
    'an origin such as "https://api.example.com" (plain http only on localhost), without path or slash at the end',
  accepts: (value) => typeof value === 'string' && secureUrl(value)?.origin === value,
  suggest(value) {
    if (typeof value !== 'string') return undefined
    const address = value.trim()
    if (address.includes('://')) return secureUrl(address)?.origin
    return secureUrl(`${/^localhost\b/.test(address) ? 'http' : 'https'}://${address}`)?.origin
  },
}

const PATH = /^(?:\/|(?:\/(?!\.\.?(?:\/|$))[\w.~-]+)+)?$/

const path: OptionRule = {
  expected: 'a path such as "/auth", without a slash at the end, or "/" for none',
  accepts: (value) => typeof value === 'string' && PATH.test(value),
  suggest(value) {
    const trimmed = typeof value === 'string' ? value.trim().replace(/^\/+|\/+$/g, '') : ''
    return trimmed !== '' && PATH.test(`/${trimmed}`) ? `/${trimmed}` : undefined
  },
}

function create<const Name extends string = 'supertokens', Extra = unknown>(
  options: SuperTokensOptions<Name, Extra>,
): Provider<Name, SuperTokensClaims & Extra> {
  checkOptions('supertokens', options, {
    ...adapterOptions,
    apiDomain: origin,
    apiBasePath: optional(path),
    apiGatewayPath: optional(path),
    tenantId: optional(text('a tenant id such as "public"')),
  })
  const { apiDomain, apiBasePath = '/auth', apiGatewayPath = '', tenantId } = options
  const issuer = `${apiDomain}${segments(apiGatewayPath)}${segments(apiBasePath)}`
  return defineProvider<Name, SuperTokensClaims, Extra>({
    ...adapterRules(options, { name: 'supertokens', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    issuer,
    audience: unchecked(
      'session tokens have no aud: the issuer and the kind of token (stt, sessionHandle) stand in for it',
    ),
    keys: remoteJwks(`${issuer}/jwt/jwks.json`),
    checks: [
      isKindOfSession,
      isCurrentVersion,
      hasSession,
      ...(tenantId === undefined ? [] : [claimIs('tId', tenantId)]),
    ],
    identify: (claims) => ({ tenant: textClaim(claims, 'tId') }),
    hint,
  })
}

/** `/` means no path, as in the SDK. */
function segments(value: string): string {
  return value === '/' ? '' : value
}

/** OAuth tokens come from the same issuer with the same keys: 1 is an access token for other APIs, 2 an ID token. */
const isKindOfSession: TokenCheck = {
  name: 'stt',
  check(claims): CheckFailure | undefined {
    const kind = ownClaim(claims, 'stt')
    if (kind === undefined || kind === 0) return undefined
    return { code: 'CLAIM_INVALID', subject: 'stt', expected: '0 or none (a session)', found: printable(kind) }
  },
}

/** The claims mean what they are called since version 3, which a header without a version stands for. */
const isCurrentVersion: TokenCheck = {
  name: 'version',
  check(_, header): CheckFailure | undefined {
    const version = ownClaim(header, 'version')
    if (version === undefined || (typeof version === 'string' && /^(?:[3-9]|[1-9]\d+)$/.test(version))) return undefined
    return { code: 'CLAIM_INVALID', subject: 'version', expected: '"3" or a later one', found: printable(version) }
  },
}

/** A backend also signs JWTs of its own making (the JWT recipe), for whatever it likes: those have no session. */
const hasSession: TokenCheck = {
  name: 'sessionHandle',
  check(claims): CheckFailure | undefined {
    const handle = ownClaim(claims, 'sessionHandle')
    if (typeof handle === 'string' && handle !== '') return undefined
    const code = handle === undefined ? 'CLAIM_MISSING' : 'CLAIM_INVALID'
    return { code, subject: 'sessionHandle', expected: 'the handle of a session', found: printable(handle) }
  },
}

function fromEnv<const Name extends string = 'supertokens', Extra = unknown>(
  options: Partial<SuperTokensOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, SuperTokensClaims & Extra> {
  const env = readEnvironment('supertokens', environment)
  return create({
    ...options,
    apiDomain: options.apiDomain ?? env.required('SUPERTOKENS_API_DOMAIN'),
    apiBasePath: options.apiBasePath ?? env.optional('SUPERTOKENS_API_BASE_PATH'),
    apiGatewayPath: options.apiGatewayPath ?? env.optional('SUPERTOKENS_API_GATEWAY_PATH'),
    tenantId: options.tenantId ?? env.optional('SUPERTOKENS_TENANT_ID'),
  })
}

function hint({ code, subject, claims = {}, header }: TokenProblem): string | undefined {
  if (subject === 'stt') {
    return ownClaim(claims, 'stt') === 2
      ? 'This is an OAuth ID token, not a session. Send the session’s access token.'
      : 'This is an OAuth access token, not a session: verify those with @keysource/oidc, which checks their audience.'
  }
  if (subject === 'tId') {
    return code === 'CLAIM_MISSING'
      ? 'Sessions have a tenant since version 4 of the access token: upgrade the SDK.'
      : 'The user signed in to another tenant.'
  }
  if (subject === 'sessionHandle') {
    return 'This JWT is no session: the backend made it with createJWT. Send the session’s access token.'
  }
  if (ownClaim(claims, 'sessionHandle') === undefined) return undefined // of nobody that is known here
  if (subject === 'version' || isLegacy(claims, header)) {
    return 'This token is of version 2 or older, which has userId and expiryTime in place of sub and exp: upgrade the SDK.'
  }
  if (code === 'ISSUER_UNKNOWN') {
    return 'The issuer is apiDomain, apiGatewayPath and apiBasePath put together: compare them with the SDK’s appInfo.'
  }
  return undefined
}

function isLegacy(claims: object, header: JwtHeader | undefined): boolean {
  const version = ownClaim(header ?? {}, 'version')
  return ownClaim(claims, 'expiryTime') !== undefined || version === '1' || version === '2'
}
