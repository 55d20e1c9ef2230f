import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** Tokens of one issuer, signed with four keys in turn, as a server meets them. */
export interface IssuedTokens {
  readonly alg: string
  readonly issuer: string
  readonly audience: string
  readonly jwks: { readonly keys: JWK[] }
  readonly tokens: readonly string[]
}

const KEYS = 4
const TOKENS = 256

export async function issueTokens(alg: string): Promise<IssuedTokens> {
  const issuer = 'https://id.acme.example'
  const audience = 'https://api.acme.example'
  const pairs = await Promise.all(Array.from({ length: KEYS }, () => generateKeyPair(alg, { extractable: true })))
  const keys = await Promise.all(
    pairs.map(async ({ publicKey }, at) => ({ ...(await exportJWK(publicKey)), kid: `key-${at}`, alg, use: 'sig' })),
  )
  const tokens = await Promise.all(
    Array.from({ length: TOKENS }, async (_, at) => {
      const pair = pairs[at % KEYS]
      if (!pair) throw new RangeError(`expected a key pair at ${at % KEYS}`)
      return new SignJWT({ scope: 'read:reports write:reports', client_id: 'web', jti: crypto.randomUUID() })
        .setProtectedHeader({ alg, kid: `key-${at % KEYS}`, typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(`user-${at}`)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(pair.privateKey)
    }),
  )
  return { alg, issuer, audience, jwks: { keys }, tokens }
}
