import {
  HttpError,
  isKeysourceError,
  jwkArrayFrom,
  type KeySource,
  KeysError,
  type LoadContext,
  type LoadedKeys,
  loadJwks,
} from '@keysource/core'

/** An API credential with the scope "Manage All". Console: Developers, API Credentials. */
export interface SigningKeysOptions {
  readonly from: 'signing-keys'
  readonly clientId: string
  /** Sent to the token endpoint of OneLogin's own API, and nowhere else. */
  readonly clientSecret: string
  /** Where your account lives. */
  readonly region: 'us' | 'eu'
}

/** A bearer token of OneLogin's own API. */
interface ApiToken {
  readonly value: string
  /** From then on another one is asked for. Wall time in milliseconds. */
  readonly renewAt: number
}

// A token that ends while a request is on its way is refused, so it is renewed before; one that lives for less, at half its life.
const RENEW_BEFORE_END_MS = 60_000

/**
 * The keys from the administrators' endpoint, which asks for a bearer token: generated from the API credential, used for as
 * long as it lives, renewed before it ends, or when a 401 says that it did. Active and draining keys verify alike.
 *
 * @see https://developers.onelogin.com/openid-connect/api/list-keys
 * @see https://developers.onelogin.com/api-docs/1/oauth20-tokens/generate-tokens-2
 */
export function signingKeys(issuer: string, options: SigningKeysOptions): KeySource {
  const url = `${issuer}/signing_keys`
  let held: ApiToken | undefined

  async function loadWith(token: ApiToken, context: LoadContext): Promise<LoadedKeys> {
    held = token
    try {
      return await loadJwks(context, url, { authorization: `bearer ${token.value}` }, jwkArrayFrom)
    } catch (error) {
      if (statusOf(error) === 401) held = undefined
      throw error
    }
  }

  return Object.freeze({
    id: url,
    async load(context: LoadContext): Promise<LoadedKeys> {
      const now = context.now ?? Date.now()
      const usable = held && held.renewAt > now ? held : undefined
      const token = usable ?? (await generateToken(options, context, now))
      // A token that is new here may be old all the same: OneLogin gives out one until it ends.
      const first = await loadWith(token, context).catch(onlyIf401)
      if (first) return first
      const renewed = await generateToken(options, context, now)
      return loadWith(renewed, context).catch((error: unknown) => {
        throw explained(error, 'the API credential needs the scope "Manage All" of this account')
      })
    },
  })
}

function onlyIf401(error: unknown): undefined {
  if (statusOf(error) === 401) return undefined
  throw explained(error, 'the API credential needs the scope "Manage All" of this account')
}

async function generateToken(options: SigningKeysOptions, { http }: LoadContext, now: number): Promise<ApiToken> {
  const { region, clientId, clientSecret } = options
  const url = `https://api.${region}.onelogin.com/auth/oauth2/v2/token`
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
  }
  const body = JSON.stringify({ grant_type: 'client_credentials' })
  const response = await http.request({ method: 'POST', url, headers, body }).catch((error: unknown) => {
    throw explained(error, `OneLogin does not take this clientId and clientSecret in the region "${region}"`)
  })
  // What a parser says of text that it cannot take repeats that text, and this one holds a token.
  return tokenFrom(await response.json().catch(() => undefined), url, now)
}

/** RFC 6750 section 2.1. */
const BEARER_TOKEN = /^[\w.~+/-]+=*$/

function tokenFrom(body: unknown, url: string, now: number): ApiToken {
  const { access_token: value, expires_in, created_at } = (body ?? {}) as Readonly<Record<string, unknown>>
  const lifetimeMs = Number(expires_in) * 1000
  if (typeof value !== 'string' || !BEARER_TOKEN.test(value) || !(lifetimeMs > 0)) {
    const message = `${url}: expected JSON with access_token and expires_in, found another body`
    throw new KeysError('KEYS_UNAVAILABLE', message)
  }
  const createdAt = Date.parse(String(created_at))
  // By the clock of another machine: where it makes no sense here, the token counts as new.
  const beganAt = createdAt <= now && createdAt + lifetimeMs > now ? createdAt : now
  return { value, renewAt: beganAt + lifetimeMs - Math.min(RENEW_BEFORE_END_MS, lifetimeMs / 2) }
}

function statusOf(error: unknown): number | undefined {
  return isKeysourceError(error) ? (error as Partial<HttpError>).responseStatus : undefined
}

/** The same error with what a refusal means here. */
function explained(error: unknown, why: string): unknown {
  const status = statusOf(error)
  if (status !== 401 && status !== 403) return error
  const { message, retryAfterMs } = error as HttpError
  return new HttpError(`${message}: ${why}`, status, retryAfterMs, { cause: error })
}
