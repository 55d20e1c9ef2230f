import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import type { AnswerName, Session } from './session.ts'

/** What an answer is made for. */
export interface AnswerContext {
  readonly session: Session
  readonly response: ServerResponse
  /** The same path on another host. */
  readonly elsewhere: string
  /** Ends the connection with an RST. */
  readonly reset: () => void
}

const MIB = 1_048_576
/** Of `huge` on the wire, of `gzip-bomb` once it is unpacked. */
export const BOMB_MIB = 250
/** How long `slow` takes. */
export const SLOW_MS = 1500
const DRIP_MS = 50
const MAX_DRIPS = 12_000
const JSON_TYPE = { 'content-type': 'application/json' }

/** Answers as the session asks. Never rejects: a client that goes away is what many of these are about. */
export async function answer(context: AnswerContext): Promise<void> {
  try {
    await ANSWER[context.session.answer](context)
  } catch {
    context.response.destroy()
  }
}

const ANSWER: Readonly<Record<AnswerName, (context: AnswerContext) => unknown>> = {
  keys: ({ session, response }) => json(response, setOf(session)),
  slow: (context) => setTimeout(() => json(context.response, setOf(context.session)), SLOW_MS),
  'status-500': ({ response }) => response.writeHead(500).end('Internal Server Error'),
  busy: ({ response }) => response.writeHead(503, { 'retry-after': '2' }).end(),
  reset: ({ reset }) => reset(),
  html: ({ response }) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Maintenance</title>'),
  half: ({ session, response }) => half(response, setOf(session)),
  'no-keys': ({ response }) => json(response, '{"keys":[]}'),
  hang: ({ session, response }) => hold(session, response),
  'odd-keys': ({ session, response }) => json(response, JSON.stringify({ keys: [...ODD_KEYS, ...session.keys] })),
  huge: ({ session, response }) => huge(response, session),
  'gzip-bomb': ({ session, response }) => gzipBomb(response, session),
  drip: ({ response }) => drip(response),
  'one-key': ({ session, response }) => oneKey(response, session),
  redirect: ({ response, elsewhere }) => response.writeHead(302, { location: elsewhere }).end(),
}

/** First, because a client that takes the first key that fits would not meet them after the good one. */
const ODD_KEYS: readonly unknown[] = [
  { kty: 'RSA', kid: 'odd-modulus', use: 'sig', alg: 'RS256', e: 'AQAB', n: '*** not a modulus ***' },
  { kty: 'LATTICE', kid: 'odd-type', use: 'sig', alg: 'ML-DSA-999', pub: 'AAAA' },
  null,
]

/** The key set of a session as JSON. */
export function setOf({ keys }: Session): string {
  return JSON.stringify({ keys })
}

/** Answers 200 with JSON. */
export function json(response: ServerResponse, body: string): void {
  response.writeHead(200, JSON_TYPE).end(body)
}

/** The key that the path ends with, as services do that serve one at a time. */
function oneKey(response: ServerResponse, { keys }: Session): void {
  const kid = response.req.url?.slice(response.req.url.lastIndexOf('/') + 1)
  const key = keys.find((one) => one.kid === kid)
  if (key) json(response, JSON.stringify(key))
  else response.writeHead(404).end()
}

function hold({ held }: Session, response: ServerResponse): void {
  held.add(response)
  response.once('close', () => held.delete(response))
}

function half(response: ServerResponse, body: string): void {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, body.length / 2), () => setTimeout(() => response.destroy(), 5))
}

/** A valid set with the good key at its end, so that only its size speaks against it. */
function huge(response: ServerResponse, { keys }: Session): Promise<void> {
  response.writeHead(200, JSON_TYPE)
  const chunk = Buffer.alloc(MIB, 'a')
  function* body(): Generator<Buffer> {
    yield Buffer.from('{"padding":"')
    for (let mib = 0; mib < BOMB_MIB; mib++) yield chunk
    yield Buffer.from(`","keys":${JSON.stringify(keys)}}`)
  }
  return pipeline(Readable.from(body(), { objectMode: false }), response)
}

/** The same as {@link huge}, as gzip members one after the other (RFC 1952 section 2.2): about 1 KiB for each MiB. */
function gzipBomb(response: ServerResponse, { keys }: Session): void {
  response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
  const chunk = gzipSync(Buffer.alloc(MIB, 'a'))
  const padding = Array.from({ length: BOMB_MIB }, () => chunk)
  response.end(Buffer.concat([gzipSync('{"padding":"'), ...padding, gzipSync(`","keys":${JSON.stringify(keys)}}`)]))
}

function drip(response: ServerResponse): void {
  response.writeHead(200, JSON_TYPE)
  let drips = 0
  const timer = setInterval(() => {
    drips += 1
    if (drips > MAX_DRIPS) response.destroy()
    else response.write(' ')
  }, DRIP_MS)
  response.once('close', () => clearInterval(timer))
}
