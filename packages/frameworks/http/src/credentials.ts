/** What is read of a request, whatever server it came to. */
export interface RequestHead {
  readonly method: string
  /** Every value of a header, in the order in which they came; none for a header that is not there. `name` is in lower case. */
  readonly values: (name: string) => readonly string[]
}

/** A token that was found elsewhere, as if it had come as a bearer. */
export function bearing(jwt: unknown): RequestHead {
  return { method: 'GET', values: (name) => (name === 'authorization' ? [`Bearer ${jwt}`] : []) }
}

/** Where a token may stand, besides the `Authorization` header. */
export interface TokenPlaces {
  /** A header that holds nothing but the token, in lower case: `cf-access-jwt-assertion`. */
  readonly header?: string | undefined
  /** A cookie that holds the token: `__session`. */
  readonly cookie?: string | undefined
}

/** What was sent as a token; `malformed` says what is wrong with how it was sent. With neither there is none. */
export interface Credentials {
  readonly jwt?: string
  readonly malformed?: string
}

const NONE: Credentials = Object.freeze({})

/**
 * Finds the token of a request: in the `Authorization` header, else in the header or cookie that was asked for. Never in the
 * query string, which ends up in logs and histories (RFC 9700 section 4.3.2).
 */
export function credentialsIn(request: RequestHead, { header, cookie }: TokenPlaces): Credentials {
  const bearer = bearerIn(request.values('authorization'))
  if (bearer !== NONE) return bearer
  const own = header === undefined ? NONE : bare(request.values(header))
  if (own !== NONE) return own
  return cookie === undefined ? NONE : bare(cookiesNamed(cookie, request.values('cookie')))
}

/** RFC 6750 section 2.1; the scheme's case does not matter (RFC 9110 section 11.1). */
function bearerIn(values: readonly string[]): Credentials {
  const [only = ''] = values
  if (values.length === 1 && only.startsWith('Bearer ')) return { jwt: only.slice('Bearer '.length).trimStart() }
  // Some servers join two headers into one line, so two lines are judged as if they had been joined.
  const value = values.join(', ')
  const token = /^bearer +(.*)$/i.exec(value)?.[1]
  if (token !== undefined) return { jwt: token }
  return /(?:^|,\s*)bearer(?:\s|$)/i.test(value) ? { malformed: HOW } : NONE
}

const HOW = 'the Authorization header has to be "Bearer", a blank and one token'

/** RFC 6750 section 2.1: what may be a token at all. What is none, as two of them with a comma between, is a malformed request. */
export function mayBeToken(text: string): boolean {
  return /^[A-Za-z0-9\-._~+/]+=*$/.test(text)
}

function bare(values: readonly string[]): Credentials {
  const value = values.join(', ')
  return value === '' ? NONE : { jwt: value }
}

/** RFC 6265 section 5.4. Two of one name are two values: whoever can set a cookie for a parent domain must not pick the token. */
function cookiesNamed(name: string, values: readonly string[]): readonly string[] {
  return values
    .flatMap((line) => line.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** A request that only asks what may be asked: it carries no credentials (Fetch standard, CORS-preflight fetch). */
export function isPreflight({ method, values }: RequestHead): boolean {
  return method === 'OPTIONS' && values('origin').length > 0 && values('access-control-request-method').length > 0
}
