/**
 * Key sources that need Node: files and certificates.
 *
 * @module
 */
export { jwksFile } from './sources/jwks-file.ts'
export { type X509Options, x509 } from './sources/x509.ts'
