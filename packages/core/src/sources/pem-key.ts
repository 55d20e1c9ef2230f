import type { Algorithm } from '../algorithms.ts'
import { checksum } from '../checksum.ts'
import { ConfigError } from '../errors.ts'
import { toHex } from '../hex.ts'
import type { KeySource, LoadedKeys } from '../key-source.ts'
import { algorithmList, checkOption, checkOptions, optional, text } from '../options.ts'
import { type PublicKeyPem, publicKeyToJwk, readPublicKeyPem } from '../pem.ts'

/** Options of {@link pemKey}. */
export interface PemKeyOptions {
  /** The one algorithm that this key is for. */
  readonly alg: Algorithm
  /** The key then fits tokens with this `kid` alone. Default: any token, whatever its `kid`. */
  readonly kid?: string | undefined
}

/**
 * One public key in PEM (SPKI), with or without header and footer lines.
 *
 * @throws `CONFIG_INVALID` for anything but a public key that fits `alg`
 *
 * @example
 * ```ts
 * pemKey(process.env.PARTNER_KEY, { alg: 'RS256' })
 * ```
 *
 * @see RFC 7468 section 13
 */
export function pemKey(pem: string, options: PemKeyOptions): KeySource {
  checkOptions('pemKey', options, {
    alg: { ...algorithmList, expected: 'an asymmetric algorithm', accepts: (value) => algorithmList.accepts([value]) },
    kid: optional(text()),
  })
  const { alg, kid } = options
  const key = readOption(pem)
  if (!key.algorithms.includes(alg)) throw pemInvalid(`a key for ${alg}`, `a key for ${key.algorithms.join(', ')}`)
  return Object.freeze({
    local: true,
    id: `pem:${alg}:${kid ?? '*'}:${checksum(toHex(key.spki))}`,
    async load(): Promise<LoadedKeys> {
      const jwk = { ...(await publicKeyToJwk(key)), alg, ...(kid !== undefined && { kid }) }
      return { jwks: { keys: [jwk] }, anyKid: kid === undefined }
    },
  })
}

function readOption(pem: unknown): PublicKeyPem {
  checkOption('pemKey', 'pem', pem, { ...text('a public key in PEM'), secret: true })
  try {
    return readPublicKeyPem(pem as string)
  } catch (error) {
    throw pemInvalid('a public key in PEM (SPKI), with or without header and footer lines', (error as Error).message)
  }
}

function pemInvalid(expected: string, found: string): ConfigError {
  const message = `pemKey: option "pem": expected ${expected}, got ${found}`
  return new ConfigError('CONFIG_INVALID', message, { subject: 'pem', expected, found })
}
