import { randomUUID } from 'node:crypto'
import { checkOptions, httpsUrl, type OptionRule, optional, text } from '@keysource/core'
import { randomText } from './identifiers.ts'
import { keyRing } from './key-ring.ts'
import { keyRoute } from './key-route.ts'
import { metadataRoute, openidMetadataUrl, usualMetadata } from './metadata-route.ts'
import { type StandIn, startStandIn, withMembers } from './stand-in.ts'
import { type StandInOptions, standInOptions, USUAL_SCOPES } from './stand-in-options.ts'
import type { UsualToken } from './token.ts'

/** Kinds of SuperTokens token. */
export type SuperTokensKind = 'session' | 'oauth-access' | 'oauth-id'

/** Options of {@link startSuperTokens}. */
export interface SuperTokensStandInOptions extends StandInOptions {
  /**
   * The backend's own origin. `'http://localhost'` without a port becomes the address that the server listens on, which
   * needs no `fetch`. Default: `'https://api.acme.example'`.
   */
  readonly apiDomain?: string | undefined
  /** Default: `'/auth'`. */
  readonly apiBasePath?: string | undefined
  /** What an API gateway puts before the base path. Default: nothing. */
  readonly apiGatewayPath?: string | undefined
  /** The `tId` of tokens. Default: `'public'`. */
  readonly tenantId?: string | undefined
}

/** A server that stands in for a backend with the SuperTokens SDK. */
export interface SuperTokensStandIn extends StandIn<SuperTokensKind> {
  readonly apiDomain: string
  readonly apiBasePath: string
  readonly apiGatewayPath: string
  readonly tenantId: string
  /** The `client_id` of OAuth tokens. */
  readonly clientId: string
  readonly subject: string
  /** The `scp` of OAuth access tokens; session tokens have none. */
  readonly scopes: readonly string[]
}

const path: OptionRule = {
  expected: 'a path such as "/auth"',
  accepts: (value) => value === '' || (typeof value === 'string' && /^\/[^?#]*[^/?#]$|^\/$/.test(value)),
}
const rules: Readonly<Record<keyof SuperTokensStandInOptions, OptionRule>> = {
  ...standInOptions,
  apiDomain: optional(httpsUrl('https://api.acme.example')),
  apiBasePath: optional(path),
  apiGatewayPath: optional(path),
  tenantId: optional(text()),
}

/**
 * Starts a server that stands in for a backend with the SuperTokens SDK: its keys, static and dynamic, the discovery
 * document, session tokens and OAuth tokens.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * const standIn = await startSuperTokens({ apiDomain: 'http://localhost' })
 * const jwt = await standIn.issueToken({ tId: 'customer-1' })
 * ```
 *
 * @see https://supertokens.com/docs/additional-verification/session-verification/protect-api-routes
 */
export async function startSuperTokens(options: SuperTokensStandInOptions = {}): Promise<SuperTokensStandIn> {
  checkOptions('startSuperTokens', options, rules)
  const { apiBasePath = '/auth', apiGatewayPath = '', tenantId = 'public', scopes = USUAL_SCOPES } = options
  const members = { apiBasePath, apiGatewayPath, tenantId, scopes, clientId: randomUUID(), subject: randomUUID() }
  const keys = keyRing([
    { name: 'dynamic', alg: 'RS256', newKid: () => `d-${Date.now()}${randomText(3, '0123456789')}` },
    { name: 'static', alg: 'RS256', newKid: () => `s-${randomUUID()}`, fixed: true },
  ])
  let apiDomain = ''
  const base = await startStandIn<SuperTokensKind>('supertokens', (url) => {
    apiDomain = originOf(options.apiDomain ?? 'https://api.acme.example', url)
    const issuer = `${apiDomain}${apiGatewayPath}${apiBasePath}`.replace(/\/$/, '')
    const jwksUrl = `${issuer}/jwt/jwks.json`
    return {
      issuer,
      keys,
      kinds: ['session', 'oauth-access', 'oauth-id'],
      routes: () => [
        keyRoute({ url: jwksUrl, keys, cacheControl: options.cacheControl ?? 'max-age=60, must-revalidate' }),
        metadataRoute(openidMetadataUrl(issuer), () => usualMetadata(issuer, jwksUrl, ['RS256'])),
      ],
      token: (kind) => TOKENS[kind](issuer, members),
    }
  })
  return withMembers(base, { ...members, apiDomain })
}

/** Where the SDK's backend lives: as configured, or for a bare localhost where this server listens. */
function originOf(apiDomain: string, url: string): string {
  const { origin, hostname, port } = new URL(apiDomain)
  return hostname === 'localhost' && port === '' ? url.replace('127.0.0.1', 'localhost') : origin
}

type Members = Pick<SuperTokensStandIn, 'tenantId' | 'clientId' | 'subject' | 'scopes'>

const TOKENS: Readonly<Record<SuperTokensKind, (issuer: string, members: Members) => UsualToken>> = {
  session: (issuer, { tenantId, subject }) => ({
    slot: 'dynamic',
    header: { typ: 'JWT', version: '5' },
    claims: {
      sub: subject,
      tId: tenantId,
      rsub: subject,
      sessionHandle: randomUUID(),
      refreshTokenHash1: randomText(64, '0123456789abcdef'),
      parentRefreshTokenHash1: null,
      antiCsrfToken: null,
      iss: issuer,
      stt: 0,
    },
    lifetimeSec: 3600,
  }),
  'oauth-access': (issuer, { tenantId, clientId, subject, scopes }) => ({
    slot: 'static',
    header: { typ: 'JWT', version: '5' },
    claims: {
      iss: issuer,
      sub: subject,
      rsub: subject,
      tId: tenantId,
      stt: 1,
      client_id: clientId,
      scp: scopes,
      sessionHandle: randomUUID(),
      jti: randomUUID(),
    },
    lifetimeSec: 3600,
  }),
  'oauth-id': (issuer, { tenantId, clientId, subject }) => ({
    slot: 'static',
    header: { typ: 'JWT', version: '5' },
    claims: {
      iss: issuer,
      sub: subject,
      rsub: subject,
      tId: tenantId,
      stt: 2,
      aud: [clientId],
      sid: randomUUID(),
      jti: randomUUID(),
    },
    lifetimeSec: 3600,
  }),
}
