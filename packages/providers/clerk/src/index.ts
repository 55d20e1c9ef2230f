import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  checkOption,
  checkOptions,
  claimIs,
  defineProvider,
  type Environment,
  hostName,
  type JwtClaims,
  type JwtHeader,
  optional,
  ownClaim,
  type Provider,
  printable,
  readEnvironment,
  scopesFrom,
  secret,
  type TokenProblem,
  textClaim,
  textOrTexts,
  texts,
  unchecked,
} from '@keysource/core'
import { apiUrlRule, originRule } from './addresses.ts'
import { frontendApiOf, keysOf } from './keys.ts'
import { isActive, isSessionToken, kindOf } from './session-token.ts'

/** Options of {@link clerk}. The issuer is told by `publishableKey` or `frontendApi`: one of them is needed. */
export interface ClerkOptions<Name extends string = 'clerk', Extra = unknown> extends AdapterOptions<Name, Extra> {
  /** The instance's publishable key, `pk_test_…` or `pk_live_…`. Dashboard: API keys. It names the Frontend API. */
  readonly publishableKey?: string | undefined
  /** The Frontend API's host, such as `clerk.example.com`. Dashboard: API keys, or Domains. */
  readonly frontendApi?: string | undefined
  /** With it the keys come from the Backend API: `sk_test_…` or `sk_live_…`. Dashboard: API keys. Sent to `apiUrl` alone. */
  readonly secretKey?: string | undefined
  /** With it no request is made: the instance's public key in PEM, without its header and footer too. Dashboard: API keys. */
  readonly jwtKey?: string | undefined
  /** Where the Backend API lives; only with `secretKey`. Default: `https://api.clerk.com`. */
  readonly apiUrl?: string | undefined
  /** The origins of the front ends whose tokens are taken, as `azp` names them: `['https://app.example.com']`. */
  readonly authorizedParties: readonly string[]
  /** What `aud` must hold, where session tokens were customized to have one. Default: not checked, `azp` stands in for it. */
  readonly audience?: string | readonly string[] | undefined
}

/** The claims of Clerk's session tokens, version 2 and 1. */
export interface ClerkClaims extends JwtClaims {
  readonly sub: string
  /** The session's id. */
  readonly sid?: string
  /** The origin of the front end that asked for the token. */
  readonly azp: string
  /** `active`, or absent in version 1. A pending session is refused. */
  readonly sts?: string
  /** The version of the token's format. */
  readonly v?: number
  /** Minutes since the first and the second factor were verified; -1 for never. */
  readonly fva?: readonly [number, number]
  /** Plan and features, version 2. */
  readonly pla?: string
  readonly fea?: string
  /** The active organization, version 2: id, slug, role, permissions and their bits for each feature. */
  readonly o?: {
    readonly id: string
    readonly slg?: string
    readonly rol?: string
    readonly per?: string
    readonly fpm?: string
  }
  /** The active organization, version 1. */
  readonly org_id?: string
  readonly org_slug?: string
  readonly org_role?: string
  readonly org_permissions?: readonly string[]
  /** Who impersonates the user. */
  readonly act?: { readonly sub: string }
}

/** The factory, and the same from environment variables. */
export interface ClerkFactory {
  /**
   * Session tokens of a Clerk instance. Its keys come from the Frontend API; with `secretKey` from the Backend API; with
   * `jwtKey` from nowhere, as that is the key.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option, a damaged key, `secretKey` beside `jwtKey`, and a
   * `frontendApi` that contradicts the publishable key
   *
   * @example
   * ```ts
   * clerk({ frontendApi: 'clerk.example.com', authorizedParties: ['https://app.example.com'] })
   * ```
   *
   * @see https://clerk.com/docs/guides/sessions/manual-jwt-verification
   */
  <const Name extends string = 'clerk', Extra = unknown>(
    options: ClerkOptions<Name, Extra>,
  ): Provider<Name, ClerkClaims & Extra>
  /**
   * The same from `CLERK_PUBLISHABLE_KEY` (also with a framework's prefix: `NEXT_PUBLIC_`, `VITE_`, `PUBLIC_`, `NUXT_PUBLIC_`,
   * `EXPO_PUBLIC_`) or `CLERK_FRONTEND_API`, and `CLERK_AUTHORIZED_PARTIES` (several with commas). A Clerk application often has
   * both `CLERK_JWT_KEY` and `CLERK_SECRET_KEY`: the first is taken, as it needs no network; else the second, with
   * `CLERK_API_URL`; without both the keys come from the Frontend API.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'clerk', Extra = unknown>(
    options?: Partial<ClerkOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, ClerkClaims & Extra>
}

export const clerk: ClerkFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

function create<const Name extends string = 'clerk', Extra = unknown>(
  options: ClerkOptions<Name, Extra>,
): Provider<Name, ClerkClaims & Extra> {
  checkOptions('clerk', options, {
    ...adapterOptions,
    publishableKey: optional(secret('a publishable key such as "pk_test_…"')),
    frontendApi: optional(hostName('clerk.example.com')),
    secretKey: optional(secret('a secret key such as "sk_test_…"')),
    jwtKey: optional(secret('a public key in PEM')),
    apiUrl: optional(apiUrlRule),
    authorizedParties: texts('an array of the origins of your front ends, such as ["https://app.example.com"]'),
    audience: optional(textOrTexts()),
  })
  const { authorizedParties, audience } = options
  for (const [index, party] of authorizedParties.entries())
    checkOption('clerk', `authorizedParties[${index}]`, party, originRule)
  const frontendApi = frontendApiOf(options)
  return defineProvider<Name, ClerkClaims, Extra>({
    ...adapterRules(options, { name: 'clerk', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    issuer: `https://${frontendApi}`,
    audience:
      audience ?? unchecked('session tokens have no aud: azp stands in for it, checked against authorizedParties'),
    keys: keysOf(options, frontendApi),
    checks: [isSessionToken, isActive, claimIs('azp', authorizedParties)],
    identify: ({ o, org_id, scopes, scope }) => ({
      scopes: scopesFrom(scopes ?? scope),
      tenant: textClaim(o ?? {}, 'id') ?? (typeof org_id === 'string' ? org_id : undefined),
    }),
    hint,
  })
}

function fromEnv<const Name extends string = 'clerk', Extra = unknown>(
  options: Partial<ClerkOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, ClerkClaims & Extra> {
  const env = readEnvironment('clerk', environment)
  const { publishableKey, frontendApi } = options
  const named = publishableKey !== undefined || frontendApi !== undefined
  return create({
    ...options,
    ...(!named && instanceFrom(env)),
    ...(options.jwtKey === undefined && options.secretKey === undefined && keysFrom(env, options.apiUrl)),
    authorizedParties: options.authorizedParties ?? env.requiredList('CLERK_AUTHORIZED_PARTIES'),
  })
}

type Env = ReturnType<typeof readEnvironment>

const PREFIXES = ['', 'NEXT_PUBLIC_', 'VITE_', 'PUBLIC_', 'NUXT_PUBLIC_', 'EXPO_PUBLIC_']

function instanceFrom(env: Env): Pick<ClerkOptions, 'publishableKey' | 'frontendApi'> {
  const names = PREFIXES.map((prefix) => `${prefix}CLERK_PUBLISHABLE_KEY`)
  const publishableKey = env.optional(...names)
  const frontendApi = env.optional('CLERK_FRONTEND_API')
  if (publishableKey === undefined && frontendApi === undefined) env.required(...names, 'CLERK_FRONTEND_API')
  return { publishableKey, frontendApi }
}

function keysFrom(env: Env, apiUrl: string | undefined): Pick<ClerkOptions, 'jwtKey' | 'secretKey' | 'apiUrl'> {
  // An apiUrl of the caller's own asks for the Backend API.
  const jwtKey = apiUrl === undefined ? env.optional('CLERK_JWT_KEY') : undefined
  if (jwtKey !== undefined) return { jwtKey }
  const secretKey = env.optional('CLERK_SECRET_KEY')
  return secretKey === undefined ? {} : { secretKey, apiUrl: apiUrl ?? env.optional('CLERK_API_URL') }
}

function hint({ code, subject, header, claims = {}, parts }: TokenProblem): string | undefined {
  if (code === 'TOKEN_MALFORMED' && parts === 1) {
    return "Clerk's opaque tokens (mt_… of machines, oat_… of OAuth, ak_… API keys) are for Clerk's Backend API to verify: send the session token, from getToken()."
  }
  if (code === 'ISSUER_UNKNOWN') return isClerks(header, claims) ? OTHER_INSTANCE : undefined
  if (code === 'TOKEN_EXPIRED')
    return 'Session tokens live for about a minute: call getToken() for each request instead of keeping one.'
  if (code === 'KEY_NOT_FOUND' || code === 'SIGNATURE_INVALID')
    return 'If every token is refused so, secretKey or jwtKey belongs to another instance than publishableKey or frontendApi.'
  if (kindOf(header) !== undefined || subject === 'cat' || subject === 'sid')
    return 'Only session tokens are taken: from getToken() without a template, or the cookie __session.'
  return subject === undefined ? undefined : claimHint(subject, code, claims)
}

function claimHint(subject: string, code: string, claims: object): string | undefined {
  if (subject === 'sts')
    return 'The user has signed in and still has a task to do, such as choosing an organization: Clerk counts this session as signed out.'
  if (subject === 'azp' && code === 'CLAIM_MISSING')
    return 'azp is the Origin of the request that asked for the token: without one (native apps, calls from a server, curl) Clerk leaves it out.'
  if (subject === 'azp')
    return `The token was issued to the front end at ${printable(ownClaim(claims, 'azp'))}: add that origin to authorizedParties if it is yours.`
  if (subject === 'aud')
    return 'Session tokens have an aud only where one was added: Dashboard, Sessions, Customize session token.'
  return undefined
}

const OTHER_INSTANCE =
  'The token is of another Clerk instance (development and production are two), of a satellite domain, or of a Frontend API behind a proxy: compare frontendApi with the host in iss.'

function isClerks(header: JwtHeader | undefined, claims: object): boolean {
  const marks = [textClaim(header ?? {}, 'cat'), textClaim(header ?? {}, 'kid'), textClaim(claims, 'sid')]
  return marks.some((mark) => mark !== undefined && /^(?:cl_|ins_|sess_)/.test(mark))
}
