import type { JSONWebKeySet, JWK } from 'jose'
import { KeysError } from '../errors.ts'
import { printable } from '../printable.ts'
import { isRecord } from '../record.ts'

/** A JWK Set (RFC 7517 section 5) out of an answer's body: an object with an array `keys`. Other members are ignored. */
export function jwkSetFrom(body: unknown, where: string): JSONWebKeySet {
  const keys = isRecord(body) ? body.keys : undefined
  if (!Array.isArray(keys)) throw unexpected(where, 'a JWK Set, an object with an array "keys"', body)
  return { keys }
}

/** A bare array of JWKs, made a set. Each provider's extra members stay, unread. */
export function jwkArrayFrom(body: unknown, where: string): JSONWebKeySet {
  if (!Array.isArray(body)) throw unexpected(where, 'an array of JWKs', body)
  return { keys: body as JWK[] }
}

/** The error for a body of another shape. Text in a body is never quoted: an endpoint may echo the request's bearer token. */
export function unexpected(where: string, expected: string, body: unknown): KeysError {
  const found = typeof body === 'string' ? 'text' : Array.isArray(body) ? `an array of ${body.length}` : printable(body)
  return new KeysError('KEYS_UNAVAILABLE', `${where}: expected ${expected}, found ${found}`, { expected, found })
}

/** The body as JSON. An HTML page with status 200 is a failure like any other. */
export async function readJson(response: Response, where: string): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own error is left out: it quotes the text, which may hold a token.
    const found = `${printable(response.headers.get('content-type') ?? 'no content type')}, ${text.length} characters`
    throw new KeysError('KEYS_UNAVAILABLE', `${where}: expected JSON, found ${found}`, {
      expected: 'JSON',
      found,
    })
  }
}
