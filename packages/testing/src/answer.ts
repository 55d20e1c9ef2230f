import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'

/** What a provider's endpoint answers. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body: unknown
}

/** An answer as it goes over the wire. */
export interface EncodedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** A successful answer. */
export function ok(body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers, body }
}

/** The `Cache-Control` header, or none. */
export function cacheControl(value: string | undefined): Readonly<Record<string, string>> {
  return value ? { 'cache-control': value } : {}
}

/** Encodes an answer; a successful one gets an `ETag`. */
export function jsonAnswer({ status, headers, body }: Answer): EncodedAnswer {
  const text = JSON.stringify(body)
  const etag = status === 200 ? { etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` } : {}
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...etag, ...headers }, text }
}

/** A 304 in place of an answer that the client has already (RFC 9110 section 13.1.2). */
export function notModified(answer: EncodedAnswer, ifNoneMatch: string | undefined): EncodedAnswer {
  const { etag } = answer.headers
  const held = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
  if (etag === undefined || !(held.includes(etag) || held.includes('*'))) return answer
  const { 'content-type': _, ...headers } = answer.headers
  return { status: 304, headers, text: '' }
}

/** Sends an answer, unless the client has gone. */
export function sendAnswer(response: ServerResponse, { status, headers, text }: EncodedAnswer): void {
  if (response.destroyed || response.headersSent) return
  const length = status === 304 ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  response.writeHead(status, { ...headers, ...length }).end(text)
}
