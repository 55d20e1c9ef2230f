/** A route of the table. */
export type HttpRoute =
  | '/private'
  | '/reports'
  | '/admin'
  | '/optional'
  | '/cookie'
  | '/header'
  | '/acme'
  | '/audience'
  | '/metadata'
  | '/development'

/** The options that the table uses. */
export interface HttpRouteOptions {
  readonly scopes?: string | readonly string[]
  readonly optional?: boolean
  readonly cookie?: string
  readonly header?: string
  readonly provider?: string
  readonly audience?: string
  readonly realm?: string
  readonly resourceMetadata?: string
  readonly development?: boolean
}

/** What is asked of the requests to each route of the table: the options of `requireAuth`, or what a framework calls it. */
export const HTTP_ROUTES: Readonly<Record<HttpRoute, HttpRouteOptions>> = {
  '/private': {},
  '/reports': { scopes: 'read:reports' },
  '/admin': { scopes: ['read:reports', 'admin'] },
  '/optional': { optional: true },
  '/cookie': { cookie: '__session' },
  '/header': { header: 'cf-access-jwt-assertion' },
  '/acme': { provider: 'acme' },
  '/audience': { audience: 'https://other.example.com' },
  '/metadata': {
    realm: 'acme',
    resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource',
  },
  '/development': { development: true },
}
