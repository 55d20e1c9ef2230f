import { checkOptions, type VerifiedToken, type Verifier } from '@keysource/core'
import { type AuthOptions, authRules } from '@keysource/http'
import { type CustomDecorator, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common'
import { exchangeOf } from './request-of.ts'

/** Where the guard finds what the decorators say. */
export const METADATA = { open: 'keysource:public', options: 'keysource:options', scopes: 'keysource:scopes' } as const

/** Leaves a handler, or all of a controller's, open: no token is asked for or looked at. */
export function Public(): CustomDecorator {
  return SetMetadata(METADATA.open, true)
}

/** Scopes that the token must have, all of them: else 403. Those of a handler stand in the place of its controller's. */
export function Scopes(...scopes: readonly string[]): CustomDecorator {
  checkOptions('Scopes', { scopes }, { scopes: authRules.scopes })
  return SetMetadata(METADATA.scopes, scopes)
}

/**
 * Changes what the module asks of requests, for a handler or a controller: `@Authenticate({ optional: true })`,
 * `@Authenticate({ cookie: '__session' })`.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 */
export function Authenticate(options: AuthOptions): CustomDecorator {
  checkOptions('Authenticate', options, authRules)
  return SetMetadata(METADATA.options, options)
}

/**
 * The verified token, as a parameter of a handler or resolver; `undefined` where nobody had to bring one.
 *
 * @example
 * ```ts
 * @Get('me')
 * me(@Auth() { subject }: TokenOf<typeof verifier>) {
 *   return { subject }
 * }
 * ```
 */
export const Auth: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext): VerifiedToken | undefined => exchangeOf(context).request.auth,
)

/** The tokens of a verifier: the union over the providers that it composes. */
export type TokenOf<Verifying> = Verifying extends Verifier<infer Token> ? Token : never
