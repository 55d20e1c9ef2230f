import { retryAfterMsOf } from './cache-control.ts'
import { type ErrorDetails, KeysError, messageOf } from './errors.ts'
import { secureUrl } from './options.ts'
import { printable } from './printable.ts'
import { shownUrl } from './shown-url.ts'

/** One request of a key source. */
export interface HttpRequest {
  /** Default `GET`. */
  readonly method?: 'GET' | 'POST'
  /** https, or plain http on this machine. */
  readonly url: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * The only way out for a key source, hardened: https only (plain http on this machine), no redirect followed, one deadline
 * for headers and body, the body cut off at `maxBytes` while it streams and counted after decompression.
 */
export interface HttpClient {
  /**
   * Resolves with a 200, its body read whole, or a 304. Any other answer rejects with a {@link HttpError}, whose
   * `responseStatus` a source may look at.
   */
  request(request: HttpRequest): Promise<Response>
}

/** An answer that is no answer: its status says why. `status` stays what *our* caller's client should be told, 503. */
export class HttpError extends KeysError {
  override readonly name: string = 'HttpError'
  /** What the endpoint answered: 404, 500. */
  readonly responseStatus: number
  /** `Retry-After` in milliseconds, where the endpoint sent one. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, responseStatus: number, retryAfterMs: number | undefined, details?: ErrorDetails) {
    super('KEYS_UNAVAILABLE', message, details)
    this.responseStatus = responseStatus
    this.retryAfterMs = retryAfterMs
  }
}

/** What all requests of a verifier share. */
export interface HttpSettings {
  readonly fetch: typeof globalThis.fetch | undefined
  readonly maxBytes: number
  readonly now: () => number
}

// Token, discovery, keys, and one repeat: a load that wants more is a loop.
const MAX_REQUESTS_A_LOAD = 4

/** The client of one load: `signal` is the load's deadline, and `onRequest` counts. */
export function httpClient(settings: HttpSettings, signal: AbortSignal, onRequest: () => void): HttpClient {
  let made = 0
  return {
    async request(request) {
      const url = secureUrl(String(request.url))
      if (!url) throw unavailable(`expected an https URL (plain http only on localhost), found ${place(request.url)}`)
      made += 1
      if (made > MAX_REQUESTS_A_LOAD) throw unavailable(`expected at most ${MAX_REQUESTS_A_LOAD} requests in one load`)
      onRequest()
      return answerOf(await send(settings, url, request, signal), url, settings, signal)
    },
  }
}

async function send(settings: HttpSettings, url: URL, request: HttpRequest, signal: AbortSignal): Promise<Response> {
  const fetch = settings.fetch ?? globalThis.fetch
  const { method = 'GET', headers = {}, body } = request
  try {
    return await fetch(url.href, {
      method,
      headers: { accept: 'application/json', ...headers },
      redirect: 'manual',
      signal,
      ...(body !== undefined && { body }),
    })
  } catch (cause) {
    throw unavailable(`${method} ${place(url)} failed: ${reasonOf(cause, signal)}`, cause)
  }
}

async function answerOf(response: Response, url: URL, settings: HttpSettings, signal: AbortSignal): Promise<Response> {
  if (response.status === 304) return new Response(null, { status: 304, headers: response.headers })
  if (response.status !== 200) {
    await discard(response)
    throw refusal(response, url, settings.now())
  }
  const body = await readBody(response, url, settings.maxBytes, signal)
  return new Response(body, { headers: response.headers })
}

/** Reads to the end, or to the limit: a body that is too long is never held whole. */
async function readBody(response: Response, url: URL, maxBytes: number, signal: AbortSignal): Promise<BodyInit | null> {
  if (!response.body) return null
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return new Blob(chunks)
      bytes += value.byteLength
      if (bytes > maxBytes) break
      chunks.push(value)
    }
  } catch (cause) {
    throw unavailable(`the body of ${place(url)} broke off: ${reasonOf(cause, signal)}`, cause)
  }
  // A cancelled stream lets go of its connection; that it was cut off is all there is to know.
  reader.cancel().catch(() => {})
  throw unavailable(`${place(url)}: expected a body of at most ${maxBytes} bytes, found a longer one`)
}

function refusal(response: Response, url: URL, now: number): HttpError {
  const { status } = response
  const redirect = status === 0 || (status >= 300 && status < 400)
  const to = redirect ? redirectTarget(response, url) : ''
  const message = redirect
    ? `${place(url)}: expected 200, found a redirect (${status || 'opaque'})${to}, which is not followed`
    : `${place(url)}: expected 200, found ${status}`
  return new HttpError(message, status, retryAfterMsOf(response.headers, now))
}

function redirectTarget(response: Response, url: URL): string {
  const location = response.headers.get('location')
  if (!location || !URL.canParse(location, url)) return ''
  return ` to ${printable(new URL(location, url).origin)}`
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {}) // frees the connection; the status was the answer
}

function unavailable(message: string, cause?: unknown): KeysError {
  return new KeysError('KEYS_UNAVAILABLE', message, { cause })
}

function place(url: string | URL): string {
  return printable(shownUrl(url), 200)
}

/** What the network said. `fetch` hides the reason in `cause`. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return String(messageOf(signal.reason))
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string }
  return printable(cause?.code ?? cause?.message ?? message ?? error).slice(1, -1)
}
