import type { Answer } from './answer.ts'
import type { RecordedRequest } from './exchange.ts'

/** One endpoint of a provider. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** As the world knows it: `https://acme.eu.auth0.com/.well-known/jwks.json`. */
  readonly url: string
  /** Whether the credentials are right, where the endpoint asks for any. It answers 401 itself where they are not. */
  readonly authorized?: (authorization: string | null) => boolean
  readonly answer: (request: RecordedRequest) => Answer | Promise<Answer>
}

/** The endpoints with this path: of the host that was asked, or of any where the server was asked by its own address. */
export function routesAt(routes: readonly Route[], url: URL, byHost: boolean): readonly Route[] {
  return routes.filter((route) => {
    const { origin, pathname } = new URL(route.url)
    return pathname === url.pathname && (!byHost || origin === url.origin)
  })
}

/** Whether these endpoints answer this request, or at least its host is one of theirs. */
export function knows(routes: readonly Route[], own: string, request: Request): 'path' | 'host' | undefined {
  const url = new URL(request.url)
  const byHost = !isOwn(url.origin, own)
  if (byHost && !routes.some((route) => new URL(route.url).origin === url.origin)) return undefined
  const authorization = request.headers.get('authorization')
  const fits = routesAt(routes, url, byHost).some(({ authorized }) => authorized?.(authorization) ?? true)
  return fits ? 'path' : 'host'
}

/** Whether an origin is this server's own, by number or by name. */
export function isOwn(origin: string, own: string): boolean {
  return origin === own || origin === own.replace('127.0.0.1', 'localhost')
}

/** The real hosts of these endpoints. */
export function hostsOf(routes: readonly Route[], own: string): readonly string[] {
  const urls = routes.map((route) => new URL(route.url))
  return [...new Set(urls.filter((url) => !isOwn(url.origin, own)).map(({ host }) => host))]
}
