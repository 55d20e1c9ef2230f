import {
  type AdapterOptions,
  ASYMMETRIC_ALGORITHMS,
  adapterOptions,
  adapterRules,
  checkOptions,
  defineProvider,
  type Environment,
  type JwtClaims,
  ownClaim,
  type Provider,
  printable,
  readEnvironment,
  type TokenProblem,
  textClaim,
  textOrTexts,
} from '@keysource/core'
import { issuerRule, metadataRule, oidcKeys } from './discovery.ts'

export { type OidcKeysOptions, oidcKeys } from './discovery.ts'

/** Options of {@link oidc}. */
export interface OidcOptions<Name extends string = 'oidc', Extra = unknown> extends AdapterOptions<Name, Extra> {
  /** The issuer exactly as in `iss`: `https://id.example.com`. The metadata document has to name the same. */
  readonly issuer: string
  /** What `aud` must hold, one of these: your API's identifier for access tokens, the client id for ID tokens. */
  readonly audience: string | readonly string[]
  /**
   * Where the issuer's metadata is: OpenID Connect Discovery 1.0 appends its path to the issuer (`'openid'`), RFC 8414 inserts
   * its own between host and path (`'oauth'`). Default: `'auto'`, in that order; the one that answered is remembered.
   */
  readonly metadata?: 'openid' | 'oauth' | 'auto' | undefined
}

/** The claims of RFC 9068 access tokens and of ID tokens. */
export interface OidcClaims extends JwtClaims {
  readonly sub: string
  /** In access tokens. */
  readonly client_id?: string
  /** Space-separated; in access tokens. */
  readonly scope?: string
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  /** In ID tokens: the client that asked for it. */
  readonly azp?: string
  /** In ID tokens, as are the next ones. */
  readonly nonce?: string
  readonly at_hash?: string
  readonly name?: string
  readonly preferred_username?: string
  readonly email?: string
  readonly email_verified?: boolean
}

/** The factory, and the same from environment variables. */
export interface OidcFactory {
  /**
   * Tokens of any issuer that publishes metadata: OpenID Connect Discovery 1.0, or RFC 8414 for plain OAuth 2.0.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option, and for the URL of a metadata document as `issuer`
   *
   * @example
   * ```ts
   * oidc({ issuer: 'https://id.example.com/realms/main', audience: 'https://api.example.com' })
   * ```
   *
   * @see https://openid.net/specs/openid-connect-discovery-1_0.html, RFC 8414, RFC 9068
   */
  <const Name extends string = 'oidc', Extra = unknown>(
    options: OidcOptions<Name, Extra>,
  ): Provider<Name, OidcClaims & Extra>
  /**
   * The same from `OIDC_ISSUER`, `OIDC_AUDIENCE` (several with commas) and `OIDC_METADATA`.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'oidc', Extra = unknown>(
    options?: Partial<OidcOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, OidcClaims & Extra>
}

export const oidc: OidcFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

function create<const Name extends string = 'oidc', Extra = unknown>(
  options: OidcOptions<Name, Extra>,
): Provider<Name, OidcClaims & Extra> {
  checkOptions('oidc', options, {
    ...adapterOptions,
    issuer: issuerRule,
    audience: textOrTexts("your API's identifier, or a client id for ID tokens, or several"),
    metadata: metadataRule,
  })
  const { issuer, audience, metadata } = options
  return defineProvider<Name, OidcClaims, Extra>({
    ...adapterRules(options, { name: 'oidc', algorithms: ASYMMETRIC_ALGORITHMS, requiredClaims: ['sub'] }),
    issuer,
    audience,
    keys: oidcKeys(issuer, { metadata }),
    hint: (problem) => hint(problem, issuer),
  })
}

function fromEnv<const Name extends string = 'oidc', Extra = unknown>(
  options: Partial<OidcOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, OidcClaims & Extra> {
  const env = readEnvironment('oidc', environment)
  return create({
    ...options,
    issuer: options.issuer ?? env.required('OIDC_ISSUER'),
    audience: options.audience ?? env.requiredList('OIDC_AUDIENCE'),
    metadata: options.metadata ?? (env.optional('OIDC_METADATA') as OidcOptions['metadata']),
  })
}

function hint(problem: TokenProblem, issuer: string): string | undefined {
  const { code, subject, claims = {}, found, parts } = problem
  if (code === 'TOKEN_MALFORMED') return parts === undefined ? undefined : NOT_SIGNED[parts]
  if (code === 'ISSUER_UNKNOWN') return issuerHint(textClaim(claims, 'iss'), issuer)
  if (code === 'ALG_NOT_ALLOWED' && /^"HS\d/.test(found ?? '')) {
    return 'HMAC tokens are signed with the client secret, which is not for APIs: let the issuer sign for this client with RS256 or ES256.'
  }
  if (code === 'TYP_NOT_ALLOWED' && subject === 'typ' && found === '"JWT"') {
    return 'This is an ID token, or the issuer does not mark access tokens as RFC 9068 has it: leave typ out if so.'
  }
  return subject === 'aud' && code !== 'CLAIM_INVALID' ? audienceHint(problem) : undefined
}

const NOT_SIGNED: Readonly<Record<number, string>> = {
  1: 'This is an opaque token: many issuers give a JWT only when the client names the API it is for (resource or audience).',
  5: 'This token is encrypted: switch the encryption of access tokens off at the issuer, or name the API when asking for one.',
}

/** What to do about an issuer that came close. How close it came, core says itself. */
function issuerHint(found: string | undefined, issuer: string): string | undefined {
  if (found === undefined || !URL.canParse(found)) return undefined
  if (found === `${issuer}/` || `${found}/` === issuer) {
    return `Issuers are compared as text, and this token says ${printable(found, 200)}: write that, if the issuer's metadata says so too.`
  }
  const [theirs, ours] = [new URL(found), new URL(issuer)]
  if (theirs.hostname !== ours.hostname || theirs.pathname !== ours.pathname || theirs.href === ours.href)
    return undefined
  return 'The issuer calls itself by another scheme or port. Behind a proxy it has to be told its public URL.'
}

function audienceHint({ code, claims = {}, header }: TokenProblem): string | undefined {
  const aud = ownClaim(claims, 'aud')
  if (code === 'CLAIM_MISSING') {
    return 'The issuer puts an audience into access tokens only when it is set up to: name the API in the request (resource or audience), or map one to this client.'
  }
  const isIdToken = ['nonce', 'at_hash', 'c_hash'].some((name) => ownClaim(claims, name) !== undefined)
  const client = textClaim(claims, 'client_id') ?? textClaim(claims, 'azp')
  if (isIdToken && !header?.typ?.toLowerCase().endsWith('at+jwt')) {
    return 'This is an ID token, whose audience is the client. Send the access token to the API, or set audience to the client id if the API is meant to take ID tokens.'
  }
  if (client !== undefined && [aud].flat().includes(client)) {
    return 'The audience of this token is the client that asked for it: the client has to name the API when it asks (resource or audience).'
  }
  return 'The token is for another API: the client has to name this one when it asks for a token (resource or audience).'
}
