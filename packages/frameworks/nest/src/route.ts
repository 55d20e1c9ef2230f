import type { VerifiedToken } from '@keysource/core'
import type { AuthOptions } from '@keysource/http'
import type { ExecutionContext } from '@nestjs/common'
import { Reflector } from '@nestjs/core'

/** Where it stands on a class or a method what is asked there. */
export const ASKED = 'keysource:auth'

/** What a class or a method is asked, on top of what is asked around it; `false` leaves it open. */
export type Asked = false | AuthOptions

/** A handler, as a method of one class (another may inherit it), and what is asked there. One object each. */
export interface Route {
  readonly open: boolean
  readonly asked: AuthOptions
}

const reflector = new Reflector()
const routes = new WeakMap<object, WeakMap<object, Route>>()

/** What stands on a class (or on one that it extends) or a method. */
export function askedOf(target: object): Asked | undefined {
  return reflector.get<Asked | undefined>(ASKED, target as Parameters<Reflector['get']>[1])
}

/** The nearest word counts: a method that asks is no longer open because its class is. */
export function routeOf(context: ExecutionContext): Route {
  const owner = context.getClass()
  const handler = context.getHandler()
  const known = routes.get(owner)?.get(handler)
  if (known) return known
  const ofOwner = routes.get(owner) ?? new WeakMap<object, Route>()
  routes.set(owner, ofOwner)
  const outer = askedOf(owner)
  const inner = askedOf(handler)
  const route = { open: (inner ?? outer) === false, asked: { ...outer, ...inner } }
  ofOwner.set(handler, route)
  return route
}

// By route, as the fields of one GraphQL request may each be asked something else.
const letIn = new WeakMap<object, Map<Route, VerifiedToken | undefined>>()

/** Keeps who was let in, for {@link tokensOf}. */
export function keepToken(request: object, route: Route, token: VerifiedToken | undefined): void {
  const tokens = letIn.get(request) ?? new Map<Route, VerifiedToken | undefined>()
  letIn.set(request, tokens.set(route, token))
}

/** Who was let in with a request, by route. */
export function tokensOf(request: object): ReadonlyMap<Route, VerifiedToken | undefined> | undefined {
  return letIn.get(request)
}
