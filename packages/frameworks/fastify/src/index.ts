/**
 * Bearer tokens in Fastify 5.
 *
 * @module
 */
import type { VerifiedToken } from '@keysource/core'
import {
  type Authenticator,
  type AuthOptions,
  type AuthRefusal,
  authenticator,
  nodeRequest,
  type RegisteredToken,
  type TokenVerifier,
} from '@keysource/http'
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
} from 'fastify'
import plugin from 'fastify-plugin'

/**
 * Names your verifier, so that `request.auth` has the claims of the providers that you compose.
 *
 * @example
 * ```ts
 * declare module '@keysource/fastify' {
 *   interface Register { verifier: typeof verifier }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: an interface, as the declarations of users merge with it; empty until one does
export interface Register {}

/** What `request.auth` is: the registered verifier's token, or that of any. */
export type Auth = RegisteredToken<Register>

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified token, or `null` where the route let somebody in without. */
    auth: Auth | null
  }
  interface FastifyInstance {
    /** A `preHandler` that asks for scopes: 403 without them, 401 for an anonymous request. */
    requireScopes(...scopes: readonly string[]): onRequestAsyncHookHandler
  }
  interface FastifyContextConfig {
    /** `false` leaves a route open; options are asked on top of the plugin's own. */
    auth?: RouteAuth
  }
}

/** What a route may ask for: other scopes, another cookie, anonymous requests, or nothing at all. */
export type RouteAuth = false | AuthOptions

/** Options of {@link keysource}. */
export interface KeysourceOptions extends AuthOptions {
  /** Made by `createVerifier`. */
  readonly verifier: TokenVerifier<VerifiedToken>
  /** Throws refusals (each an {@link AuthRefusal}), for `setErrorHandler`, instead of answering them. Default `false`. */
  readonly passErrors?: boolean | undefined
}

/**
 * Verifies the token of each request to the routes of this instance and of those below it, with the token as `request.auth`.
 * A route asks for more, or for less, with `config.auth`.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option, of the plugin or of a route
 *
 * @example
 * ```ts
 * await app.register(keysource, { verifier })
 * app.get('/reports', { config: { auth: { scopes: 'read:reports' } } }, async ({ auth }) => ({ for: auth?.subject }))
 * app.get('/health', { config: { auth: false } }, async () => 'ok')
 * ```
 *
 * @see RFC 6750
 */
export const keysource: FastifyPluginAsync<KeysourceOptions> = plugin(
  async (app: FastifyInstance, { verifier, passErrors = false, ...options }: KeysourceOptions): Promise<void> => {
    const ofPlugin = authenticator(verifier, options)
    // One for each route, made when the route is, so that a wrong option ends the start. A route from before the plugin is guarded
    // too, and makes its own with its first request.
    const ofRoutes = new Map<AuthOptions, Authenticator<VerifiedToken>>()
    const judgeWith = (auth: AuthOptions): Authenticator<VerifiedToken> => {
      const known = ofRoutes.get(auth)
      if (known) return known
      const judge = authenticator(verifier, { ...options, ...auth })
      ofRoutes.set(auth, judge)
      return judge
    }
    const judgeOf = ({ routeOptions }: FastifyRequest): Authenticator<VerifiedToken> | undefined => {
      const { auth } = routeOptions.config
      if (auth === undefined) return ofPlugin
      return auth === false ? undefined : judgeWith(auth)
    }

    app.decorateRequest('auth', null)
    app.addHook('onRoute', ({ config }) => {
      if (config?.auth) judgeWith(config.auth)
    })
    app.addHook('onRequest', (request, reply, done) => {
      const judge = judgeOf(request)
      if (!judge) return done()
      judge.authenticate(nodeRequest(request.raw)).then(({ token, refusal }) => {
        if (refusal) return passErrors ? done(refusal) : answer(refusal, reply)
        if (token) request.auth = token as Auth
        done()
      }, done)
    })
    app.decorate('requireScopes', (...scopes: readonly string[]): onRequestAsyncHookHandler => {
      return async (request, reply) => {
        const refusal = (judgeOf(request) ?? ofPlugin).missingScopes(request.auth ?? undefined, scopes)
        if (!refusal) return
        if (passErrors) throw refusal
        return answer(refusal, reply)
      }
    })
  },
  { name: '@keysource/fastify', fastify: '5.x' },
)

function answer(refusal: AuthRefusal, reply: FastifyReply): FastifyReply {
  return reply.code(refusal.status).headers(refusal.headers).send(JSON.stringify(refusal.body))
}

export { AuthRefusal } from '@keysource/http'
