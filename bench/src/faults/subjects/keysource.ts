import { createVerifier, defineProvider, remoteJwks } from '@keysource/core'
import { COOLDOWN_MS, LIFETIME_MS, type Subject } from './subject.ts'

/** As its README does; all but the lifetime and the cooldown as they are by default. */
export const keysource: Subject = {
  name: 'keysource',
  packages: ['@keysource/core'],
  start({ issuer, audience, jwksUri }) {
    const acme = defineProvider({ name: 'acme', issuer, audience, keys: remoteJwks(jwksUri), algorithms: ['RS256'] })
    const verifier = createVerifier({ providers: [acme], cache: { ttlMs: LIFETIME_MS, cooldownMs: COOLDOWN_MS } })
    return (jwt) => verifier.verify(jwt)
  },
}
