import type { JSONWebKeySet } from 'jose'
import type { KeySource, LoadedKeys } from '../key-source.ts'
import { checkOption } from '../options.ts'

/**
 * Keys that are written down: no request is ever made. They stay as they are until the program is started anew.
 *
 * @throws `CONFIG_INVALID` for anything but a JWK Set with at least one key
 *
 * @example
 * ```ts
 * staticJwks({ keys: [{ kty: 'OKP', crv: 'Ed25519', kid: '2026-11', x: '…' }] })
 * ```
 *
 * @see RFC 7517 section 5
 */
export function staticJwks(jwks: JSONWebKeySet): KeySource {
  checkOption('staticJwks', 'jwks', jwks, {
    expected: 'a JWK Set, { keys: [ … ] } with at least one key, and nothing in it but data',
    accepts: (value) =>
      Array.isArray((value as Partial<JSONWebKeySet> | null)?.keys) && jwks.keys.length > 0 && isData(value),
  })
  const copy: JSONWebKeySet = structuredClone(jwks)
  const kids = copy.keys.map((key) => key?.kid ?? '')
  return Object.freeze({
    local: true,
    id: `static:${kids.join(',')}`,
    load: async (): Promise<LoadedKeys> => ({ jwks: copy }),
  })
}

/** A function, say, cannot be copied, and `structuredClone` would throw what is none of ours. */
function isData(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
