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
    expected: 'a JWK Set, { keys: [ … ] } with at least one key',
    accepts: (value) => Array.isArray((value as Partial<JSONWebKeySet> | null)?.keys) && jwks.keys.length > 0,
  })
  const copy: JSONWebKeySet = structuredClone(jwks)
  const kids = copy.keys.map((key) => key?.kid ?? '')
  return Object.freeze({
    local: true,
    id: `static:${kids.join(',')}`,
    load: async (): Promise<LoadedKeys> => ({ jwks: copy }),
  })
}
