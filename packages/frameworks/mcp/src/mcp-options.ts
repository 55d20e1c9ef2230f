import { checkOptions, isUnchecked, type OptionRule, secureUrl, type Unchecked } from '@keysource/core'
import { type AuthOptions, authRules, type ProtectedResource } from '@keysource/http'
import type { CheckedResource } from './auth-info.ts'

/** What is asked of a token for an MCP server. */
export interface McpOptions extends Omit<AuthOptions, 'audience'> {
  /**
   * This server, as tokens for it name it in `aud` (RFC 8707), in addition to the provider's own audience: its URL, or what
   * {@link protectedResource} made, whose URL then stands in challenges too. `unchecked('why')` where the tokens of a provider
   * have no such `aud`: the provider's own rules must then tell tokens for this server from others.
   */
  readonly resource: string | ProtectedResource | Unchecked
}

const { audience: _audience, ...rules } = authRules

const mcpRules: Readonly<Record<keyof McpOptions, OptionRule>> = {
  ...rules,
  resource: {
    expected:
      'the https URL of this server (plain http only on localhost), what protectedResource() made, or unchecked("why")',
    accepts: (value) => isUnchecked(value) || secureUrl(urlIn(value)) !== undefined,
  },
}

/**
 * Checks what is asked of tokens.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkMcpOptions(options: McpOptions): void {
  checkOptions('mcp', options, mcpRules)
}

/** What is asked of each token, in the words of the HTTP rules, and what may be said of one that holds it. */
export function asked(options: McpOptions): { readonly auth: AuthOptions; readonly checked: CheckedResource } {
  const { resource, resourceMetadata = metadataOf(resource), ...rest } = options
  if (isUnchecked(resource)) return { auth: { ...rest, resourceMetadata }, checked: { resourceMetadata } }
  const url = urlIn(resource)
  return { auth: { ...rest, resourceMetadata, audience: spellings(url) }, checked: { resource: url, resourceMetadata } }
}

function urlIn(resource: unknown): string {
  if (typeof resource === 'string') return resource
  const { metadata } = (resource ?? {}) as Partial<ProtectedResource>
  return typeof metadata?.resource === 'string' ? metadata.resource : ''
}

function metadataOf(resource: McpOptions['resource']): string | undefined {
  return typeof resource === 'object' && !isUnchecked(resource) ? resource.url : undefined
}

/**
 * The official clients ask for tokens with the URL as `URL` writes it, and so does the `aud` of the tokens they get: a host in
 * lower case, and a slash where there is no path. RFC 3986 section 6.2.3 has these as one URL.
 */
function spellings(resource: string): readonly string[] {
  const { href, origin } = new URL(resource)
  return [...new Set([resource, href, ...(href === `${origin}/` ? [origin] : [])])]
}
