import {
  HttpError,
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
  readonly clientSecret: string
  /** Where your account lives. */
  readonly region: 'us' | 'eu'
}

/** A bearer token of OneLogin's own API, and when it ends. */
interface ApiToken {
  readonly value: string
  /** Wall time in milliseconds. */
  readonly endsAt: number
}

// A token that ends while a request is on its way is refused, so it is renewed before; one that lives for less, at half its life.
// OneLogin may give out the same token once more, as it does until a token ends: then the 401 that follows renews it.
const RENEW_BEFORE_END_MS = 60_000

/**
 * The keys from the administrators' endpoint, which asks for a bearer token: generated from the API credential, used for as
 * long as it lives, renewed before it ends or when a 401 says so. Active and draining keys verify alike.
 *
 * @see https://developers.onelogin.com/openid-connect/api/list-keys
 * @see https://developers.onelogin.com/api-docs/1/oauth20-tokens/generate-tokens-2
 */
export function signingKeys(subdomain: string, options: SigningKeysOptions): KeySource {
  const url = `https://${subdomain}.onelogin.com/oidc/2/signing_keys`
  let token: ApiToken | undefined

  async function loadWith({ value }: ApiToken, context: LoadContext): Promise<LoadedKeys> {
    return loadJwks(context, url, { authorization: `bearer ${value}` }, jwkArrayFrom)
  }

  return Object.freeze({
    id: url,
    async load(context: LoadContext): Promise<LoadedKeys> {
      const now = context.now ?? Date.now()
      const held = token && token.endsAt > now ? token : undefined
      const current = held ?? (await generateToken(options, context, now))
      token = current
      try {
        return await loadWith(current, context)
      } catch (error) {
        if (!held || !(error instanceof HttpError) || error.responseStatus !== 401) throw error
        token = await generateToken(options, context, now)
        return loadWith(token, context)
      }
    },
  })
}

async function generateToken(options: SigningKeysOptions, { http }: LoadContext, now: number): Promise<ApiToken> {
  const { region, clientId, clientSecret } = options
  const url = `https://api.${region}.onelogin.com/auth/oauth2/v2/token`
  const response = await http.request({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
    },
    body: JSON.stringify({ grant_type: 'client_credentials' }),
  })
  // What a parser or a header says of text that it cannot take repeats that text, and this one holds a token.
  const body = (await response.json().catch(() => undefined)) as { access_token?: unknown; expires_in?: unknown } | null
  const value = body?.access_token
  const lifetimeMs = Number(body?.expires_in) * 1000
  if (typeof value !== 'string' || !BEARER_TOKEN.test(value) || !(lifetimeMs > 0)) {
    throw new KeysError(
      'KEYS_UNAVAILABLE',
      `${url}: expected JSON with access_token and expires_in, found another body`,
    )
  }
  return { value, endsAt: now + lifetimeMs - Math.min(RENEW_BEFORE_END_MS, lifetimeMs / 2) }
}

/** RFC 6750 section 2.1. */
const BEARER_TOKEN = /^[\w.~+/-]+=*$/
