import type { JWK } from 'jose'
import type { Algorithm } from './algorithms.ts'
import type { Identity, Provider } from './provider.ts'
import type { JwtClaims, JwtHeader } from './token.ts'

/** A token whose every check held. */
export interface VerifiedToken<Name extends string = string, Claims = JwtClaims> extends Identity {
  /** The name of the composed provider that issued it: tells the types of `claims` apart. */
  readonly provider: Name
  readonly issuer: string
  /** `exp`: seconds since the epoch. */
  readonly expiresAt: number
  readonly claims: Claims
  readonly header: JwtHeader
  /** The key that its signature was verified with. `jwk` has the public members that make it, and is not enumerable. */
  readonly key: { readonly kid: string | undefined; readonly alg: Algorithm; readonly jwk: Readonly<JWK> }
}

/** Providers of any names and claims, as `createVerifier` takes them. */
// biome-ignore lint/suspicious/noExplicitAny: claims stand in a parameter's place too, where only `any` takes each provider
export type AnyProviders = readonly Provider<string, any>[]

/** What a verifier over these providers returns: one type a provider, told apart by `provider`. */
export type VerifiedTokenOf<Providers extends AnyProviders> = Providers[number] extends infer One
  ? One extends Provider<infer Name, infer Claims>
    ? VerifiedToken<Name, Claims>
    : never
  : never
