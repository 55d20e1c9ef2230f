import { JwtVerifier } from 'aws-jwt-verify'
import { SimpleJwksCache, SimplePenaltyBox } from 'aws-jwt-verify/jwk'
import { COOLDOWN_MS, type Subject } from './subject.ts'

/**
 * As its README does for any OIDC provider. It has no lifetime: keys are fetched for an unknown `kid` alone. Its cooldown is the
 * penalty box, with the one second of the README's own example.
 */
export const awsJwtVerify: Subject = {
  name: 'aws-jwt-verify',
  packages: ['aws-jwt-verify'],
  start({ issuer, audience, jwksUri }) {
    const penaltyBox = new SimplePenaltyBox({ waitSeconds: COOLDOWN_MS / 1000 })
    const jwksCache = new SimpleJwksCache({ penaltyBox })
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache })
    return (jwt) => verifier.verify(jwt)
  },
}
