/** For core's own tests: two certificates over one key, made with openssl, and the key. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { JWK } from '../src/index.ts'
import type { Signer } from './loopback-issuer.ts'

/** From 2025 to 2125. */
export const VALID_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBGzCBwgIBAjAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5rZXlzb3VyY2UgdGVz
dDAgFw0yNTAxMDEwMDAwMDBaGA8yMTI1MDEwMTAwMDAwMFowGTEXMBUGA1UEAwwO
a2V5c291cmNlIHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQzscQIBhu2
/SXAAvGuS51luJE8OBHIlNcMe2yyiQM1pUeEihFcwzk6mQZG/7OLN3C1bQwNIvDV
SnZrYqr40YLsMAoGCCqGSM49BAMCA0gAMEUCIQCNqcgupxY0NXQnM/tBaA2yXxwA
+/Mm+FOX4gUHroS53gIgMsQYL0vovEkT2HBS7XvynqSBGkmM2h2f+CgydukL8Zk=
-----END CERTIFICATE-----`

/** From 2020 to 2021. */
export const EXPIRED_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBGjCBwAIBATAKBggqhkjOPQQDAjAZMRcwFQYDVQQDDA5rZXlzb3VyY2UgdGVz
dDAeFw0yMDAxMDEwMDAwMDBaFw0yMTAxMDEwMDAwMDBaMBkxFzAVBgNVBAMMDmtl
eXNvdXJjZSB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM7HECAYbtv0l
wALxrkudZbiRPDgRyJTXDHtssokDNaVHhIoRXMM5OpkGRv+zizdwtW0MDSLw1Up2
a2Kq+NGC7DAKBggqhkjOPQQDAgNJADBGAiEAxvEwYAPs6x40DTSWMRiXmqB/dz39
I3ClwHBQBobAeVQCIQC5R6XhftzBgb+6w2lWuA4UTaQ097c/CVb38nX/omqPoQ==
-----END CERTIFICATE-----`

const privateKey = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'M7HECAYbtv0lwALxrkudZbiRPDgRyJTXDHtssokDNaU',
    y: 'R4SKEVzDOTqZBkb_s4s3cLVtDA0i8NVKdmtiqvjRguw',
    d: '8Yo3uyNS2RkqLIW4qcJZlpP7eIDJ0kfs4hsw3wBQneY',
  },
})
const publicKey = createPublicKey(privateKey)

/** The key that both certify. */
export const CERTIFICATE_KEY: Signer = {
  alg: 'ES256',
  kid: 'certified',
  privateKey,
  publicKey,
  jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'certified', alg: 'ES256' } as JWK,
}
