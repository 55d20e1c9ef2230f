import type { ServerResponse } from 'node:http'
import type { JWK } from 'jose'

/** How the endpoint answers a session's requests for keys. */
export const ANSWERS = [
  'keys',
  'slow',
  'status-500',
  'busy',
  'reset',
  'html',
  'half',
  'no-keys',
  'hang',
  'odd-keys',
  'huge',
  'gzip-bomb',
  'drip',
  'one-key',
  'redirect',
] as const

/** One of {@link ANSWERS}. */
export type AnswerName = (typeof ANSWERS)[number]

/** What a client asks the endpoint to do for its session from now on. */
export interface SessionChange {
  readonly keys?: readonly JWK[] | undefined
  readonly answer?: AnswerName | undefined
}

/** What the endpoint received of a session. */
export interface SessionCounts {
  /** Requests for its keys. */
  readonly requests: number
  /** Requests at the host that `redirect` points to. */
  readonly elsewhere: number
}

/** One issuer of the endpoint: each run of a library has its own, so that runs do not see each other. */
export interface Session {
  keys: readonly JWK[]
  answer: AnswerName
  requests: number
  elsewhere: number
  /** Responses of `hang`, which are answered when it ends. */
  readonly held: Set<ServerResponse>
}

/** A session before its first change. */
export function newSession(): Session {
  return { keys: [], answer: 'keys', requests: 0, elsewhere: 0, held: new Set() }
}

/** The issuer of a session, whose keys are at `/.well-known/jwks.json` below it. */
export function issuerOf(origin: string, session: string): string {
  return `${origin}/${session}`
}

/** Where an issuer's keys are. */
export function jwksUriOf(issuer: string): string {
  return `${issuer}/.well-known/jwks.json`
}
