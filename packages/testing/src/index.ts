export { type Auth0Kind, type Auth0StandIn, type Auth0StandInOptions, startAuth0 } from './auth0.ts'
export { type ClerkKind, type ClerkStandIn, type ClerkStandInOptions, startClerk } from './clerk.ts'
export { type CognitoKind, type CognitoStandIn, type CognitoStandInOptions, startCognito } from './cognito.ts'
export type {
  BadOptions,
  ExpectedIdentity,
  KindOf,
  ProviderCapabilities,
  ProviderSuite,
  Refusal,
  TestRunner,
} from './conformance/suite.ts'
export { describeProvider } from './describe-provider.ts'
export type { RecordedRequest } from './exchange.ts'
export type { Fault, FaultOptions } from './fault.ts'
export {
  callerOf,
  describeHttpAuth,
  type HttpAuthSuite,
  httpAuthTable,
} from './http/describe-http-auth.ts'
export { type HttpServer, listen } from './http/listen.ts'
export type { HttpRoute, HttpRouteOptions } from './http/routes.ts'
export type { HttpIssuer } from './http/tokens.ts'
export { type KeyPair, type KeyPairs, keyPairs, withKeyPairs } from './key-pairs.ts'
export { type OidcKind, type OidcStandIn, type OidcStandInOptions, startOidc } from './oidc.ts'
export { type OktaKind, type OktaStandIn, type OktaStandInOptions, startOkta } from './okta.ts'
export { type OneLoginKind, type OneLoginStandIn, type OneLoginStandInOptions, startOneLogin } from './onelogin.ts'
export { type FetchTarget, routeFetch } from './route-fetch.ts'
export type { Claims, RotateOptions, StandIn } from './stand-in.ts'
export type { StandInOptions } from './stand-in-options.ts'
export {
  type SuperTokensKind,
  type SuperTokensStandIn,
  type SuperTokensStandInOptions,
  startSuperTokens,
} from './supertokens.ts'
export type { ForgeOptions, TokenOptions } from './token.ts'
