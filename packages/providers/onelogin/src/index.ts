import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  checkOption,
  checkOptions,
  choice,
  defineProvider,
  type Environment,
  type EnvironmentReader,
  type JwtClaims,
  type OptionRule,
  optional,
  ownClaim,
  type Provider,
  readEnvironment,
  remoteJwks,
  type TokenProblem,
  textClaim,
  textOrTexts,
} from '@keysource/core'
import { type SigningKeysOptions, signingKeys } from './signing-keys.ts'

export type { SigningKeysOptions } from './signing-keys.ts'

/** Options of {@link onelogin}. */
export interface OneLoginOptions<Name extends string = 'onelogin', Extra = unknown>
  extends AdapterOptions<Name, Extra> {
  /** Your account's subdomain: `acme` of `https://acme.onelogin.com`, as the address bar shows it. */
  readonly subdomain: string
  /** What `aud` must hold: the audience of the API authorization server; for ID tokens the app's client id. */
  readonly audience: string | readonly string[]
  /**
   * Where keys come from. Default: the public certs, which is what OneLogin tells verifiers to use. The signing keys are its
   * administrators' endpoint and need an API credential.
   */
  readonly keys?: SigningKeysOptions | undefined
}

/** The claims of OneLogin's ID tokens, and of the access tokens of its API authorization servers. */
export interface OneLoginClaims extends JwtClaims {
  /** The user; machines' tokens may have none. */
  readonly sub?: string
  /** Space-separated; in access tokens. */
  readonly scope?: string
  readonly azp?: string
  readonly client_id?: string
  readonly auth_time?: number
  readonly nonce?: string
  readonly email?: string
  readonly name?: string
  readonly preferred_username?: string
  readonly groups?: readonly string[]
}

/** The factory, and the same from environment variables. */
export interface OneLoginFactory {
  /**
   * Tokens of a OneLogin account: ID tokens, and access tokens of its API authorization servers.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option
   *
   * @example
   * ```ts
   * onelogin({ subdomain: 'acme', audience: 'https://api.example.com' })
   * ```
   *
   * @see https://developers.onelogin.com/openid-connect/api/provider-config
   */
  <const Name extends string = 'onelogin', Extra = unknown>(
    options: OneLoginOptions<Name, Extra>,
  ): Provider<Name, OneLoginClaims & Extra>
  /**
   * The same from `ONELOGIN_SUBDOMAIN` and `ONELOGIN_AUDIENCE` (several with commas). With `ONELOGIN_KEYS=signing-keys` also
   * `ONELOGIN_CLIENT_ID`, `ONELOGIN_CLIENT_SECRET` and `ONELOGIN_REGION`: a credential alone does not change where keys come from
   * (`certs`).
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'onelogin', Extra = unknown>(
    options?: Partial<OneLoginOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, OneLoginClaims & Extra>
}

export const onelogin: OneLoginFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const subdomainRule: OptionRule = {
  expected: 'the subdomain alone, in lower case, such as "acme"',
  accepts: (value) => typeof value === 'string' && SUBDOMAIN.test(value),
  suggest(value) {
    if (typeof value !== 'string') return undefined
    const address = value.trim().toLowerCase()
    const [, subdomain = ''] = /^(?:https?:\/\/)?([a-z0-9-]+)(?:\.onelogin\.com)?(?:\/.*)?$/.exec(address) ?? []
    return SUBDOMAIN.test(subdomain) ? subdomain : undefined
  },
}

const keysRules: Readonly<Record<keyof SigningKeysOptions, OptionRule>> = {
  from: choice('signing-keys'),
  clientId: credential('the client id of an API credential, without white space or ":"', /^[!-9;-~]+$/),
  clientSecret: {
    ...credential('the client secret of an API credential, without white space', /^[!-~]+$/),
    secret: true,
  },
  region: choice('us', 'eu'),
}

/** What a header of Basic authentication can carry (RFC 7617 section 2). */
function credential(expected: string, pattern: RegExp): OptionRule {
  return { expected, accepts: (value) => typeof value === 'string' && pattern.test(value) }
}

function create<const Name extends string = 'onelogin', Extra = unknown>(
  options: OneLoginOptions<Name, Extra>,
): Provider<Name, OneLoginClaims & Extra> {
  checkOptions('onelogin', options, {
    ...adapterOptions,
    subdomain: subdomainRule,
    audience: textOrTexts('an audience, or several'),
    keys: optional({
      expected: 'an object { from: "signing-keys", clientId, clientSecret, region }',
      accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      secret: true,
    }),
  })
  const { subdomain, audience, keys } = options
  if (keys) checkOptions('onelogin: keys', keys, keysRules)
  const issuer = `https://${subdomain}.onelogin.com/oidc/2`
  return defineProvider<Name, OneLoginClaims, Extra>({
    ...adapterRules(options, { name: 'onelogin', algorithms: ['RS256'] }),
    issuer,
    audience,
    keys: keys ? signingKeys(issuer, keys) : remoteJwks(`${issuer}/certs`),
    hint: (problem) => hint(problem, new URL(issuer).host),
  })
}

function fromEnv<const Name extends string = 'onelogin', Extra = unknown>(
  options: Partial<OneLoginOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, OneLoginClaims & Extra> {
  const env = readEnvironment('onelogin', environment)
  return create({
    ...options,
    subdomain: options.subdomain ?? env.required('ONELOGIN_SUBDOMAIN'),
    audience: options.audience ?? env.requiredList('ONELOGIN_AUDIENCE'),
    keys: options.keys ?? keysFromEnv(env),
  })
}

function keysFromEnv(env: EnvironmentReader): SigningKeysOptions | undefined {
  const from = env.optional('ONELOGIN_KEYS')
  checkOption('onelogin.fromEnv', 'ONELOGIN_KEYS', from, optional(choice('certs', 'signing-keys')))
  if (from !== 'signing-keys') return undefined
  return {
    from,
    clientId: env.required('ONELOGIN_CLIENT_ID'),
    clientSecret: env.required('ONELOGIN_CLIENT_SECRET'),
    region: env.required('ONELOGIN_REGION') as 'us' | 'eu',
  }
}

function hint({ code, subject, claims = {}, parts }: TokenProblem, host: string): string | undefined {
  if (code === 'TOKEN_MALFORMED' && parts === 1) {
    return 'OneLogin’s OpenID Connect access tokens are opaque. Use an API authorization server, whose access tokens are JWTs, or introspection.'
  }
  if (code === 'ISSUER_UNKNOWN') return issuerHint(textClaim(claims, 'iss') ?? '', host)
  if (subject === 'aud') {
    const isIdToken = ['nonce', 'at_hash', 'email'].some((name) => ownClaim(claims, name) !== undefined)
    return isIdToken && ownClaim(claims, 'scope') === undefined ? ID_TOKEN : AUDIENCES
  }
  return undefined
}

const AUDIENCES =
  'The aud of ID tokens is the app’s client id; that of access tokens is the audience of the API authorization server.'
const ID_TOKEN = `This is an ID token. ${AUDIENCES} Send the access token to the API, or set audience to the client id if the API is meant to take ID tokens.`

function issuerHint(issuer: string, host: string): string | undefined {
  const [, theirs] = /^https:\/\/([a-z0-9-]+\.onelogin\.com)(?:\/|$)/.exec(issuer) ?? []
  // Where the host is the account's own, core says what differs.
  if (theirs === undefined || theirs === host) return undefined
  if (/^openid-connect(?:-eu)?\./.test(theirs)) {
    return 'The token is of OneLogin’s retired OpenID Connect v1: move the app to https://{subdomain}.onelogin.com/oidc/2.'
  }
  return 'The token is of another account: compare subdomain with the host of iss.'
}
