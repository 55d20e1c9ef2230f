import type { JWK } from 'jose'
import type { Algorithm } from '../algorithms.ts'
import { ConfigError } from '../errors.ts'
import type { KeySource, LoadedKeys } from '../key-source.ts'
import { algorithmList, checkOptions } from '../options.ts'
import { type PublicKeyPem, publicKeyToJwk, readPublicKeyPem } from '../pem.ts'
import { printable } from '../printable.ts'
import { readCertificate } from '../signature/certificate.ts'

/** Options of {@link x509}. */
export interface X509Options {
  /** The one algorithm that the certificates' keys are for. */
  readonly alg: Algorithm
}

/**
 * Certificates that are trusted as given: no chain is built, no root is asked. Their dates are checked again at each use.
 * Their keys fit tokens with any `kid`.
 *
 * @param certificates - in PEM, one or several; a text may hold more than one
 * @throws `CONFIG_INVALID` for anything but certificates whose keys fit `alg`
 *
 * @example
 * ```ts
 * import { x509 } from '@keysource/core/node'
 *
 * x509(readFileSync('partner.pem', 'utf8'), { alg: 'RS256' })
 * ```
 *
 * @see RFC 5280 section 4.1.2.5 (dates)
 */
export function x509(certificates: string | readonly string[], options: X509Options): KeySource {
  checkOptions('x509', options, {
    alg: { ...algorithmList, expected: 'an asymmetric algorithm', accepts: (value) => algorithmList.accepts([value]) },
  })
  const { alg } = options
  const blocks = [certificates].flat().flatMap(pemBlocks)
  if (blocks.length === 0) throw certificateInvalid('at least one certificate in PEM', 'none')
  const keys = blocks.map((pem) => certificateKey(pem, alg))
  return Object.freeze({
    local: true,
    id: `x509:${alg}:${keys.map(({ serial }) => serial).join(',')}`,
    async load(): Promise<LoadedKeys> {
      const jwks: JWK[] = []
      for (const { key, dates } of keys) jwks.push({ ...(await publicKeyToJwk(key)), ...dates, alg })
      return { jwks: { keys: jwks }, anyKid: true }
    },
  })
}

interface CertificateKey {
  readonly key: PublicKeyPem
  readonly dates: { readonly nbf: number; readonly exp: number }
  readonly serial: string
}

function certificateKey(pem: string, alg: Algorithm): CertificateKey {
  try {
    const { publicKeyPem, notBefore, notAfter, serialNumber } = readCertificate(pem)
    const key = readPublicKeyPem(publicKeyPem)
    if (!key.algorithms.includes(alg)) throw new Error(`one for ${key.algorithms.join(', ')}`)
    return { key, dates: { nbf: notBefore, exp: notAfter }, serial: serialNumber }
  } catch (error) {
    throw certificateInvalid(`a certificate in PEM with a key for ${alg}`, (error as Error).message)
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Each certificate of a text, which may say more around them. One that is cut off must not be passed over. */
function pemBlocks(text: unknown): readonly string[] {
  if (typeof text !== 'string') throw certificateInvalid('certificates in PEM', printable(text))
  const lines = text.replace(/\\n/g, '\n')
  const blocks = lines.match(CERTIFICATE) ?? []
  const begun = lines.split('-----BEGIN ').length - 1
  if (blocks.length > 0 && blocks.length === begun) return blocks
  throw certificateInvalid(
    'whole certificates in PEM',
    blocks.length === 0 ? 'none' : 'a block that is none, or cut off',
  )
}

function certificateInvalid(expected: string, found: string): ConfigError {
  const message = `x509: option "certificates": expected ${expected}, got ${found}`
  return new ConfigError('CONFIG_INVALID', message, { subject: 'certificates', expected, found })
}
