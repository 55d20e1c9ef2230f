import {
  type AdapterOptions,
  adapterOptions,
  adapterRules,
  type CheckFailure,
  checkOptions,
  choice,
  claimIs,
  configInvalid,
  defineProvider,
  type Environment,
  type JwtClaims,
  type OptionRule,
  oneOf,
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
  texts,
  unchecked,
} from '@keysource/core'

/** Options of {@link cognito}. */
export interface CognitoOptions<Name extends string = 'cognito', Extra = unknown> extends AdapterOptions<Name, Extra> {
  /** The user pool's id, such as `eu-central-1_a1B2c3D4e`. Console: User pools, Overview. */
  readonly userPoolId: string
  /** The pool's region. Default: the part of `userPoolId` before the `_`; another one is refused. */
  readonly region?: string | undefined
  /** The app client's id, or several. Console: App clients. */
  readonly clientId: string | readonly string[]
  /** Which of Cognito's two tokens this API takes: an API wants `'access'`. */
  readonly tokenUse: 'access' | 'id'
  /** The user must be in one of these groups (`cognito:groups`). Default: any user. */
  readonly groups?: readonly string[] | undefined
}

/** The claims of Cognito's access and ID tokens. */
export interface CognitoClaims extends JwtClaims {
  readonly sub: string
  readonly token_use: 'access' | 'id'
  /** In access tokens. */
  readonly client_id?: string
  /** Space-separated; in access tokens. */
  readonly scope?: string
  /** In access tokens. */
  readonly username?: string
  readonly 'cognito:groups'?: readonly string[]
  /** In ID tokens. */
  readonly 'cognito:username'?: string
  readonly auth_time?: number
  readonly origin_jti?: string
}

/** The factory, and the same from environment variables. */
export interface CognitoFactory {
  /**
   * Tokens of an AWS Cognito user pool: both forms of its issuer, and of its two tokens the one that you name.
   *
   * @throws `CONFIG_INVALID` for an unknown, missing or wrong option, and for a region that contradicts the pool id
   *
   * @example
   * ```ts
   * cognito({ userPoolId: 'eu-central-1_a1B2c3D4e', clientId: '1example23456789', tokenUse: 'access' })
   * ```
   *
   * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
   */
  <const Name extends string = 'cognito', Extra = unknown>(
    options: CognitoOptions<Name, Extra>,
  ): Provider<Name, CognitoClaims & Extra>
  /**
   * The same from `COGNITO_USER_POOL_ID`, `COGNITO_CLIENT_ID` (several with commas), `COGNITO_TOKEN_USE` (`access` where it is not
   * set) and `COGNITO_GROUPS`. `AWS_REGION` is not read: it says where the program runs, not where the pool is.
   *
   * @param options - what is given here wins over the environment
   * @throws `CONFIG_INVALID` that names the variable which is missing
   */
  fromEnv<const Name extends string = 'cognito', Extra = unknown>(
    options?: Partial<CognitoOptions<Name, Extra>>,
    environment?: Environment,
  ): Provider<Name, CognitoClaims & Extra>
}

export const cognito: CognitoFactory = /* @__PURE__ */ Object.assign(create, { fromEnv })

const POOL_ID = /^([a-z]{2,4}(?:-[a-z]+)+-\d)_[A-Za-z0-9]+$/

const poolIdRule: OptionRule = {
  expected: 'a user pool id "{region}_{id}", such as "eu-central-1_a1B2c3D4e"',
  accepts: (value) => typeof value === 'string' && POOL_ID.test(value),
  /** Where its ARN or its issuer was given: both end in it. */
  suggest(value) {
    const last = typeof value === 'string' ? (value.trim().split('/').at(-1) ?? '') : ''
    return POOL_ID.test(last) ? last : undefined
  },
}

function create<const Name extends string = 'cognito', Extra = unknown>(
  options: CognitoOptions<Name, Extra>,
): Provider<Name, CognitoClaims & Extra> {
  checkOptions('cognito', options, {
    ...adapterOptions,
    userPoolId: poolIdRule,
    region: optional({ expected: 'a region such as "eu-central-1"', accepts: (value) => typeof value === 'string' }),
    clientId: textOrTexts('an app client id, or several'),
    tokenUse: choice('access', 'id'),
    groups: optional(texts('an array of group names')),
  })
  const { userPoolId, clientId, tokenUse, groups } = options
  const region = regionOf(options)
  return defineProvider<Name, CognitoClaims, Extra>({
    ...adapterRules(options, { name: 'cognito', algorithms: ['RS256'], requiredClaims: ['sub'] }),
    // A pool issues under one of two names (IssuerConfiguration ORIGINAL or UPDATED), each with its keys beside it.
    issuer: [
      `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
      `https://issuer-cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    ],
    audience:
      tokenUse === 'id'
        ? clientId
        : unchecked('access tokens name their client in client_id, which is checked, and have no aud of their own'),
    keys: (issuer) => remoteJwks(`${issuer}/.well-known/jwks.json`),
    checks: [
      claimIs('token_use', tokenUse),
      ...(tokenUse === 'access' ? [claimIs('client_id', clientId)] : []),
      ...(groups ? [inOneOf(groups)] : []),
    ],
    identify: (claims) => ({ clientId: textClaim(claims, tokenUse === 'id' ? 'aud' : 'client_id') }),
    hint: (problem) => hint(problem, tokenUse),
  })
}

/** The region is part of the pool id: a second one can only repeat it. */
function regionOf({ userPoolId, region }: CognitoOptions<string, unknown>): string {
  const own = POOL_ID.exec(userPoolId)?.[1] ?? ''
  if (region === undefined || region === own) return own
  throw configInvalid(
    'cognito',
    'region',
    `${printable(own)}, as in userPoolId ${printable(userPoolId)}`,
    printable(region),
  )
}

function inOneOf(accepted: readonly string[]): TokenCheck {
  const groups = [...accepted]
  return {
    name: 'cognito:groups',
    check(claims): CheckFailure | undefined {
      const held = ownClaim(claims, 'cognito:groups')
      if (Array.isArray(held) && groups.some((group) => held.includes(group))) return undefined
      const code = held === undefined ? 'CLAIM_MISSING' : 'CLAIM_INVALID'
      return { code, subject: 'cognito:groups', expected: oneOf(groups), found: printable(held) }
    },
  }
}

function fromEnv<const Name extends string = 'cognito', Extra = unknown>(
  options: Partial<CognitoOptions<Name, Extra>> = {},
  environment?: Environment,
): Provider<Name, CognitoClaims & Extra> {
  const env = readEnvironment('cognito', environment)
  return create({
    ...options,
    userPoolId: options.userPoolId ?? env.required('COGNITO_USER_POOL_ID'),
    clientId: options.clientId ?? env.requiredList('COGNITO_CLIENT_ID'),
    tokenUse: options.tokenUse ?? ((env.optional('COGNITO_TOKEN_USE') ?? 'access') as 'access' | 'id'),
    groups: options.groups ?? env.list('COGNITO_GROUPS'),
  })
}

function hint({ code, subject, claims = {}, parts }: TokenProblem, wanted: 'access' | 'id'): string | undefined {
  if (code === 'TOKEN_MALFORMED') {
    return parts === 5
      ? 'Cognito’s refresh tokens are encrypted, and no API takes them: send the access token.'
      : undefined
  }
  if (code === 'ISSUER_UNKNOWN') return issuerHint(textClaim(claims, 'iss') ?? '')
  // An access token fails for its missing aud before its token_use is looked at.
  const other = subject === 'token_use' || (subject === 'aud' && code === 'CLAIM_MISSING')
  if (other) return otherTokenHint(textClaim(claims, 'token_use'), wanted)
  if (subject === 'client_id' || (subject === 'aud' && wanted === 'id')) {
    return 'The token was issued to another app client of this pool: list its id in clientId if this API serves that client too.'
  }
  if (subject === 'cognito:groups') {
    return 'Groups are read when the user signs in: a user added to a group since must sign in again.'
  }
  return undefined
}

function issuerHint(issuer: string): string | undefined {
  if (issuer.includes('//cognito-identity.')) {
    return 'This token is of an identity pool, for AWS itself: send the access token of the user pool.'
  }
  if (!issuer.includes('cognito-idp.')) return undefined
  return /^https:\/\/[a-z0-9.-]+\.amazonaws\./.test(issuer)
    ? 'The token is from another user pool, or another region: compare userPoolId with the end of iss.'
    : 'The token is not of AWS but of an emulator: compose that one with defineProvider, under the issuer that it gives itself.'
}

function otherTokenHint(found: string | undefined, wanted: 'access' | 'id'): string | undefined {
  if (found === wanted) return undefined
  if (found === 'id') {
    return 'This is an ID token. Send the access token to the API, or set tokenUse: "id" if the API is meant to take ID tokens.'
  }
  return found === 'access'
    ? 'This is an access token. Set tokenUse: "access" if the API is meant to take access tokens.'
    : undefined
}
