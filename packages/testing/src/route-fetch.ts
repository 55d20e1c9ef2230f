/** The header that tells a stand-in which of the provider's hosts was asked for. */
export const ORIGIN_HEADER = 'x-keysource-origin'

/** What a stand-in tells of itself to a fetch that leads to it. */
export interface FetchTarget {
  readonly name: string
  readonly url: string
  readonly hosts: readonly string[]
  /** Whether it has an answer for this request (`'path'`), only its host (`'host'`), or neither. */
  knows(request: Request): 'path' | 'host' | undefined
}

// Taken once: a test that puts a stand-in's fetch in the place of the global one must not send it round in circles.
const realFetch = globalThis.fetch

/**
 * One fetch over several stand-ins: the providers' real hosts lead to them, every other host is refused, so that no
 * test reaches the internet. Where two stand-ins answer for one host, as two Cognito pools of one region do, the one
 * that has the path gets the request.
 *
 * @example
 * ```ts
 * const [auth0Server, oktaServer] = await Promise.all([startAuth0(), startOkta()])
 * const verifier = createVerifier({ providers, fetch: routeFetch(auth0Server, oktaServer) })
 * ```
 */
export function routeFetch(...standIns: readonly FetchTarget[]): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const target = choose(standIns, request)
    const { origin, pathname, search } = new URL(request.url)
    const headers = new Headers(request.headers)
    if (origin !== target.url) headers.set(ORIGIN_HEADER, origin)
    return realFetch(new URL(pathname + search, target.url), {
      method: request.method,
      headers,
      body: request.body ? await request.arrayBuffer() : null,
      redirect: request.redirect,
      signal: request.signal,
    })
  }
}

function choose(standIns: readonly FetchTarget[], request: Request): FetchTarget {
  const known = standIns.map((standIn) => standIn.knows(request))
  const byPath = standIns[known.indexOf('path')]
  const target = byPath ?? standIns[known.indexOf('host')]
  if (target) return target
  const there = standIns.map(({ name, hosts, url }) => `${name} (${[...hosts, url].join(', ')})`).join('; ')
  // As fetch itself rejects.
  throw new TypeError(
    `no stand-in answers for ${new URL(request.url).origin}, and a test must not reach the internet; there are: ${there || 'none'}`,
  )
}
