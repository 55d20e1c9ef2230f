import {
  type ConfigError,
  configInvalid,
  HttpError,
  isKeysourceError,
  type KeySource,
  type LoadContext,
  pemKey,
  printable,
  remoteJwks,
} from '@keysource/core'
import type { ClerkOptions } from './index.ts'
import { frontendApiIn } from './publishable-key.ts'

/** The host whose tokens these are. Where both options name it they agree. */
export function frontendApiOf({ publishableKey, frontendApi }: ClerkOptions<string, unknown>): string {
  if (publishableKey === undefined) {
    if (frontendApi !== undefined) return frontendApi
    throw configInvalid('clerk', 'publishableKey', 'a publishable key, or frontendApi in its place', 'neither')
  }
  const own = frontendApiIn(publishableKey)
  if (own === undefined) {
    const expected = 'a whole publishable key: "pk_test_" or "pk_live_" and base64 of a host name and "$"'
    throw configInvalid('clerk', 'publishableKey', expected, whatElse(publishableKey))
  }
  if (frontendApi === undefined || frontendApi === own) return own
  throw configInvalid('clerk', 'frontendApi', `${printable(own)}, as in publishableKey`, printable(frontendApi))
}

/** The three ways to the keys. */
export function keysOf({ jwtKey, secretKey, apiUrl }: ClerkOptions<string, unknown>, frontendApi: string): KeySource {
  if (apiUrl !== undefined && secretKey === undefined)
    throw configInvalid('clerk', 'apiUrl', 'secretKey beside it, as only the Backend API is there', 'no secretKey')
  if (jwtKey !== undefined) {
    if (secretKey === undefined) return pinnedKey(jwtKey, frontendApi)
    throw configInvalid('clerk', 'jwtKey', 'one way to the keys, jwtKey or secretKey', 'both')
  }
  if (secretKey !== undefined) return backendKeys(secretKey, apiUrl, frontendApi)
  return remoteJwks(`https://${frontendApi}/.well-known/jwks.json`)
}

function pinnedKey(jwtKey: string, frontendApi: string): KeySource {
  try {
    return Object.freeze({ ...pemKey(jwtKey, { alg: 'RS256' }), id: `clerk:jwtKey:${frontendApi}` })
  } catch (error) {
    const { expected = 'a public key in PEM', found = 'something else' } = error as ConfigError
    throw configInvalid('clerk', 'jwtKey', expected, found)
  }
}

const SECRET_KEY = /^sk_(?:test|live)_[\x21-\x7e]+$/

/** The secret key stands in a header of requests to this URL, which are never redirected, and nowhere else. */
function backendKeys(secretKey: string, apiUrl = 'https://api.clerk.com', frontendApi: string): KeySource {
  if (!SECRET_KEY.test(secretKey))
    throw configInvalid('clerk', 'secretKey', 'a secret key such as "sk_test_…"', whatElse(secretKey))
  const url = `${apiUrl.replace(/\/$/, '')}/v1/jwks`
  const { load } = remoteJwks(url, { headers: { authorization: `Bearer ${secretKey}` } })
  return Object.freeze({
    // Every instance's keys are behind this one URL: which of them is part of the name.
    id: `${url} (${frontendApi})`,
    load: (context: LoadContext) =>
      load(context).catch((error: unknown) => {
        throw secretKeyRefused(error)
      }),
  })
}

/** The same error with what a refusal means here. */
function secretKeyRefused(error: unknown): unknown {
  const status = isKeysourceError(error) ? (error as Partial<HttpError>).responseStatus : undefined
  if (status !== 401 && status !== 403) return error
  const { message, retryAfterMs } = error as HttpError
  const why = 'Clerk does not take this secretKey: it was deleted, or is of another place than apiUrl'
  return new HttpError(`${message}: ${why}`, status, retryAfterMs, { cause: error })
}

/** What was pasted instead of a key. Only what is public for sure is shown. */
function whatElse(key: string): string {
  if (key.startsWith('sk_')) return 'a secret key (not shown), which belongs in secretKey'
  if (frontendApiIn(key) !== undefined) return 'a publishable key, which belongs in publishableKey'
  return /^pk_[\w+/=$-]*$/.test(key) && !key.includes('sk_')
    ? printable(key)
    : 'another value (not shown, it may be a secret)'
}
