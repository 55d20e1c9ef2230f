import type { VerifiedToken } from '@keysource/core'

/**
 * What the handlers of an MCP server see of a token: the `AuthInfo` of the official SDK, in a form that fits both of its majors.
 */
export interface AuthInfo {
  /** The token itself. */
  readonly token: string
  /** Which client the token was issued to; empty where the provider's tokens do not say. */
  readonly clientId: string
  readonly scopes: string[]
  /** `exp`: seconds since the epoch. */
  readonly expiresAt: number
  /** The `aud` that was asked for and found (RFC 8707); none where that check was left out. */
  readonly resource?: URL
  /** Where the metadata of this server is, for the challenges that the SDK makes itself (its version 2). */
  readonly resourceMetadataUrl?: string
  readonly extra: AuthInfoExtra
}

/** What the SDK has no place of its own for. A type and no interface, as it has to pass for a `Record<string, unknown>`. */
export type AuthInfoExtra = {
  /** The name of the composed provider that issued the token. */
  readonly provider: string
  readonly issuer: string
  readonly subject: string | undefined
  readonly tenant: string | undefined
  readonly claims: VerifiedToken['claims']
}

/** A token as it was sent, beside what it says. */
export interface ReceivedToken extends VerifiedToken {
  readonly jwt: string
}

/** What was asked of the token, and held. */
export interface CheckedResource {
  readonly resource?: string | undefined
  readonly resourceMetadata?: string | undefined
}

/** A verified token in the SDK's words. */
export function authInfoOf(token: ReceivedToken, { resource, resourceMetadata }: CheckedResource): AuthInfo {
  const { jwt, clientId, scopes, expiresAt, provider, issuer, subject, tenant, claims } = token
  return {
    token: jwt,
    clientId: clientId ?? '',
    scopes: [...scopes],
    expiresAt,
    ...(resource !== undefined && { resource: new URL(resource) }),
    ...(resourceMetadata !== undefined && { resourceMetadataUrl: resourceMetadata }),
    extra: { provider, issuer, subject, tenant, claims },
  }
}
