import { X509Certificate } from 'node:crypto'
import type { CertificateFacts } from './engine.ts'

/**
 * Reads an X.509 certificate that is trusted as given: its key and its dates. No chain is built and no issuer is asked.
 *
 * @throws where the text is no certificate
 */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem)
  return {
    publicKeyPem: certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    notBefore: Date.parse(certificate.validFrom) / 1000,
    notAfter: Date.parse(certificate.validTo) / 1000,
    serialNumber: certificate.serialNumber,
  }
}
