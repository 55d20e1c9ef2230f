import type { VerifiedToken } from '@keysource/core'
import {
  type Authenticator,
  type AuthOptions,
  type AuthRefusal,
  authenticator,
  nodeRequest,
  type TokenVerifier,
} from '@keysource/http'
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { AuthException } from './auth-exception.ts'
import { METADATA } from './decorators.ts'
import { type AuthResponse, exchangeOf } from './request-of.ts'

/** Options of {@link KeysourceModule}: the verifier, and what every request is asked for. */
export interface KeysourceOptions extends AuthOptions {
  /** Made by `createVerifier`. */
  readonly verifier: TokenVerifier<VerifiedToken>
}

/** The token under which the options are provided. */
export const KEYSOURCE_OPTIONS: unique symbol = Symbol.for('@keysource/nest.options')

type Handler = ReturnType<ExecutionContext['getHandler']>

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
  readonly #reflector: Reflector
  /** One a handler, made with its first request. A class may share its handlers with another that extends it. */
  readonly #judges = new WeakMap<object, Map<Handler, Authenticator<VerifiedToken> | undefined>>()

  constructor(options: KeysourceOptions, reflector: Reflector) {
    const { verifier, ...rules } = options
    authenticator(verifier, rules) // a wrong option ends the start, not a request
    this.#options = options
    this.#reflector = reflector
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const judge = this.#judgeOf(context)
    if (!judge) return true
    const { request, response } = exchangeOf(context)
    const { token, refusal } = await judge.authenticate(nodeRequest(request.raw ?? request))
    if (refusal) {
      if (response) setHeaders(response, refusal)
      throw new AuthException(refusal)
    }
    request.auth = token
    return true
  }

  #judgeOf(context: ExecutionContext): Authenticator<VerifiedToken> | undefined {
    const owner = context.getClass()
    const handler = context.getHandler()
    const judges = this.#judges.get(owner) ?? new Map<Handler, Authenticator<VerifiedToken> | undefined>()
    if (judges.size === 0) this.#judges.set(owner, judges)
    if (!judges.has(handler)) judges.set(handler, this.#makeJudge([handler, owner]))
    return judges.get(handler)
  }

  #makeJudge(
    targets: readonly [Handler, ReturnType<ExecutionContext['getClass']>],
  ): Authenticator<VerifiedToken> | undefined {
    const told = <T>(key: string): T | undefined => this.#reflector.getAllAndOverride<T | undefined>(key, [...targets])
    if (told<boolean>(METADATA.open)) return undefined
    const { verifier, ...rules } = this.#options
    const scopes = told<readonly string[]>(METADATA.scopes)
    return authenticator(verifier, { ...rules, ...told<AuthOptions>(METADATA.options), ...(scopes && { scopes }) })
  }
}

// What decorators would do, had JavaScript any: NestJS is told what the constructor takes.
Inject(KEYSOURCE_OPTIONS)(AuthGuard, undefined, 0)
Inject(Reflector)(AuthGuard, undefined, 1)
Injectable()(AuthGuard)

/** NestJS writes the body and the status, and leaves a content type that is there. */
function setHeaders(response: AuthResponse, { headers }: AuthRefusal): void {
  for (const [name, value] of Object.entries(headers)) {
    if (response.setHeader) response.setHeader(name, value)
    else response.header?.(name, value)
  }
}
