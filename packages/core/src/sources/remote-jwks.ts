import type { JSONWebKeySet, JWK } from 'jose'
import { engine } from '#signature'
import { maxAgeMsOf } from '../cache-control.ts'
import type { KeySource, LoadContext, LoadedKeys } from '../key-source.ts'
import { checkOption, checkOptions, choice, httpsUrl, type OptionRule, optional } from '../options.ts'
import { publicKeyToJwk, readPublicKeyPem } from '../pem.ts'
import { isRecord } from '../record.ts'
import { shownUrl, urlId } from '../shown-url.ts'
import { jwkArrayFrom, jwkSetFrom, readJson, unexpected } from './jwk-set.ts'

/** Headers of a request, or a function that makes them anew for each one: a bearer token that does not live long. */
export type SourceHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

/** Options of {@link remoteJwks}. */
export interface RemoteJwksOptions {
  /** Sent with each request, to this URL alone. */
  readonly headers?: SourceHeaders | undefined
  /**
   * What the body is: a JWK Set (`'jwks'`, the default), a map from `kid` to a PEM certificate or public key (`'pem-map'`;
   * certificates are read on Node), or a bare array of JWKs (`'jwk-array'`).
   */
  readonly format?: 'jwks' | 'pem-map' | 'jwk-array' | undefined
}

/** What request headers may be. */
export const headersRule: OptionRule = {
  expected: 'an object of header names and values, or a function that returns one',
  accepts: (value) =>
    typeof value === 'function' || (isRecord(value) && Object.values(value).every((item) => typeof item === 'string')),
  secret: true,
}

/**
 * A key set behind a URL.
 *
 * @param url - https, or plain http on this machine
 * @throws `CONFIG_INVALID` for a wrong URL or option
 *
 * @example
 * ```ts
 * remoteJwks('https://id.example.com/.well-known/jwks.json')
 * remoteJwks('https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com', { format: 'pem-map' })
 * ```
 *
 * @see RFC 7517 section 5
 */
export function remoteJwks(url: string | URL, options: RemoteJwksOptions = {}): KeySource {
  const address = String(url)
  checkOption('remoteJwks', 'url', address, httpsUrl('https://id.example.com/.well-known/jwks.json'))
  checkOptions('remoteJwks', options, {
    headers: optional(headersRule),
    format: optional(choice('jwks', 'pem-map', 'jwk-array')),
  })
  const { headers, format = 'jwks' } = options
  return Object.freeze({
    id: urlId(address),
    load: async (context: LoadContext): Promise<LoadedKeys> => loadJwks(context, address, headers, BODIES[format]),
  })
}

/** Makes a set of what a body says, or throws what was expected instead. */
export type BodyReader = (body: unknown, where: string) => JSONWebKeySet | Promise<JSONWebKeySet>

/** Fetches one set, with the validators of the last answer (RFC 9110 section 13.1). */
export async function loadJwks(
  { http, previous }: LoadContext,
  url: string,
  headers: SourceHeaders | undefined,
  read: BodyReader,
): Promise<LoadedKeys> {
  const own = typeof headers === 'function' ? await headers() : headers
  const response = await http.request({ url, headers: { ...validators(previous), ...own } })
  const answer = freshnessOf(response)
  if (response.status === 304) {
    if (!previous) throw unexpected(shownUrl(url), '200, as no validator was sent', 304)
    return { ...previous, ...answer, notModified: true }
  }
  const where = shownUrl(url)
  return { ...answer, jwks: await read(await readJson(response, where), where) }
}

function validators(previous: LoadedKeys | undefined): Record<string, string> {
  if (previous?.etag) return { 'if-none-match': previous.etag }
  return previous?.lastModified ? { 'if-modified-since': previous.lastModified } : {}
}

/** What an answer says of how long it may be used, and how to ask whether it changed. */
export function freshnessOf({ headers }: Response): Omit<LoadedKeys, 'jwks'> {
  const maxAgeMs = maxAgeMsOf(headers)
  const etag = headers.get('etag')
  const lastModified = headers.get('last-modified')
  return {
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(etag && { etag }),
    ...(lastModified && { lastModified }),
  }
}

const BODIES: Readonly<Record<NonNullable<RemoteJwksOptions['format']>, BodyReader>> = {
  jwks: jwkSetFrom,
  'jwk-array': jwkArrayFrom,
  'pem-map': pemMapFrom,
}

/** A map from `kid` to PEM. A text that is no key becomes a member that the screening skips, so that the rest serves. */
async function pemMapFrom(body: unknown, where: string): Promise<JSONWebKeySet> {
  if (!isRecord(body)) {
    throw unexpected(where, 'an object from kid to PEM', body)
  }
  const keys: JWK[] = []
  for (const [kid, text] of Object.entries(body)) keys.push({ ...(await jwkFromPem(text)), kid })
  return { keys }
}

/** A certificate or public key in PEM as a JWK; certificates carry their dates along. */
export async function jwkFromPem(text: unknown): Promise<JWK & { nbf?: number; exp?: number }> {
  const pem = typeof text === 'string' ? text : ''
  try {
    if (!pem.includes('BEGIN CERTIFICATE')) return await publicKeyToJwk(readPublicKeyPem(pem))
    if (!engine.readCertificate) throw new Error('a certificate, which is read on Node alone')
    const { publicKeyPem, notBefore, notAfter } = engine.readCertificate(pem)
    return { ...(await publicKeyToJwk(readPublicKeyPem(publicKeyPem))), nbf: notBefore, exp: notAfter }
  } catch (error) {
    return { kty: `unreadable PEM: ${(error as Error).message}` }
  }
}
