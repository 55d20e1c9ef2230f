import { createVerifier } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import { LIFETIME_MS, type Subject } from './subject.ts'

/** As the "fast-jwt" example of its README does. It has a lifetime and no cooldown. */
export const getJwks: Subject = {
  name: 'get-jwks',
  packages: ['get-jwks', 'fast-jwt'],
  start({ issuer, audience }) {
    const keys = buildGetJwks({ issuersWhitelist: [issuer], ttl: LIFETIME_MS })
    const verify = createVerifier({
      key: ({ header }: { header: Record<string, string> }) =>
        keys.getPublicKey({ kid: header.kid ?? '', alg: header.alg ?? '', domain: issuer }),
      algorithms: ['RS256'],
      allowedIss: issuer,
      allowedAud: audience,
    })
    return (jwt) => verify(jwt)
  },
}
