import { checkOptions, configInvalid, type VerifiedToken } from '@keysource/core'
import { type AuthOptions, authRules } from '@keysource/http'
import { createParamDecorator, type ExecutionContext, SetMetadata, UseGuards } from '@nestjs/common'
import { AuthGuard } from './auth-guard.ts'
import { exchangeOf } from './request-of.ts'
import { ASKED, type Asked, askedOf, routeOf, tokensOf } from './route.ts'

/**
 * Leaves a handler, or all of a controller's, open: no token is asked for or looked at. A handler that asks for something is
 * guarded all the same.
 *
 * @throws `CONFIG_INVALID` beside `@Scopes()` or `@Authenticate()`
 */
export function Public(): ClassDecorator & MethodDecorator {
  return asks(false)
}

/**
 * Guards a handler or a controller, and asks for scopes, all of them: else 403. Those of a handler stand in the place of its
 * controller's.
 *
 * @throws `CONFIG_INVALID` for what is no scope
 *
 * @example
 * ```ts
 * @Scopes('write:reports')
 * @Delete(':id')
 * remove(@Param('id') id: string) {}
 * ```
 */
export function Scopes(...scopes: readonly [string, ...string[]]): ClassDecorator & MethodDecorator {
  checkOptions('Scopes', { scopes }, { scopes: authRules.scopes })
  return asks({ scopes })
}

/**
 * Guards a handler or a controller, and changes what is asked there: `@Authenticate({ optional: true })`,
 * `@Authenticate({ cookie: '__session' })`. A handler's options come on top of its controller's, and those on top of the module's.
 *
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 */
export function Authenticate(options: AuthOptions = {}): ClassDecorator & MethodDecorator {
  checkOptions('Authenticate', options, authRules)
  return asks(options)
}

// What decorators said of this class or method itself, not of one that it extends.
const said = new WeakMap<object, Asked>()

function asks(asked: Asked): ClassDecorator & MethodDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const asking: object = descriptor?.value ?? target
    const own = said.get(asking)
    if (own !== undefined) refuseContradiction(String(name ?? (target as { name?: string }).name), own, asked)
    said.set(asking, asked && { ...own, ...asked })
    const merged: Asked = asked && { ...askedOf(asking), ...asked }
    for (const decorate of [SetMetadata(ASKED, merged), ...(asked ? [UseGuards(AuthGuard)] : [])]) {
      if (descriptor && name !== undefined) decorate(target, name, descriptor)
      else decorate(target as Parameters<ClassDecorator>[0])
    }
  }
}

/** Of two decorators that contradict each other one would win without a word, and it may be the one that asks for less. */
function refuseContradiction(where: string, own: Asked, asked: Asked): void {
  if (own === false || asked === false) {
    if (own === asked) return
    throw configInvalid(where, '@Public()', 'no @Scopes() and no @Authenticate() beside it', 'both')
  }
  const twice = Object.keys(asked).find((option) => Object.hasOwn(own, option))
  if (twice !== undefined) throw configInvalid(where, twice, 'one decorator that says it', 'two')
}

/**
 * The verified token, as a parameter of a handler or resolver; `undefined` where nobody had to bring one. A handler that no guard
 * stands before throws, as its author takes the token for granted.
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
  (_data: unknown, context: ExecutionContext): VerifiedToken | undefined => {
    const route = routeOf(context)
    if (route.open) return undefined
    const tokens = tokensOf(exchangeOf(context).request)
    if (tokens?.has(route)) return tokens.get(route)
    const handler = `${context.getClass().name}.${context.getHandler().name}`
    throw new Error(`@Auth() of ${handler}: expected AuthGuard before it, found none`)
  },
)
