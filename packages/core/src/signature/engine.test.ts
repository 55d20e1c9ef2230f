import { randomBytes } from 'node:crypto'
import { base64url, exportJWK, importSPKI } from 'jose'
import { describe, expect, test } from 'vitest'
import { signer } from '../../test/loopback-issuer.ts'
import { publicKeyToJwk, readPublicKeyPem } from '../pem.ts'
import { engine as node } from './node.ts'
import { engine as web } from './web.ts'

const PUBLIC_MEMBERS = ['kty', 'n', 'e', 'crv', 'x', 'y'] as const

for (const engine of [node, web]) {
  describe(`the ${engine.name} engine`, () => {
    test('spells bytes as jose does, and reads them back', () => {
      for (const length of [0, 1, 2, 3, 31, 32, 33, 256, 1024]) {
        const bytes = new Uint8Array(randomBytes(length))
        expect(engine.encode(bytes)).toBe(base64url.encode(bytes))
        expect(engine.decode(base64url.encode(bytes))).toEqual(engine === node ? Buffer.from(bytes) : bytes)
      }
      expect(engine.encode(new Uint8Array([0xfb, 0xff, 0xfe]))).toBe('-__-')
    })

    test.for(['a', 'abcde', 'ab=', 'ab==', 'a+b/', 'a b', 'ab\n', 'äbcd', 'ab\u{10000}'])(
      'reads no bytes in %j',
      (text) => {
        expect(engine.decode(text)).toBeUndefined()
      },
    )

    test.for(['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const)(
      'reads the public key of %s as jose does',
      async (alg) => {
        const pem = signer(alg).publicKey.export({ format: 'pem', type: 'spki' }).toString()
        const { spki } = readPublicKeyPem(pem)
        const jwk = await engine.readPublicKey(spki, alg)
        const expected = await exportJWK(await importSPKI(pem, alg, { extractable: true }))
        for (const member of PUBLIC_MEMBERS) expect(jwk[member]).toBe(expected[member])
        expect(await publicKeyToJwk(readPublicKeyPem(pem))).toEqual(expected)
      },
    )

    test('refuses bytes that only look like a key', async () => {
      const pem = signer('RS256').publicKey.export({ format: 'der', type: 'spki' })
      const broken = Uint8Array.from(pem).fill(0xff, 24, 40)
      await expect((async () => engine.readPublicKey(broken, 'RS256'))()).rejects.toThrow()
    })
  })
}
