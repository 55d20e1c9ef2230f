import { createPublicKey } from 'node:crypto'
import type { VerifiedToken } from '@keysource/core'
import { type AuthOptions, authenticator, bearing, type TokenVerifier } from '@keysource/http'

/** Options of {@link secretOrKeyProvider}: where the token stands, and whether there has to be one, is said to passport-jwt. */
export type SecretOrKeyProviderOptions = Omit<AuthOptions, 'header' | 'cookie' | 'optional'>

/** What `passport-jwt` takes as its `secretOrKeyProvider`. */
export type SecretOrKeyProvider = (
  request: unknown,
  rawJwtToken: unknown,
  done: (error: unknown, secretOrKey?: string) => void,
) => void

/**
 * Keeps `passport-jwt` with the keys of a verifier. The token is verified by Keysource first, with every check; only then does
 * passport-jwt get the key that it was verified with (in PEM), to verify it once more. Else it gets the refusal, an
 * {@link AuthRefusal}, which it hands on as `info`.
 *
 * Passport answers each refusal with 401 by itself, an outage of the provider too: a callback of `passport.authenticate` can
 * answer with the refusal's own `status`, `headers` and `body`. The `jsonwebtoken` in passport-jwt knows no `EdDSA`, and takes
 * `PS256` only where the strategy's `algorithms` names it: such tokens are refused.
 *
 * @param verifier - made by `createVerifier`
 * @throws `CONFIG_INVALID` for an unknown or wrong option
 *
 * @example
 * ```ts
 * passport.use(
 *   new Strategy(
 *     {
 *       jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
 *       secretOrKeyProvider: secretOrKeyProvider(verifier),
 *     },
 *     (payload, done) => done(null, { id: payload.sub }),
 *   ),
 * )
 * ```
 */
export function secretOrKeyProvider(
  verifier: TokenVerifier<VerifiedToken>,
  options: SecretOrKeyProviderOptions = {},
): SecretOrKeyProvider {
  const auth = authenticator(verifier, options)
  return (_request, rawJwtToken, done) => {
    const judged = auth.authenticate(bearing(rawJwtToken)).then(({ token, refusal }) => {
      if (!token) throw refusal
      return pemOf(token.key.jwk)
    })
    judged.then((pem) => done(null, pem), done)
  }
}

// A key is one object for as long as it is held.
const pems = new WeakMap<VerifiedToken['key']['jwk'], string>()

function pemOf(jwk: VerifiedToken['key']['jwk']): string {
  const known = pems.get(jwk)
  if (known !== undefined) return known
  const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  pems.set(jwk, String(pem))
  return String(pem)
}
