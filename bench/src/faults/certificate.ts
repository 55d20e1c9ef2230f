import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate that lives as long as its run. Only its public half touches the disk. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  /** For `NODE_EXTRA_CA_CERTS`, so that clients trust it as they trust any authority and none skips the check. */
  readonly file: string
  remove(): Promise<void>
}

/** Makes one for 127.0.0.1 and localhost. */
export async function makeCertificate(): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'keysource bench' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  const folder = await mkdtemp(join(tmpdir(), 'keysource-bench-'))
  const file = join(folder, 'cert.pem')
  await writeFile(file, cert)
  return { key, cert, file, remove: () => rm(folder, { recursive: true, force: true }) }
}
