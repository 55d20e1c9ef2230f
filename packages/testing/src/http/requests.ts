import type { HttpRoute } from './routes.ts'
import type { HttpTokens } from './tokens.ts'

type HeaderLines = (tokens: HttpTokens) => readonly (readonly [name: string, value: string])[]

/** What is answered. */
interface HttpAnswer {
  readonly status: number
  /** `www-authenticate`; none where it is left out. */
  readonly challenge?: string | undefined
  /** Of a request that is let through: who sent it. */
  readonly caller?: 'ada' | 'nobody'
  /** Members of the body beside `title` and `status`. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined
}

/** One request, and the answer that every framework gives. */
export interface HttpCase extends HttpAnswer {
  readonly name: string
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'OPTIONS'
  readonly path: HttpRoute | `${HttpRoute}?${string}`
  /** Header lines; a name may come twice. */
  readonly headers?: HeaderLines
  /** The answer where of several `Authorization` headers the first alone is seen. */
  readonly first?: HttpAnswer
}

type TokenName = keyof HttpTokens

const line =
  (value: (tokens: HttpTokens) => string): HeaderLines =>
  (tokens) => [['authorization', value(tokens)]]
const bearer = (name: TokenName): HeaderLines => line((tokens) => `Bearer ${tokens[name]}`)
const cookie =
  (value: (tokens: HttpTokens) => string): HeaderLines =>
  (tokens) => [['cookie', value(tokens)]]
const assertion = 'cf-access-jwt-assertion'

const passed = { status: 200, caller: 'ada', challenge: undefined, error: undefined } as const
const anonymous = { status: 200, caller: 'nobody' } as const
const noCredentials = { status: 401, challenge: 'Bearer', error: undefined } as const
const badRequest = { status: 400, error: 'invalid_request', challenge: 'Bearer error="invalid_request"' } as const
const badToken = { status: 401, error: 'invalid_token', challenge: 'Bearer error="invalid_token"' } as const
const outage = { status: 503 } as const
const lacks = (scope: string) =>
  ({
    status: 403,
    error: 'insufficient_scope',
    challenge: `Bearer error="insufficient_scope", scope="${scope}"`,
  }) as const

/** The rules of RFC 6750 as requests and answers. */
export const HTTP_CASES: readonly HttpCase[] = [
  { name: 'no header', path: '/private', ...noCredentials },
  { name: 'a good token', path: '/private', headers: bearer('good'), ...passed },
  { name: '`bearer` in lower case', path: '/private', headers: line(({ good }) => `bearer ${good}`), ...passed },
  { name: '`BEARER` in capitals', path: '/private', headers: line(({ good }) => `BEARER ${good}`), ...passed },
  { name: 'two blanks after the scheme', path: '/private', headers: line(({ good }) => `Bearer  ${good}`), ...passed },
  { name: 'a tab after the scheme', path: '/private', headers: line(({ good }) => `Bearer\t${good}`), ...badRequest },
  { name: '`Basic`', path: '/private', headers: line(() => 'Basic YWRhOnNlY3JldA=='), ...noCredentials },
  { name: '`DPoP`', path: '/private', headers: line(({ good }) => `DPoP ${good}`), ...noCredentials },
  {
    name: 'another scheme that begins alike',
    path: '/private',
    headers: line(({ good }) => `BearerX ${good}`),
    ...noCredentials,
  },
  { name: 'a token without a scheme', path: '/private', headers: line(({ good }) => good), ...noCredentials },
  { name: 'an empty header', path: '/private', headers: line(() => ''), ...noCredentials },
  { name: 'an empty token', path: '/private', headers: line(() => 'Bearer'), ...badRequest },
  { name: 'an empty token after a blank', path: '/private', headers: line(() => 'Bearer '), ...badRequest },
  { name: 'a token with spaces', path: '/private', headers: line(() => 'Bearer a b'), ...badRequest },
  {
    name: 'a token in quotation marks',
    path: '/private',
    headers: line(({ good }) => `Bearer "${good}"`),
    ...badRequest,
  },
  {
    name: 'a token and a parameter',
    path: '/private',
    headers: line(({ good }) => `Bearer ${good}, realm="x"`),
    ...badRequest,
  },
  {
    name: 'two headers',
    path: '/private',
    headers: ({ good, expired }) => [
      ['authorization', `Bearer ${good}`],
      ['authorization', `Bearer ${expired}`],
    ],
    ...badRequest,
    first: passed,
  },
  {
    name: 'two headers with one token',
    path: '/private',
    headers: ({ good }) => [
      ['authorization', `Bearer ${good}`],
      ['authorization', `Bearer ${good}`],
    ],
    ...badRequest,
    first: passed,
  },
  {
    name: 'two headers, `Basic` first',
    path: '/private',
    headers: ({ good }) => [
      ['authorization', 'Basic YWRhOnNlY3JldA=='],
      ['authorization', `Bearer ${good}`],
    ],
    ...badRequest,
    first: noCredentials,
  },
  { name: 'an opaque token', path: '/private', headers: line(() => 'Bearer gho_16C7e42F292c6912'), ...badToken },
  { name: 'a name of every object', path: '/private', headers: line(() => 'Bearer __proto__'), ...badToken },
  { name: 'an expired token', path: '/private', headers: bearer('expired'), ...badToken },
  { name: 'a token that is not valid yet', path: '/private', headers: bearer('early'), ...badToken },
  { name: 'a token signed by somebody else', path: '/private', headers: bearer('forged'), ...badToken },
  { name: 'an unsigned token', path: '/private', headers: bearer('unsigned'), ...badToken },
  { name: 'a token signed with the public key as a secret', path: '/private', headers: bearer('hmac'), ...badToken },
  { name: 'a token for another API', path: '/private', headers: bearer('elsewhere'), ...badToken },
  { name: 'a token of an issuer that is not composed', path: '/private', headers: bearer('stranger'), ...badToken },
  { name: 'a token bound to a key by DPoP, RFC 9449', path: '/private', headers: bearer('dpopBound'), ...badToken },
  { name: 'a token bound to a certificate, RFC 8705', path: '/private', headers: bearer('mtlsBound'), ...badToken },
  { name: 'an outage of the issuer', path: '/private', headers: bearer('outage'), ...outage },
  { name: 'a token in the query string', path: '/private?access_token=TOKEN', ...noCredentials },
  { name: 'POST without a token', path: '/private', method: 'POST', ...noCredentials },
  { name: 'HEAD without a token', path: '/private', method: 'HEAD', ...noCredentials },
  {
    name: 'a CORS preflight',
    path: '/private',
    method: 'OPTIONS',
    headers: () => [
      ['origin', 'https://app.example'],
      ['access-control-request-method', 'GET'],
      ['access-control-request-headers', 'authorization'],
    ],
    status: 204,
  },
  { name: '`OPTIONS` that is no preflight', path: '/private', method: 'OPTIONS', ...noCredentials },
  { name: 'scopes: held', path: '/reports', headers: bearer('good'), ...passed },
  { name: 'scopes: missing', path: '/reports', headers: bearer('scopeless'), ...lacks('read:reports') },
  { name: 'scopes: one of two missing', path: '/admin', headers: bearer('good'), ...lacks('read:reports admin') },
  { name: 'scopes: no header', path: '/reports', ...noCredentials },
  { name: 'scopes: expired and missing', path: '/admin', headers: bearer('expired'), ...badToken },
  { name: 'optional: no header', path: '/optional', ...anonymous },
  { name: 'optional: `Basic`', path: '/optional', headers: line(() => 'Basic YWRhOnNlY3JldA=='), ...anonymous },
  { name: 'optional: a good token', path: '/optional', headers: bearer('good'), ...passed },
  { name: 'optional: an expired token', path: '/optional', headers: bearer('expired'), ...badToken },
  { name: 'optional: an empty token', path: '/optional', headers: line(() => 'Bearer'), ...badRequest },
  { name: 'optional: an outage', path: '/optional', headers: bearer('outage'), ...outage },
  { name: 'cookie: a good token', path: '/cookie', headers: cookie(({ good }) => `__session=${good}`), ...passed },
  {
    name: 'cookie: among others',
    path: '/cookie',
    headers: cookie(({ good }) => `a=1; __session=${good}; b=2`),
    ...passed,
  },
  {
    name: 'cookie: an expired token',
    path: '/cookie',
    headers: cookie(({ expired }) => `__session=${expired}`),
    ...badToken,
  },
  {
    name: 'cookie: two of one name',
    path: '/cookie',
    headers: cookie(({ good, expired }) => `__session=${good}; __session=${expired}`),
    ...badRequest,
  },
  { name: 'cookie: empty', path: '/cookie', headers: cookie(() => '__session='), ...noCredentials },
  { name: 'cookie: no token', path: '/cookie', headers: cookie(() => '__session=a b'), ...badRequest },
  {
    name: 'cookie: another name',
    path: '/cookie',
    headers: cookie(({ good }) => `__session_x=${good}`),
    ...noCredentials,
  },
  {
    name: 'cookie: where none was asked for',
    path: '/private',
    headers: cookie(({ good }) => `__session=${good}`),
    ...noCredentials,
  },
  {
    name: 'cookie: beside a header, which decides',
    path: '/cookie',
    headers: ({ good, expired }) => [
      ['authorization', `Bearer ${expired}`],
      ['cookie', `__session=${good}`],
    ],
    ...badToken,
  },
  {
    name: 'cookie: beside `Basic`',
    path: '/cookie',
    headers: ({ good }) => [
      ['authorization', 'Basic YWRhOnNlY3JldA=='],
      ['cookie', `__session=${good}`],
    ],
    ...passed,
  },
  { name: 'custom header: a good token', path: '/header', headers: ({ good }) => [[assertion, good]], ...passed },
  {
    name: 'custom header: an expired token',
    path: '/header',
    headers: ({ expired }) => [[assertion, expired]],
    ...badToken,
  },
  {
    name: 'custom header: with a scheme',
    path: '/header',
    headers: ({ good }) => [[assertion, `Bearer ${good}`]],
    ...badRequest,
  },
  {
    name: 'custom header: twice',
    path: '/header',
    headers: ({ good, expired }) => [
      [assertion, good],
      [assertion, expired],
    ],
    ...badRequest,
  },
  {
    name: 'custom header: where none was asked for',
    path: '/private',
    headers: ({ good }) => [[assertion, good]],
    ...noCredentials,
  },
  { name: 'provider: the right one', path: '/acme', headers: bearer('good'), ...passed },
  { name: 'provider: another one', path: '/acme', headers: bearer('outage'), ...badToken },
  { name: 'audience: not among those of the token', path: '/audience', headers: bearer('good'), ...badToken },
  {
    name: 'metadata: no header',
    path: '/metadata',
    status: 401,
    challenge: 'Bearer realm="acme", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"',
  },
  {
    name: 'metadata: an expired token',
    path: '/metadata',
    headers: bearer('expired'),
    status: 401,
    error: 'invalid_token',
    challenge:
      'Bearer realm="acme", error="invalid_token", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"',
  },
]
