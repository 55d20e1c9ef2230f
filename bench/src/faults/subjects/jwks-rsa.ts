import jwt, { type GetPublicKeyOrSecret } from 'jsonwebtoken'
import jwksClient, { type JwksClient } from 'jwks-rsa'
import { LIFETIME_MS, type Subject, type SubjectTarget, type Verify } from './subject.ts'

// EXAMPLES.md of jwks-rsa: "Caching" and "Rate Limiting", with the default of ten requests a minute: it has no cooldown.
const RECOMMENDED = { cache: true, cacheMaxAge: LIFETIME_MS, rateLimit: true, jwksRequestsPerMinute: 10 }
const FALLBACK_MS = 3_600_000

/** As EXAMPLES.md does, keys found by jsonwebtoken's own callback. Its time-out is 30 s by default. */
export const jwksRsa: Subject = {
  name: 'jwks-rsa',
  packages: ['jwks-rsa', 'jsonwebtoken'],
  start: (target) => verifyWith(jwksClient({ jwksUri: target.jwksUri, ...RECOMMENDED }), target),
}

/** The same with the fallback for outages that EXAMPLES.md describes and that is off by default. Compared only when named. */
export const jwksRsaFallback: Subject = {
  name: 'jwks-rsa-fallback',
  packages: ['jwks-rsa', 'jsonwebtoken'],
  start: (target) =>
    verifyWith(jwksClient({ jwksUri: target.jwksUri, ...RECOMMENDED, cacheMaxAgeFallback: FALLBACK_MS }), target),
}

function verifyWith(client: JwksClient, { issuer, audience }: SubjectTarget): Verify {
  const keyOf: GetPublicKeyOrSecret = ({ kid }, done) => {
    client.getSigningKey(kid, (error, key) => done(error, key?.getPublicKey()))
  }
  return (token) =>
    new Promise((resolve, reject) => {
      jwt.verify(token, keyOf, { issuer, audience, algorithms: ['RS256'] }, (error, claims) => {
        if (error) reject(error)
        else resolve(claims)
      })
    })
}
