import { type Answer, ok } from './answer.ts'
import type { RecordedRequest } from './exchange.ts'
import { randomText } from './identifiers.ts'
import type { Route } from './route.ts'

/** The tokens of OneLogin's own API. */
export interface ApiTokens {
  /** The endpoint that gives them out. */
  route(url: string): Route
  /** Whether this is a bearer token that is still good. */
  accepts(authorization: string | null): boolean
  revoke(): void
  /** Every token that was ever given out. */
  issued(): readonly string[]
}

interface TokenSet {
  readonly endsAt: number
  readonly accessToken: string
  readonly body: Readonly<Record<string, unknown>>
}

/** Gives out one token at a time: who asks again gets the same one until it ends or is revoked, as OneLogin has it. */
export function apiTokens(clientId: string, clientSecret: string, lifetimeSec: number): ApiTokens {
  const issued: string[] = []
  let held: TokenSet | undefined
  const current = (): TokenSet | undefined => (held && held.endsAt > Date.now() ? held : undefined)
  const allowed = credentialCheck(clientId, clientSecret)
  return {
    route: (url) => ({
      method: 'POST',
      url,
      authorized: allowed,
      answer: (request) => {
        const refusal = allowed(request.headers.authorization ?? null) ? wrongBody(request) : UNAUTHORIZED
        if (refusal) return refusal
        held = current() ?? newTokenSet(lifetimeSec)
        if (!issued.includes(held.accessToken)) issued.push(held.accessToken)
        return ok(held.body, { 'cache-control': 'no-store' })
      },
    }),
    accepts: (authorization) => {
      const [, token] = /^bearer (\S+)$/i.exec(authorization ?? '') ?? []
      return token !== undefined && token === current()?.accessToken
    },
    revoke: () => {
      held = undefined
    },
    issued: () => [...issued],
  }
}

function newTokenSet(lifetimeSec: number): TokenSet {
  const accessToken = randomText(64)
  const body = {
    access_token: accessToken,
    created_at: new Date().toISOString(),
    expires_in: lifetimeSec,
    refresh_token: randomText(64),
    token_type: 'bearer',
    account_id: 555555,
  }
  return { accessToken, body, endsAt: Date.now() + lifetimeSec * 1000 }
}

/** Both forms: OneLogin's own, `client_id:…, client_secret:…`, and Basic (RFC 7617). */
function credentialCheck(clientId: string, clientSecret: string): (authorization: string | null) => boolean {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  return (authorization) => {
    const [, id, secret] = /^client_id:\s*([^,\s]+),\s*client_secret:\s*(\S+)$/.exec(authorization ?? '') ?? []
    if (id === clientId && secret === clientSecret) return true
    return /^basic (\S+)$/i.exec(authorization ?? '')?.[1] === basic
  }
}

const UNAUTHORIZED: Answer = failure(401, 'Unauthorized', 'Authentication Failure')

function wrongBody({ headers, body }: RecordedRequest): Answer | undefined {
  if (!headers['content-type']?.startsWith('application/json')) {
    return failure(
      400,
      'bad request',
      'Content Type is not specified or specified incorrectly. Content-Type header must be set to application/json',
    )
  }
  return grantType(body) === 'client_credentials'
    ? undefined
    : failure(400, 'bad request', 'grant_type is incorrect/absent')
}

function grantType(body: string): unknown {
  try {
    return (JSON.parse(body) as { grant_type?: unknown } | null)?.grant_type
  } catch {
    return undefined
  }
}

function failure(status: number, type: string, message: string): Answer {
  return { status, body: { status: { error: true, code: status, type, message } } }
}
