import type { JWK } from 'jose'
import { type Child, startChild } from '../child-process.ts'
import { type IssuedTokens, issueTokens } from '../speed/tokens.ts'

/** What a server verifies with: `crypto.verify` does no more than the signature, over bytes that were prepared before. */
export const KINDS = ['crypto.verify', 'keysource', 'fast-jwt'] as const
export type ServerKind = (typeof KINDS)[number]

/** What a server's process is told. */
export interface ServerInput extends Omit<IssuedTokens, 'keys'> {
  readonly kind: ServerKind
  readonly jwks: readonly JWK[]
}

/** What it answers. */
export interface ServerAddress {
  readonly url: string
}

/** Servers that verify the same tokens. */
export interface Servers {
  readonly issued: IssuedTokens
  readonly urls: ReadonlyMap<ServerKind, string>
}

const START_MS = 30_000

/** Starts one server of each kind, and ends them after the work. */
export async function withServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  const { keys, ...rest } = issueTokens('RS256')
  const entry = new URL('server-process.ts', import.meta.url)
  const children = KINDS.map((kind): [ServerKind, Child<ServerAddress>] => {
    const input: ServerInput = { ...rest, kind, jwks: keys.map(({ jwk }) => jwk) }
    return [kind, startChild<ServerAddress>({ entry, input, limitMs: START_MS })]
  })
  try {
    const urls = await Promise.all(children.map(async ([kind, { answer }]) => [kind, (await answer).url] as const))
    return await work({ issued: { ...rest, keys }, urls: new Map(urls) })
  } finally {
    for (const [, child] of children) child.stop()
  }
}
