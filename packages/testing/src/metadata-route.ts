import { ok } from './answer.ts'
import type { Route } from './route.ts'

/** Where OpenID Connect Discovery 1.0 section 4 puts the document of an issuer: appended to it. */
export function openidMetadataUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/** Where RFC 8414 section 3.1 puts it: between host and path. */
export function oauthMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`
}

/** The endpoint of a metadata document, which is made anew for each request. */
export function metadataRoute(url: string, document: () => Readonly<Record<string, unknown>>): Route {
  return { method: 'GET', url, answer: () => ok(document()) }
}

/** What the documents of most providers have in common. */
export function usualMetadata(issuer: string, jwksUri: string, algorithms: readonly string[]): Record<string, unknown> {
  const base = issuer.replace(/\/$/, '')
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/userinfo`,
    jwks_uri: jwksUri,
    scopes_supported: ['openid', 'profile', 'email'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat'],
    code_challenge_methods_supported: ['S256'],
  }
}
