import { checkOptions, httpsUrl, type OptionRule, optional, secureUrl, text, texts } from '@keysource/core'

/** Options of {@link protectedResource}. */
export interface ProtectedResourceOptions {
  /** The API's own URL, which tokens have as their audience: `https://api.example.com/mcp`. */
  readonly resource: string
  /** The issuers whose tokens it takes. */
  readonly authorizationServers: readonly string[]
  /** The scopes that it knows. */
  readonly scopes?: readonly string[] | undefined
  /** A name for people. */
  readonly name?: string | undefined
  /** A page about it for developers. */
  readonly documentation?: string | undefined
}

/** The metadata document, RFC 9728 section 2. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
}

/** The metadata of a protected resource, and where it is served. */
export interface ProtectedResource {
  readonly metadata: ProtectedResourceMetadata
  /** Its URL: what `resourceMetadata` of the challenges is. */
  readonly url: string
  /** Where it is served: at its own path, and at the root for clients that ask there. */
  readonly paths: readonly string[]
  /** Answers a request for the metadata, and no other. */
  respond(request: Pick<Request, 'method' | 'url'>): Response | undefined
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

const rules: Readonly<Record<keyof ProtectedResourceOptions, OptionRule>> = {
  resource: {
    ...httpsUrl('https://api.example.com/mcp'),
    accepts: (value) => typeof value === 'string' && secureUrl(value) !== undefined,
  },
  authorizationServers: {
    expected: 'an array of issuers, https URLs',
    accepts: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && secureUrl(one)),
  },
  scopes: optional(texts('an array of scopes')),
  name: optional(text()),
  documentation: optional(httpsUrl('https://docs.example.com')),
}

// Clients in browsers ask from anywhere, those of MCP with a header of their own. There is nothing in it that is not public.
const FROM_ANYWHERE = { 'access-control-allow-origin': '*' }
const PREFLIGHT = {
  ...FROM_ANYWHERE,
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': '*',
}

/**
 * Tells clients which issuers an API takes tokens of: the document that a challenge's `resource_metadata` leads to.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const resource = protectedResource({
 *   resource: 'https://api.example.com/mcp',
 *   authorizationServers: ['https://acme.eu.auth0.com/'],
 * })
 * const auth = authenticator(verifier, { resourceMetadata: resource.url })
 * ```
 *
 * @see RFC 9728
 */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  checkOptions('protectedResource', options, rules)
  const { resource, authorizationServers, scopes, name, documentation } = options
  const metadata: ProtectedResourceMetadata = {
    resource,
    authorization_servers: authorizationServers,
    bearer_methods_supported: ['header'],
    ...(scopes && { scopes_supported: scopes }),
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
  }
  const { origin, pathname, search } = new URL(resource)
  const path = `${WELL_KNOWN}${pathname === '/' ? '' : pathname}` // RFC 9728 section 3.1
  const paths = [...new Set([path, WELL_KNOWN])]
  return {
    metadata,
    url: `${origin}${path}${search}`,
    paths,
    respond({ method, url }) {
      if (!paths.includes(new URL(url).pathname)) return undefined
      if (method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT })
      if (method !== 'GET' && method !== 'HEAD') return undefined
      return Response.json(metadata, { headers: { ...FROM_ANYWHERE, 'cache-control': 'max-age=3600' } })
    },
  }
}
