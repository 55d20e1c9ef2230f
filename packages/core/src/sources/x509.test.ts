import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CERTIFICATE_KEY, EXPIRED_CERTIFICATE, VALID_CERTIFICATE } from '../../test/certificates.ts'
import { errorOf, jwt, manualClock, provider, signer, verdict } from '../../test/loopback-issuer.ts'
import { createVerifier } from '../index.ts'
import { x509 } from '../node.ts'

const other = signer()
const seconds = (date: string): number => Date.parse(date) / 1000
const verifierOf = (certificates: string | readonly string[], nowSec = seconds('2027-01-15T00:00:00Z')) =>
  createVerifier({
    providers: [provider([], { keys: x509(certificates, { alg: 'ES256' }) })],
    clock: manualClock(nowSec),
  })
const tokenAt = (nowSec: number, header = {}): string => jwt(CERTIFICATE_KEY, { exp: nowSec + 60, iat: nowSec }, header)

describe('a certificate', () => {
  const cases: readonly (readonly [
    name: string,
    certificates: string | readonly string[],
    at: string,
    expected: string,
  ])[] = [
    ['that is valid', VALID_CERTIFICATE, '2027-01-15T00:00:00Z', 'accepted'],
    ['with escaped line breaks', VALID_CERTIFICATE.replace(/\n/g, '\\n'), '2027-01-15T00:00:00Z', 'accepted'],
    ['with lines of Windows', VALID_CERTIFICATE.replace(/\n/g, '\r\n'), '2027-01-15T00:00:00Z', 'accepted'],
    ['among several in one text', `${EXPIRED_CERTIFICATE}\n${VALID_CERTIFICATE}\n`, '2027-01-15T00:00:00Z', 'accepted'],
    ['among several in an array', [EXPIRED_CERTIFICATE, VALID_CERTIFICATE], '2027-01-15T00:00:00Z', 'accepted'],
    ['in the second in which it begins', VALID_CERTIFICATE, '2025-01-01T00:00:00Z', 'accepted'],
    ['a second before it begins', VALID_CERTIFICATE, '2024-12-31T23:59:59Z', 'KEY_NOT_FOUND'],
    ['in its last second', EXPIRED_CERTIFICATE, '2021-01-01T00:00:00Z', 'accepted'],
    ['a second after', EXPIRED_CERTIFICATE, '2021-01-01T00:00:01Z', 'KEY_NOT_FOUND'],
    ['long ended', EXPIRED_CERTIFICATE, '2027-01-15T00:00:00Z', 'KEY_NOT_FOUND'],
  ]
  for (const [name, certificates, at, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      const nowSec = seconds(at)
      expect(await verdict(() => verifierOf(certificates, nowSec).verify(tokenAt(nowSec)))).toBe(expected)
    })
  }

  test('fits any kid, and none', async () => {
    const nowSec = seconds('2027-01-15T00:00:00Z')
    const verifier = verifierOf(VALID_CERTIFICATE)
    for (const kid of ['a', 'b', undefined])
      expect(await verdict(() => verifier.verify(tokenAt(nowSec, { kid })))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(other, { exp: nowSec + 60 })))).toBe('SIGNATURE_INVALID')
  })

  test('is judged by its dates at each use, not when it is loaded', async () => {
    const clock = manualClock(seconds('2020-12-31T23:59:00Z'))
    const keys = x509(EXPIRED_CERTIFICATE, { alg: 'ES256' })
    const verifier = createVerifier({ providers: [provider([], { keys })], clock })
    const token = jwt(CERTIFICATE_KEY, { exp: seconds('2022-01-01T00:00:00Z') })
    expect(await verdict(() => verifier.verify(token))).toBe('accepted')
    clock.advance(61_000)
    expect(await errorOf(() => verifier.verify(token))).toMatchObject({
      code: 'KEY_NOT_FOUND',
      found: expect.stringContaining('has ended'),
    })
  })
})

/** The certificate with other bytes in the place of some. Its own signature is not looked at. */
function withBytes(pem: string, from: string, to: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64').toString('latin1')
  const base64 = Buffer.from(der.replace(from, to), 'latin1').toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`
}

describe('the options of x509', () => {
  const publicKey = createPublicKey(CERTIFICATE_KEY.privateKey).export({ format: 'pem', type: 'spki' }).toString()
  const privateKey = CERTIFICATE_KEY.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const damaged = VALID_CERTIFICATE.replace('MIIB', 'MIIA')
  const truncated = VALID_CERTIFICATE.slice(0, -60)
  // Its last day begins with a letter.
  const undated = withBytes(EXPIRED_CERTIFICATE, '210101000000Z', 'X10101000000Z')
  const cases: readonly (readonly [
    name: string,
    certificates: unknown,
    options: unknown,
    subject: string | undefined,
  ])[] = [
    ['a certificate', VALID_CERTIFICATE, { alg: 'ES256' }, undefined],
    ['text around it', `subject=x\n${VALID_CERTIFICATE}\n`, { alg: 'ES256' }, undefined],
    ['nothing', undefined, { alg: 'ES256' }, 'certificates'],
    ['an empty text', '', { alg: 'ES256' }, 'certificates'],
    ['no certificates', [], { alg: 'ES256' }, 'certificates'],
    ['a number', 5, { alg: 'ES256' }, 'certificates'],
    ['a public key', publicKey, { alg: 'ES256' }, 'certificates'],
    ['a private key', privateKey, { alg: 'ES256' }, 'certificates'],
    ['a damaged certificate', damaged, { alg: 'ES256' }, 'certificates'],
    ['a certificate whose dates cannot be read', undated, { alg: 'ES256' }, 'certificates'],
    ['a certificate that was cut off', truncated, { alg: 'ES256' }, 'certificates'],
    ['one that was cut off after a good one', `${VALID_CERTIFICATE}\n${truncated}`, { alg: 'ES256' }, 'certificates'],
    ['garbage beside a good one', [VALID_CERTIFICATE, 'garbage'], { alg: 'ES256' }, 'certificates'],
    ['a number beside a good one', [VALID_CERTIFICATE, 5], { alg: 'ES256' }, 'certificates'],
    ['an algorithm of another kind', VALID_CERTIFICATE, { alg: 'RS256' }, 'certificates'],
    ['an algorithm of another curve', VALID_CERTIFICATE, { alg: 'ES384' }, 'certificates'],
    ['no algorithm', VALID_CERTIFICATE, {}, 'alg'],
    ['an algorithm of secrets', VALID_CERTIFICATE, { alg: 'HS256' }, 'alg'],
    ['several algorithms', VALID_CERTIFICATE, { alg: ['ES256'] }, 'alg'],
    ['a misspelt option', VALID_CERTIFICATE, { alg: 'ES256', kid: 'x' }, 'kid'],
    ['no options', VALID_CERTIFICATE, undefined, 'options'],
  ]
  for (const [name, certificates, options, subject] of cases) {
    test(`with ${name}: ${subject ? 'refused' : 'taken'}`, async () => {
      const make = () => x509(certificates as string, options as never)
      if (subject === undefined) expect(await verdict(make)).toBe('accepted')
      else {
        const error = await errorOf(make)
        expect(error).toMatchObject({ code: 'CONFIG_INVALID', subject })
        expect(JSON.stringify(error)).not.toContain(privateKey.slice(40, 80))
      }
    })
  }
})
