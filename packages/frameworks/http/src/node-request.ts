import type { RequestHead } from './credentials.ts'

/** What is used of a request of `node:http` or `node:http2`, and of everything that is built on it. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly rawHeaders?: readonly string[] | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A request of Node's own servers. Of two `Authorization` headers Node's `headers` keeps one and says nothing: here both count. */
export function nodeRequest(request: NodeRequest): RequestHead {
  return { method: request.method ?? 'GET', values: (name) => valuesOf(request, name) }
}

// Raw headers first: Node makes `headers` of them only where somebody asks for it.
function valuesOf(request: NodeRequest, name: string): readonly string[] {
  const { rawHeaders = [] } = request
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] as string
    if (field.length === name.length && field.toLowerCase() === name) values.push(rawHeaders[at + 1] as string)
  }
  if (values.length > 0) return values
  // Requests that never were on a wire (serverless adapters, injected ones) may have no raw headers, and programs add headers.
  const value = request.headers[name]
  return value === undefined ? [] : [value].flat()
}
