import type { JWK } from 'jose'
import { cacheControl, ok } from './answer.ts'
import { type KeyRing, publicJwk, type SigningKey } from './key-ring.ts'
import type { Route } from './route.ts'

/** A key as it is published. */
export type PublishedJwk = Readonly<Record<string, unknown>>

/** The members that a provider's JWKs have, from those of the material and the `kid`. */
export type JwkWriter = (material: JWK, key: SigningKey) => PublishedJwk

/** How a provider publishes its keys. */
export interface KeyRouteOptions {
  readonly url: string
  readonly keys: KeyRing
  readonly cacheControl: string | undefined
  /** Default: {@link usualJwk}. */
  readonly jwk?: JwkWriter
}

/** The endpoint of a JWK Set (RFC 7517 section 5). */
export function keyRoute({ url, keys, jwk = usualJwk, cacheControl: caching }: KeyRouteOptions): Route {
  return {
    method: 'GET',
    url,
    answer: async () => ok({ keys: await publishedJwks(keys, jwk) }, cacheControl(caching)),
  }
}

/** Every published key, as this provider writes it. */
export function publishedJwks(keys: KeyRing, jwk: JwkWriter): Promise<PublishedJwk[]> {
  return Promise.all(keys.published().map(async (key) => jwk(await publicJwk(key), key)))
}

/** What most providers publish: the material, `kid`, `use` and `alg`. */
export function usualJwk(material: JWK, { alg }: SigningKey): PublishedJwk {
  return { ...material, use: 'sig', alg }
}
