import { createRemoteJWKSet, jwtVerify } from 'jose'
import { COOLDOWN_MS, LIFETIME_MS, type Subject } from './subject.ts'

/** As the documentation of `createRemoteJWKSet` does, with its two settings for freshness. Its time-out is 5 s by default. */
export const jose: Subject = {
  name: 'jose',
  packages: ['jose'],
  start({ issuer, audience, jwksUri }) {
    const keys = createRemoteJWKSet(new URL(jwksUri), { cacheMaxAge: LIFETIME_MS, cooldownDuration: COOLDOWN_MS })
    return (jwt) => jwtVerify(jwt, keys, { issuer, audience, algorithms: ['RS256'] })
  },
}
