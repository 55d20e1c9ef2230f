import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import { type KeySource, pemKey, remoteJwks, type Verifier } from '../../src/index.ts'
import { x509 } from '../../src/node.ts'
import { CERTIFICATE_KEY, EXPIRED_CERTIFICATE, VALID_CERTIFICATE } from '../../test/certificates.ts'
import { ENGINES, jwt, manualClock, NOW, provider, signer } from '../../test/loopback-issuer.ts'
import { campaign } from './campaign.ts'
import { outcome } from './judgement.ts'
import { alteredPem } from './pem-mutation.ts'

const certified = jwt(CERTIFICATE_KEY)
const rsa = signer('RS256')
const outsider = jwt(signer('ES256', CERTIFICATE_KEY.kid))
const KEYS_PEM = [CERTIFICATE_KEY, rsa].map(({ publicKey }) =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString(),
)

const pem = fc
  .constantFrom(VALID_CERTIFICATE, EXPIRED_CERTIFICATE, ...KEYS_PEM)
  .chain((good) => fc.oneof({ weight: 9, arbitrary: alteredPem(good) }, fc.string({ unit: 'binary' })))

const input = fc.record({
  engine: fc.constantFrom(...ENGINES),
  pem,
  alg: fc.constantFrom('ES256' as const, 'RS256' as const, 'EdDSA' as const),
})

campaign('certificates and PEM', input, async ({ engine, pem, alg }) => {
  const certificates = attempt(() => x509(pem, { alg }))
  const several = attempt(() => x509([VALID_CERTIFICATE, pem], { alg }))
  const key = attempt(() => pemKey(pem, { alg }))
  const map = remoteJwks('https://id.example/keys', { format: 'pem-map' })
  const fetch = async (): Promise<Response> => Response.json({ [CERTIFICATE_KEY.kid]: pem, [rsa.kid]: pem })
  for (const keys of [certificates, several, key, map]) {
    if (!keys) continue
    const verifier = engine.createVerifier({ fetch, clock: manualClock(), providers: [provider([], { keys })] })
    await outcome(() => verifier.ready())
    await expectHonest(verifier, keys === several || isInForce(pem))
    verifier.close()
  }
})

/** Construction takes what it can use, and says of all else that the configuration is wrong. */
function attempt(make: () => KeySource): KeySource | undefined {
  try {
    return make()
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', kind: 'config', name: 'ConfigError' })
    return undefined
  }
}

async function expectHonest(verifier: Verifier, mayAccept: boolean): Promise<void> {
  const verdict = await outcome(() => verifier.verify(certified), certified)
  if (!mayAccept) expect(verdict).not.toBe('accepted')
  expect((await verifier.explain(certified)).code ?? 'accepted').toBe(verdict)
  expect(await outcome(() => verifier.verify(outsider), outsider)).not.toBe('accepted')
}

/** A bare key has no dates. A certificate has to say when it is in force, and now has to be within. */
function isInForce(text: string): boolean {
  if (!text.includes('BEGIN CERTIFICATE')) return true
  const blocks = text.replaceAll('\\n', '\n').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.some((block) => {
    try {
      const { validFrom, validTo } = new X509Certificate(block)
      return Date.parse(validFrom) <= NOW * 1000 && NOW * 1000 <= Date.parse(validTo)
    } catch {
      return false
    }
  })
}
