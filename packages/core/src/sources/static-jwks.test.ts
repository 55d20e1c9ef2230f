import { describe, expect, test } from 'vitest'
import { eventLog, jwt, manualClock, NOW, provider, signer, verdict } from '../../test/loopback-issuer.ts'
import { createVerifier, type JSONWebKeySet, staticJwks } from '../index.ts'

const key = signer()

describe('staticJwks', () => {
  const cases: readonly (readonly [name: string, jwks: unknown, accepted: boolean])[] = [
    ['a JWK Set', { keys: [key.jwk] }, true],
    ['undefined', undefined, false],
    ['null', null, false],
    ['text', JSON.stringify({ keys: [key.jwk] }), false],
    ['an array', [key.jwk], false],
    ['a single key', key.jwk, false],
    ['no keys', { keys: [] }, false],
    ['keys that are no array', { keys: key.jwk }, false],
  ]
  for (const [name, jwks, accepted] of cases) {
    test(`${accepted ? 'takes' : 'refuses'} ${name}`, async () => {
      expect(await verdict(() => staticJwks(jwks as JSONWebKeySet))).toBe(accepted ? 'accepted' : 'CONFIG_INVALID')
    })
  }

  test('is not changed by what happens to the set later', async () => {
    const jwks = { keys: [{ ...key.jwk }] }
    const verifier = createVerifier({ providers: [provider([], { keys: staticJwks(jwks) })], clock: manualClock() })
    jwks.keys[0] = signer().jwk
    jwks.keys.push(signer('ES256', 'new').jwk)
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(key, {}, { kid: 'new' })))).toBe('KEY_NOT_FOUND')
  })

  test('names itself by its kids', () => {
    expect(staticJwks({ keys: [key.jwk, signer('ES256', 'k2').jwk] }).id).toBe('static:k1,k2')
  })

  test('serves for as long as the process lives', async () => {
    const events = eventLog()
    const clock = manualClock()
    const providers = [provider([key])]
    const verifier = createVerifier({ providers, clock, onEvent: events.onEvent })
    for (let days = 0; days < 5; days++) {
      expect(await verdict(() => verifier.verify(jwt(key, { exp: NOW + 9_000_000 })))).toBe('accepted')
      clock.advance(86_400_000)
    }
    expect(events.of('refresh-failed')).toEqual([])
    expect(events.of('rotated')).toEqual([])
  })
})
