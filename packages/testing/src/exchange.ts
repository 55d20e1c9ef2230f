import type { IncomingMessage, ServerResponse } from 'node:http'
import { type EncodedAnswer, jsonAnswer, notModified, sendAnswer } from './answer.ts'
import { type FaultSwitch, serveFault } from './fault.ts'
import { isOwn, type Route, routesAt } from './route.ts'
import { ORIGIN_HEADER } from './route-fetch.ts'

/** One request as the stand-in's server received it. */
export interface RecordedRequest {
  readonly method: string
  /** As the client asked: the provider's real host, path and query. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One request and its response. */
export interface Exchange {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** The URL that the client asked for, as the world knows it. */
  readonly url: URL
  /** Whether the client came by the provider's host, not by this server's own address. */
  readonly byHost: boolean
  readonly signal: AbortSignal
}

/** What the server was asked, as the world knows it. */
export function exchangeOf(
  message: IncomingMessage,
  response: ServerResponse,
  own: string,
  closing: AbortSignal,
): Exchange {
  const origin = askedOrigin(message, own)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  // A connection that is kept would be found dead by the next test that happens to get the same port.
  response.shouldKeepAlive = false
  return {
    message,
    response,
    url: new URL(message.url ?? '/', origin),
    byHost: !isOwn(origin, own),
    signal: AbortSignal.any([gone.signal, closing]),
  }
}

function askedOrigin(message: IncomingMessage, own: string): string {
  const origin = message.headers[ORIGIN_HEADER]
  if (typeof origin === 'string') return origin
  const byName = `http://${message.headers.host}`
  return isOwn(byName, own) ? byName : own
}

/** Answers one request, or lets it meet a fault. `record` sees it first. */
export async function handle(
  exchange: Exchange,
  routes: () => readonly Route[],
  faults: FaultSwitch,
  record: (request: RecordedRequest) => void,
): Promise<void> {
  const { url, response, signal, message } = exchange
  const request = await received(exchange)
  record(request)
  const rightAnswer = (): Promise<EncodedAnswer> => rightAnswerTo(request, exchange, routes())
  const met = faults.meets(url)
  if (met) return serveFault(met.fault, { url, response, options: met.options, signal, rightAnswer })
  sendAnswer(response, notModified(await rightAnswer(), message.headers['if-none-match']))
}

const MOST_BODY_BYTES = 64 * 1024

async function received({ message, url }: Exchange): Promise<RecordedRequest> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES) throw new RangeError(`a request body over ${MOST_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  const { [ORIGIN_HEADER]: _, ...headers } = message.headers
  const flat = Object.entries({ ...headers, host: url.host }).map(([name, value]) => [name, String(value)] as const)
  return Object.freeze({
    method: message.method ?? 'GET',
    url: url.href,
    headers: Object.freeze(Object.fromEntries(flat)),
    body: Buffer.concat(chunks).toString(),
  })
}

async function rightAnswerTo(
  request: RecordedRequest,
  { url, byHost }: Exchange,
  routes: readonly Route[],
): Promise<EncodedAnswer> {
  const here = routesAt(routes, url, byHost)
  const route = here.find(({ method }) => method === request.method)
  if (route) return jsonAnswer(await route.answer(request))
  const status = here.length > 0 ? 405 : 404
  return jsonAnswer({ status, body: { error: status === 404 ? 'not_found' : 'method_not_allowed' } })
}
