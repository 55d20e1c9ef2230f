import { createVerifier, defineProvider, remoteJwks, type VerifiedToken, type Verifier } from '@keysource/core'
import { type OidcStandIn, startOidc } from '../oidc.ts'
import { nowSec } from '../token.ts'

/** The tokens of the table, by what is wrong with each. */
export type HttpTokens = Readonly<
  Record<
    | 'good'
    | 'scopeless'
    | 'expired'
    | 'early'
    | 'forged'
    | 'unsigned'
    | 'hmac'
    | 'elsewhere'
    | 'stranger'
    | 'dpopBound'
    | 'mtlsBound'
    | 'outage',
    string
  >
>

/** An issuer of the table as plain data, for a server that shares no memory with the test and composes its own verifier. */
export interface HttpIssuer {
  /** The name of its provider. */
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
}

/** Two issuers, one of them down, a verifier over both, and tokens. */
export interface HttpIssuers {
  readonly verifier: Verifier<VerifiedToken>
  /** What the verifier is made of. */
  readonly facts: readonly HttpIssuer[]
  readonly tokens: HttpTokens
  close(): Promise<void>
}

/** Whose token the good one is. */
export const CALLER = 'ada'

/** Starts the issuers of the table. */
export async function startHttpIssuers(): Promise<HttpIssuers> {
  const [acme, down, stranger] = await Promise.all([startOidc(), startOidc(), startOidc()])
  down.fail('503', { retryAfterSec: 30 })
  const facts = [factsOf('acme', acme), factsOf('down', down)]
  const verifier = createVerifier({ providers: facts.map(providerOf) })
  const issue = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    acme.issueToken({ sub: CALLER, ...claims })
  const thumbprint = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'
  return {
    verifier,
    facts,
    tokens: {
      good: await issue(),
      scopeless: await issue({ scope: 'openid' }),
      expired: await acme.issueToken({ sub: CALLER }, { expiresInSec: -60 }),
      early: await issue({ nbf: nowSec() + 600 }),
      forged: await acme.forgeToken({ sub: CALLER }),
      unsigned: await acme.forgeToken({ sub: CALLER }, { alg: 'none' }),
      hmac: await acme.forgeToken({ sub: CALLER }, { alg: 'HS256' }),
      elsewhere: await issue({ aud: 'https://other.example' }),
      stranger: await stranger.issueToken({ sub: CALLER }),
      dpopBound: await issue({ cnf: { jkt: thumbprint } }),
      mtlsBound: await issue({ cnf: { 'x5t#S256': thumbprint } }),
      outage: await down.issueToken({ sub: CALLER }),
    },
    async close() {
      verifier.close()
      await Promise.all([acme.close(), down.close(), stranger.close()])
    },
  }
}

function factsOf(name: string, { issuer, audience, jwksUrl }: OidcStandIn): HttpIssuer {
  return { name, issuer, audience, jwksUrl }
}

function providerOf({ name, issuer, audience, jwksUrl }: HttpIssuer) {
  return defineProvider({ name, issuer, audience, keys: remoteJwks(jwksUrl) })
}
