/**
 * Bearer tokens in NestJS, over HTTP and GraphQL.
 *
 * @module
 */
export { AuthRefusal, type TokenOf } from '@keysource/http'
export { AuthException } from './auth-exception.ts'
export { AuthGuard, KEYSOURCE_OPTIONS, type KeysourceOptions } from './auth-guard.ts'
export { Auth, Authenticate, Public, Scopes } from './decorators.ts'
export { type GuardOptions, type KeysourceAsyncOptions, KeysourceModule } from './keysource-module.ts'
