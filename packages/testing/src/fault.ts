import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { checkOption, checkOptions, choice, numberWithin, type OptionRule, optional } from '@keysource/core'
import { type Answer, type EncodedAnswer, jsonAnswer, sendAnswer } from './answer.ts'

/**
 * What can go wrong with a provider.
 *
 * - `'500'`, `'503'`, `'401'`, `'404'`, `'429'`: this status, with `Retry-After` where `retryAfterSec` is given
 * - `'hang'`: the request is taken and never answered
 * - `'reset'`: the connection is reset
 * - `'html'`: 200 with a page, as proxies and captive portals answer
 * - `'not-json'`: 200 with `application/json` and text that is no JSON
 * - `'truncated'`: the connection ends halfway through the body
 * - `'empty'`: 200 without any key
 * - `'slow'`: the right answer after `delayMs`
 * - `'huge'`: the right answer after `bytes` of white space
 * - `'redirect'`: 302 to a place where the right answer waits
 * - `'trickle'`: the right answer, one byte each `delayMs`
 */
export type Fault =
  | '500'
  | '503'
  | '401'
  | '404'
  | '429'
  | 'hang'
  | 'reset'
  | 'html'
  | 'not-json'
  | 'truncated'
  | 'empty'
  | 'slow'
  | 'huge'
  | 'redirect'
  | 'trickle'

/** Which requests a fault meets, and how. */
export interface FaultOptions {
  /** The path of the requests, or a pattern for their whole URL. Default: every request. */
  readonly path?: string | RegExp | undefined
  /** Only so many requests. Default: every one until `recover()`. */
  readonly times?: number | undefined
  /** Seconds, for a `Retry-After` header beside a status. Default: none. */
  readonly retryAfterSec?: number | undefined
  /** For `'slow'` (default 1000) and `'trickle'` (default 100). */
  readonly delayMs?: number | undefined
  /** For `'huge'`. Default: 4 MiB. */
  readonly bytes?: number | undefined
}

/** The faults of one stand-in. */
export interface FaultSwitch {
  fail(fault: Fault, options: FaultOptions): void
  recover(): void
  /** The fault that meets this request, if any: the latest one that was switched on. */
  meets(url: URL): { readonly fault: Fault; readonly options: FaultOptions } | undefined
}

/** The mark on a redirected request, which the redirect fault lets through. */
const REDIRECTED = 'redirected'

/** Faults, switched on and off. */
export function faultSwitch(): FaultSwitch {
  let active: { fault: Fault; options: FaultOptions; left: number }[] = []
  return {
    fail(fault, options) {
      active.unshift({ fault, options, left: options.times ?? Number.POSITIVE_INFINITY })
    },
    recover() {
      active = []
    },
    meets(url) {
      const entry = active.find(
        ({ fault, options, left }) =>
          left > 0 && matches(options.path, url) && !(fault === 'redirect' && url.searchParams.has(REDIRECTED)),
      )
      if (entry) entry.left--
      return entry
    },
  }
}

function matches(path: string | RegExp | undefined, url: URL): boolean {
  if (path === undefined) return true
  // A pattern with the flag g remembers where it stopped.
  return typeof path === 'string'
    ? url.pathname === path
    : new RegExp(path.source, path.flags.replace(/[gy]/g, '')).test(url.href)
}

/** One request that meets a fault. */
export interface FaultyExchange {
  readonly url: URL
  readonly response: ServerResponse
  readonly options: FaultOptions
  /** Ends when the client has gone, or the stand-in is closed. */
  readonly signal: AbortSignal
  /** What the provider would have answered. */
  readonly rightAnswer: () => Promise<EncodedAnswer>
}

/**
 * Checks a fault and its options.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkFault(fault: Fault, options: FaultOptions): void {
  checkOption('fail', 'fault', fault, choice(...Object.keys(SERVERS)))
  checkOptions('fail', options, {
    path: optional({
      expected: 'a path such as "/jwks", or a pattern for the URL',
      accepts: (value) => value instanceof RegExp || (typeof value === 'string' && value.startsWith('/')),
    }),
    times: optional(numberWithin(1, 1_000_000, 'requests')),
    retryAfterSec: optional(numberWithin(0, 1_000_000, 'seconds')),
    delayMs: optional(numberWithin(0, 600_000, 'milliseconds')),
    bytes: optional(numberWithin(1, 2 ** 40, 'bytes')),
  } satisfies Record<keyof FaultOptions, OptionRule>)
}

type FaultServer = (exchange: FaultyExchange) => unknown

/** Answers a request as the fault has it. */
export async function serveFault(fault: Fault, exchange: FaultyExchange): Promise<void> {
  await SERVERS[fault](exchange)
}

const SERVERS: Readonly<Record<Fault, FaultServer>> = {
  '500': status(500),
  '503': status(503),
  '401': status(401),
  '404': status(404),
  '429': status(429),
  hang: () => undefined,
  reset: ({ response }) => response.socket?.resetAndDestroy(),
  html: ({ response }) => raw(response, 'text/html; charset=utf-8', '<!doctype html><title>Please sign in</title>'),
  'not-json': ({ response }) => raw(response, 'application/json', '{"keys": [ {"kty": "RSA", '),
  truncated,
  empty: async ({ response, rightAnswer }) => sendAnswer(response, withoutKeys(await rightAnswer())),
  slow,
  huge,
  redirect,
  trickle,
}

function status(code: number): FaultServer {
  return ({ response, options: { retryAfterSec } }) => {
    const answer: Answer = {
      status: code,
      body: { error: 'fault', error_description: `a fault of the stand-in: ${code}` },
    }
    const headers = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) }
    sendAnswer(response, jsonAnswer({ ...answer, headers }))
  }
}

function raw(response: ServerResponse, contentType: string, text: string): void {
  sendAnswer(response, { status: 200, headers: { 'content-type': contentType }, text })
}

function withoutKeys(answer: EncodedAnswer): EncodedAnswer {
  const body: unknown = JSON.parse(answer.text || '{}')
  const isSet = typeof body === 'object' && body !== null && 'keys' in body
  const { etag: _, ...headers } = answer.headers
  return { status: 200, headers, text: isSet ? '{"keys":[]}' : Array.isArray(body) ? '[]' : '{}' }
}

async function truncated({ response, rightAnswer }: FaultyExchange): Promise<void> {
  const { headers, text } = await rightAnswer()
  const bytes = Buffer.from(text)
  response.writeHead(200, { ...headers, 'content-length': String(bytes.length) })
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy())
}

async function slow({ response, options, signal, rightAnswer }: FaultyExchange): Promise<void> {
  const answer = await rightAnswer()
  if (await waited(options.delayMs ?? 1000, signal)) sendAnswer(response, answer)
}

async function huge({ response, options, signal, rightAnswer }: FaultyExchange): Promise<void> {
  const { headers, text } = await rightAnswer()
  response.writeHead(200, headers)
  const chunk = Buffer.alloc(64 * 1024, ' ')
  for (let left = options.bytes ?? 4 * 1024 * 1024; left > 0 && !signal.aborted; left -= chunk.length) {
    if (!response.write(chunk.subarray(0, Math.min(left, chunk.length)))) await drained(response, signal)
  }
  response.end(text)
}

function redirect({ url, response }: FaultyExchange): void {
  const target = new URL(url)
  target.searchParams.set(REDIRECTED, '1')
  // Relative, so that a client that follows it stays on the stand-in.
  sendAnswer(response, { status: 302, headers: { location: `${target.pathname}${target.search}` }, text: '' })
}

async function trickle({ response, options, signal, rightAnswer }: FaultyExchange): Promise<void> {
  const { headers, text } = await rightAnswer()
  const bytes = Buffer.from(text)
  response.writeHead(200, { ...headers, 'content-length': String(bytes.length) })
  for (const byte of bytes) {
    response.write(Buffer.of(byte))
    if (!(await waited(options.delayMs ?? 100, signal))) return
  }
  response.end()
}

/** Whether the time passed before the signal ended it. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false)
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    signal.addEventListener('abort', done, { once: true })
  })
}
