import { X509Certificate } from 'node:crypto'
import type { CertificateFacts } from './engine.ts'

/**
 * Reads an X.509 certificate that is trusted as given: its key and its dates. No chain is built and no issuer is asked.
 *
 * @throws where the text is no certificate, or its dates cannot be read
 */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem)
  return {
    publicKeyPem: certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    notBefore: seconds(certificate.validFrom),
    notAfter: seconds(certificate.validTo),
    serialNumber: certificate.serialNumber,
  }
}

/** A key without dates would be trusted for ever. */
function seconds(date: string): number {
  const ms = Date.parse(date)
  if (Number.isNaN(ms)) throw new Error('a certificate whose dates cannot be read')
  return ms / 1000
}
