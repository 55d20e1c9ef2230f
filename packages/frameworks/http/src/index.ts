/**
 * The rules of bearer tokens over HTTP (RFC 6750), once for every framework: where a token may stand, what is answered to one
 * that is refused, and what is not said.
 *
 * @module
 */
export { type AuthOptions, authRules } from './auth-options.ts'
export {
  type Authentication,
  type Authenticator,
  authenticator,
  type RegisteredToken,
  type TokenOf,
  type TokenVerifier,
} from './authenticator.ts'
export { bearing, type RequestHead, type TokenPlaces } from './credentials.ts'
export { type NodeRequest, nodeRequest } from './node-request.ts'
export {
  type ProtectedResource,
  type ProtectedResourceMetadata,
  type ProtectedResourceOptions,
  protectedResource,
} from './protected-resource.ts'
export { AuthRefusal, type BearerErrorCode, type Problem } from './refusal.ts'
export { guarding, refusalResponse, type TokenFor, webRequest, withAuth } from './web-request.ts'
