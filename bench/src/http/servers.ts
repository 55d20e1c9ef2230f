import type { JWK } from 'jose'
import { type Child, startChild } from '../child-process.ts'
import { type IssuedTokens, issueTokens } from '../speed/tokens.ts'

/** What a server's process is told. */
export interface ServerInput<Kind extends string = string> extends Omit<IssuedTokens, 'keys'> {
  readonly kind: Kind
  readonly jwks: readonly JWK[]
}

/** What it answers. */
export interface ServerAddress {
  readonly url: string
}

/** Servers that verify the same tokens. */
export interface Servers<Kind extends string> {
  readonly issued: IssuedTokens
  readonly urls: ReadonlyMap<Kind, string>
}

const START_MS = 30_000

/** Starts one server of each kind, each in a process of its own, and ends them after the work. */
export async function withServers<Kind extends string, Result>(
  kinds: readonly Kind[],
  entry: URL,
  work: (servers: Servers<Kind>) => Promise<Result>,
): Promise<Result> {
  const { keys, ...rest } = issueTokens('RS256')
  const children = kinds.map((kind): [Kind, Child<ServerAddress>] => {
    const input: ServerInput<Kind> = { ...rest, kind, jwks: keys.map(({ jwk }) => jwk) }
    return [kind, startChild<ServerAddress>({ entry, input, limitMs: START_MS })]
  })
  try {
    const urls = await Promise.all(children.map(async ([kind, { answer }]) => [kind, (await answer).url] as const))
    return await work({ issued: { ...rest, keys }, urls: new Map(urls) })
  } finally {
    for (const [, child] of children) child.stop()
  }
}
