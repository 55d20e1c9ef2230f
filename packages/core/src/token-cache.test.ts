import { describe, expect, test } from 'vitest'
import {
  CLAIMS,
  ENGINES,
  errorOf,
  eventLog,
  jwks,
  jwt,
  loopbackServer,
  manualClock,
  NOW,
  part,
  provider,
  signer,
  verdict,
} from '../test/loopback-issuer.ts'
import { remoteJwks } from './index.ts'
import { engine as nodeEngine } from './signature/node.ts'
import { engine as webEngine } from './signature/web.ts'
import { verifierOn } from './verifier.ts'

const key = signer()
const LONG = NOW + 1_000_000

for (const engine of [nodeEngine, webEngine]) {
  /** A verifier with a token cache, and the number of signatures that it checked. */
  const make = (options: Partial<Parameters<ReturnType<typeof verifierOn>>[0]> = {}) => {
    let checked = 0
    const counting: typeof engine = {
      ...engine,
      verify(...input) {
        checked += 1
        return engine.verify(...input)
      },
    }
    const clock = manualClock()
    const providers = [provider([key])]
    const verifier = verifierOn(counting)({ providers, clock, tokenCache: { max: 100 }, ...options })
    return { verifier, clock, checked: () => checked }
  }

  describe(`a token that comes again, on the ${engine.name} engine`, () => {
    test('costs one signature', async () => {
      const { verifier, checked } = make()
      const token = jwt(key)
      const first = await verifier.verify(token)
      for (let n = 0; n < 5; n++) expect(await verifier.verify(token)).toEqual(first)
      expect(checked()).toBe(1)
    })

    test('in another spelling is another, and refused', async () => {
      const { verifier } = make()
      const token = jwt(key)
      await verifier.verify(token)
      const forged = `${token.slice(0, -4)}AAAA`
      expect(await verdict(() => verifier.verify(forged))).toBe('SIGNATURE_INVALID')
      expect(await verdict(() => verifier.verify(`${token} `))).toBe('TOKEN_MALFORMED')
    })

    test('with the same signature under other claims is another, and refused', async () => {
      const { verifier } = make()
      const token = jwt(key)
      await verifier.verify(token)
      const [head, , tail] = token.split('.')
      const forged = `${head}.${part({ ...CLAIMS, sub: 'root' })}.${tail}`
      const otherHead = `${part({ alg: 'ES256', kid: 'k1', x: 1 })}.${part(CLAIMS)}.${tail}`
      for (const other of [forged, otherHead]) {
        expect(await verdict(() => verifier.verify(other))).toBe('SIGNATURE_INVALID')
        expect((await verifier.verify(token)).subject).toBe('user-1')
      }
    })

    test('among the older ones is decided by its whole text too', async () => {
      const { verifier } = make({ tokenCache: { max: 2 } })
      const token = jwt(key)
      await verifier.verify(token)
      await verifier.verify(jwt(key, { jti: 'newer' }))
      const [head, , tail] = token.split('.')
      const forged = `${head}.${part({ ...CLAIMS, sub: 'root' })}.${tail}`
      expect(await verdict(() => verifier.verify(forged))).toBe('SIGNATURE_INVALID')
      expect(await verdict(() => verifier.verify(token))).toBe('accepted')
    })

    test('is refused once it has expired, with the tolerance', async () => {
      const { verifier, clock } = make()
      const token = jwt(key)
      await verifier.verify(token)
      clock.advance(304_000)
      expect(await verdict(() => verifier.verify(token))).toBe('accepted')
      clock.advance(1000)
      expect(await verdict(() => verifier.verify(token))).toBe('TOKEN_EXPIRED')
    })

    test('is refused before it is valid, where the clock is set back', async () => {
      const { verifier, clock } = make()
      const token = jwt(key, { nbf: NOW })
      await verifier.verify(token)
      clock.jump(-60_000)
      expect(await verdict(() => verifier.verify(token))).toBe('TOKEN_NOT_YET_VALID')
    })

    test('is held to what this call asks for', async () => {
      const other = provider([key], { name: 'other', issuer: 'urn:other' })
      const { verifier } = make({ providers: [provider([key]), other] })
      const token = jwt(key, { scope: 'read', aud: ['api', 'reports'] })
      await verifier.verify(token)
      expect(await verdict(() => verifier.verify(token, { scopes: 'read' }))).toBe('accepted')
      expect(await verdict(() => verifier.verify(token, { scopes: ['read', 'write'] }))).toBe('SCOPE_MISSING')
      expect(await verdict(() => verifier.verify(token, { audience: 'reports' }))).toBe('accepted')
      expect(await verdict(() => verifier.verify(token, { audience: 'invoices' }))).toBe('AUDIENCE_MISMATCH')
      expect(await verdict(() => verifier.verify(token, { provider: 'acme' }))).toBe('accepted')
      expect(await verdict(() => verifier.verify(token, { provider: 'other' }))).toBe('ISSUER_UNKNOWN')
      expect(await verdict(() => verifier.verify(token, { scope: 'x' } as never))).toBe('CONFIG_INVALID')
      expect(await verdict(() => verifier.verify(token, { signal: AbortSignal.abort() }))).toBe('ABORTED')
      verifier.close()
      expect(await verdict(() => verifier.verify(token))).toBe('CLOSED')
    })

    test('refused is refused again', async () => {
      const { verifier, checked } = make()
      const token = jwt(signer())
      for (let n = 1; n <= 3; n++) {
        expect(await verdict(() => verifier.verify(token))).toBe('SIGNATURE_INVALID')
        expect(checked()).toBe(n)
      }
    })

    test('is refused once its key is withdrawn, and once it is another', async () => {
      for (const next of [signer('ES256', 'k2'), signer('ES256', 'k1')]) {
        const server = await loopbackServer(jwks([key]))
        const { verifier, clock } = make({ providers: [provider([], { keys: remoteJwks(server.url) })] })
        const token = jwt(key, { exp: LONG })
        await verifier.verify(token)
        server.answer = jwks([next])
        clock.advance(599_000) // the refresh ahead starts with this one, and it does not wait
        expect(await verdict(() => verifier.verify(token))).toBe('accepted')
        await expect
          .poll(() => verifier.verify(token).catch(({ code }) => code))
          .toMatch(/KEY_NOT_FOUND|SIGNATURE_INVALID/)
        expect(server.requests.length).toBeGreaterThan(1)
      }
    })

    test('cannot be altered by who got it', async () => {
      const { verifier } = make()
      const token = jwt(key, { roles: [{ name: 'reader' }] })
      for (let n = 0; n < 3; n++) {
        const { claims } = await verifier.verify(token)
        expect(() => Object.assign(claims, { sub: 'root' })).toThrow(TypeError)
        expect(() => (claims.roles as object[]).push({})).toThrow(TypeError)
        expect(() => Object.assign((claims.roles as object[])[0] ?? {}, { name: 'admin' })).toThrow(TypeError)
        expect(claims).toEqual({ ...CLAIMS, roles: [{ name: 'reader' }] })
      }
    })

    test('is told as an event each time', async () => {
      const events = eventLog()
      const { verifier } = make({ onEvent: events.onEvent })
      const token = jwt(key)
      for (let n = 0; n < 3; n++) await verifier.verify(token)
      expect(events.of('verified')).toHaveLength(3)
    })

    test('is forgotten where there are too many', async () => {
      const { verifier, checked } = make({ tokenCache: { max: 4 } })
      const tokens = Array.from({ length: 20 }, (_, n) => jwt(key, { jti: String(n) }))
      for (const token of tokens) await verifier.verify(token)
      expect(checked()).toBe(20)
      for (const token of tokens.slice(0, 16)) await verifier.verify(token)
      expect(checked()).toBe(36)
    })
  })
}

test('verifySync recalls what verify kept', async () => {
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
  const clock = manualClock()
  const verifier = createVerifier({ providers: [provider([key])], clock, tokenCache: { max: 10 } })
  const token = jwt(key)
  const first = await verifier.verify(token)
  expect(verifier.verifySync(token)).toBe(first)
  clock.advance(1_000_000)
  expect(await errorOf(() => verifier.verifySync(token))).toMatchObject({
    code: expect.stringMatching(/EXPIRED|NOT_LOADED/),
  })
})

test('without a token cache each token is checked anew', async () => {
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
  const verifier = createVerifier({ providers: [provider([key])], clock: manualClock() })
  const token = jwt(key)
  expect(await verifier.verify(token)).not.toBe(await verifier.verify(token))
})

test('a token cache of a wrong size is refused', async () => {
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
  for (const tokenCache of [
    {},
    { max: 0 },
    { max: 1 },
    { max: Number.NaN },
    { max: 10, maxBytes: 0 },
    { max: 10, ttl: 1 },
    100,
    null,
  ]) {
    expect(await verdict(() => createVerifier({ providers: [provider([key])], tokenCache: tokenCache as never }))).toBe(
      'CONFIG_INVALID',
    )
  }
})
