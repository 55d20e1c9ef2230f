import { createServer } from 'node:http'
import { createVerifier, defineProvider, remoteJwks } from '@keysource/core'
import { listen, type OidcStandIn, startOidc } from '@keysource/testing'
import express from 'express'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AuthRefusal, secretOrKeyProvider } from './index.ts'

let issuer: OidcStandIn
let down: OidcStandIn
let url: string
let close: () => Promise<void>

beforeAll(async () => {
  issuer = await startOidc()
  down = await startOidc()
  down.fail('503')
  const providers = [issuer, down].map(({ issuer, audience, jwksUrl }, index) =>
    defineProvider({ name: `acme-${index}`, issuer, audience, keys: remoteJwks(jwksUrl), algorithms: ALGORITHMS }),
  )
  const verifier = createVerifier({ providers, cache: { burst: 100 } })
  const provider = secretOrKeyProvider(verifier, { scopes: 'read:reports' })
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken()
  passport.use(
    new Strategy(
      // Unasked, jsonwebtoken takes PS256 with no key.
      { jwtFromRequest, secretOrKeyProvider: provider, algorithms: ['RS256', 'RS512', 'PS256', 'ES256'] },
      ({ sub }, done) => done(null, { id: sub }),
    ),
  )
  const app = express()
  app.get('/me', passport.authenticate('jwt', { session: false }), (req, res) => void res.json(req.user))
  app.get('/told', (req, res, next) => {
    passport.authenticate('jwt', { session: false }, (error: unknown, user: unknown, info: unknown) => {
      if (info instanceof AuthRefusal) return res.status(info.status).set(info.headers).json(info.body)
      return error ? next(error) : res.json(user || String(info))
    })(req, res, next)
  })
  const server = await listen(createServer(app))
  url = server.url
  close = async () => {
    await server.close()
    verifier.close()
  }
})
afterAll(async () => {
  await close()
  await Promise.all([issuer.close(), down.close()])
})

const ALGORITHMS = ['RS256', 'RS512', 'PS256', 'ES256', 'EdDSA'] as const

async function get(path: string, jwt: string): Promise<readonly [number, unknown]> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${jwt}` } })
  const text = await response.text()
  return [response.status, text.startsWith('{') ? JSON.parse(text) : text]
}

describe('secretOrKeyProvider, in passport-jwt', () => {
  it('lets a good token through to the strategy', async () => {
    const jwt = await issuer.issueToken({ sub: 'ada' })
    expect(await get('/me', jwt)).toEqual([200, { id: 'ada' }])
    expect(await get('/me', jwt)).toEqual([200, { id: 'ada' }])
  })

  it.each(['ES256', 'PS256', 'RS512'] as const)(
    'lets one through that was signed by %s, after a rotation',
    async (alg) => {
      await issuer.rotate({ alg })
      expect(await get('/me', await issuer.issueToken({ sub: 'ada' }))).toEqual([200, { id: 'ada' }])
    },
  )

  it.each([
    ['an expired one', () => issuer.issueToken({}, { expiresInSec: -60 }), 401, 'invalid_token'],
    ['a forged one', () => issuer.forgeToken(), 401, 'invalid_token'],
    ['one for another API', () => issuer.issueToken({ aud: 'https://other.example' }), 401, 'invalid_token'],
    ['one without the scope', () => issuer.issueToken({ scope: 'openid' }), 403, 'insufficient_scope'],
    ['one that is bound to a key', () => issuer.issueToken({ cnf: { jkt: 'a' } }), 401, 'invalid_token'],
    ['any in an outage', () => down.issueToken(), 503, undefined],
  ])('refuses %s, and tells a callback what to answer', async (_name, token, status, error) => {
    const jwt = await token()
    expect(await get('/me', jwt)).toEqual([401, 'Unauthorized'])
    const [told, body] = await get('/told', jwt)
    expect([told, body]).toEqual([status, expect.objectContaining({ status, ...(error && { error }) })])
  })

  it('refuses an algorithm that jsonwebtoken does not know', async () => {
    await issuer.rotate({ alg: 'EdDSA' })
    const jwt = await issuer.issueToken({ sub: 'ada' })
    expect(await get('/me', jwt)).toEqual([401, 'Unauthorized'])
    expect(String((await get('/told', jwt))[1])).toContain('JsonWebTokenError')
  })

  it('refuses a wrong option when it is made', () => {
    const verifier = { verify: async () => expect.unreachable() }
    expect(() => secretOrKeyProvider(verifier, { scope: 'a' } as never)).toThrow(/unknown option "scope"/)
  })
})
