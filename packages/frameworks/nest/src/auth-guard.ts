import type { VerifiedToken } from '@keysource/core'
import { type Authenticator, type AuthOptions, authenticator, nodeRequest, type TokenVerifier } from '@keysource/http'
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { AuthException } from './auth-exception.ts'
import { type AuthResponse, exchangeOf } from './request-of.ts'
import { keepToken, type Route, routeOf } from './route.ts'

/** Options of {@link KeysourceModule}: the verifier, and what every request is asked for. */
export interface KeysourceOptions extends AuthOptions {
  /** Made by `createVerifier`. */
  readonly verifier: TokenVerifier<VerifiedToken>
}

/** The token under which the options are provided. */
export const KEYSOURCE_OPTIONS: unique symbol = Symbol.for('@keysource/nest.options')

/**
 * Lets a request on once its token is verified. Over HTTP a refusal is answered as RFC 6750 has it; it is thrown as an
 * {@link AuthException}, so that a filter of yours may answer otherwise.
 *
 * @example
 * ```ts
 * @Controller('reports')
 * @UseGuards(AuthGuard)
 * class ReportsController {}
 * ```
 */
export class AuthGuard implements CanActivate {
  readonly #options: KeysourceOptions
  /** One a route, made with its first request. */
  readonly #judges = new WeakMap<Route, Authenticator<VerifiedToken>>()

  constructor(options: KeysourceOptions) {
    const { verifier, ...rules } = options
    authenticator(verifier, rules) // a wrong option ends the start, not a request
    this.#options = options
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = routeOf(context)
    if (route.open || passed.get(context) === this.#options) return true
    const { request, response } = exchangeOf(context)
    const { token, refusal } = await this.#judgeOf(route).authenticate(nodeRequest(request.raw ?? request))
    if (refusal) {
      const exception = new AuthException(refusal)
      if (response) setHeaders(response, exception)
      throw exception
    }
    passed.set(context, this.#options)
    keepToken(request, route, token)
    request.auth = token
    return true
  }

  #judgeOf(route: Route): Authenticator<VerifiedToken> {
    const known = this.#judges.get(route)
    if (known) return known
    const { verifier, ...rules } = this.#options
    const judge = authenticator(verifier, { ...rules, ...route.asked })
    this.#judges.set(route, judge)
    return judge
  }
}

// A route may have the guard several times, by `guardAll` and by its decorators, and its calls are judged once: all of them see
// one context. By options, so that a guard with others still has its say.
const passed = new WeakMap<ExecutionContext, KeysourceOptions>()

// What decorators would do, had JavaScript any: NestJS is told what the constructor takes.
Inject(KEYSOURCE_OPTIONS)(AuthGuard, undefined, 0)
Injectable()(AuthGuard)

/** NestJS writes the body and the status, in whichever filter is the nearest: its own, or one of the application. */
function setHeaders(response: AuthResponse, exception: AuthException): void {
  const { 'content-type': type = '', ...headers } = exception.refusal.headers
  const set = response.setHeader ?? response.header
  for (const [name, value] of Object.entries(headers)) set?.call(response, name, value)
  const { json } = response
  if (!json) return void set?.call(response, 'content-type', type)
  // On Express NestJS 11 replaces any type but application/json before it writes an object: so it is told at the last moment,
  // and only for this body.
  response.json = (body) => {
    if (body === exception.getResponse()) response.setHeader?.('content-type', type)
    return json.call(response, body)
  }
}
