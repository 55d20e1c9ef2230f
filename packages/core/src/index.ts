/**
 * Keysource finds the signing keys of any identity provider and verifies the tokens that it issues.
 *
 * @example
 * ```ts
 * import { createVerifier } from '@keysource/core'
 * import { auth0 } from '@keysource/auth0'
 *
 * const verifier = createVerifier({
 *   providers: [auth0({ domain: 'acme.eu.auth0.com', audience: 'https://api.acme.example' })],
 * })
 * const { subject, scopes } = await verifier.verify(jwt)
 * ```
 *
 * @module
 */
import { engine } from '#signature'
import { type CreateVerifier, verifierOn } from './verifier.ts'

/**
 * Composes providers into one verifier. It does no I/O, sets no timer and draws no random number, so it may stand at a
 * Worker's global scope.
 *
 * @throws `CONFIG_INVALID` for an unknown, missing or wrong option, and for two providers of one name or one issuer
 *
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   providers: [auth0({ domain, audience }), cognito({ userPoolId, clientId, tokenUse: 'access' })],
 *   cache: { ttlMs: 300_000 },
 * })
 * const token = await verifier.verify(jwt, { scopes: ['reports:read'] })
 * ```
 *
 * @see RFC 7519 section 7.2 (validating a JWT), RFC 8725 (best current practices)
 */
export const createVerifier: CreateVerifier = /* @__PURE__ */ verifierOn(engine)

export type { JSONWebKeySet, JWK } from 'jose'
export { type Algorithm, ASYMMETRIC_ALGORITHMS } from './algorithms.ts'
export { type Audience, isUnchecked, type Unchecked, unchecked } from './audience.ts'
export type { CheckFailure } from './check-failure.ts'
export { claimIs } from './claims.ts'
export type { Clock } from './clock.ts'
export { type Environment, type EnvironmentReader, readEnvironment } from './environment.ts'
export {
  ConfigError,
  type ConfigErrorCode,
  configInvalid,
  type ErrorCode,
  type ErrorDetails,
  type ErrorKind,
  isKeysourceError,
  KeysError,
  type KeysErrorCode,
  KeysourceError,
  TokenError,
  type TokenErrorCode,
} from './errors.ts'
export type { EventListener, VerifierEvent } from './events.ts'
export type { ExplainedCheck, Explanation } from './explain.ts'
export { type HttpClient, HttpError, type HttpRequest } from './http-client.ts'
export { type AnyTenant, anyTenant, type IssuerPattern } from './issuer.ts'
export type { InspectedKey } from './key-cache/key-store.ts'
export type { Snapshot, SnapshotEntry } from './key-cache/snapshot.ts'
export type { KeySource, LoadContext, LoadedKeys } from './key-source.ts'
export {
  adapterOptions,
  allOptional,
  callback,
  checkOption,
  checkOptions,
  choice,
  flag,
  hostName,
  httpsUrl,
  isHostName,
  numberWithin,
  type OptionRule,
  optional,
  secret,
  secureUrl,
  text,
  textOrTexts,
  texts,
} from './options.ts'
export { oneOf, printable } from './printable.ts'
export {
  type AdapterDefaults,
  type AdapterOptions,
  adapterRules,
  defineProvider,
  type Identity,
  ownClaim,
  type Provider,
  type ProviderOptions,
  scopesFrom,
  type TokenCheck,
  type TokenProblem,
  type TokenRules,
  textClaim,
} from './provider.ts'
export { firstOf, merge } from './sources/combine.ts'
export { jwkArrayFrom, jwkSetFrom, readJson, unexpected } from './sources/jwk-set.ts'
export { type KeyEndpointOptions, keyEndpoint } from './sources/key-endpoint.ts'
export { type PemKeyOptions, pemKey } from './sources/pem-key.ts'
export { loadJwks, type RemoteJwksOptions, remoteJwks, type SourceHeaders } from './sources/remote-jwks.ts'
export { staticJwks } from './sources/static-jwks.ts'
export type { StandardSchema } from './standard-schema.ts'
export type { KeyStatus, KeysState, ProviderStatus, SourceStatus } from './status.ts'
export type { JwtClaims, JwtHeader } from './token.ts'
export type { TokenCacheOptions } from './token-cache.ts'
export type { VerifiedToken, VerifiedTokenOf } from './verified-token.ts'
export type { Verifier } from './verifier.ts'
export type { CacheOptions, VerifierOptions, VerifyOptions } from './verifier-options.ts'
