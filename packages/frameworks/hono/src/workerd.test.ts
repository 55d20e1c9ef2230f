import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Algorithm, ASYMMETRIC_ALGORITHMS } from '@keysource/core'
import { describeHttpAuth, type HttpServer } from '@keysource/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveInWorkerd } from '../test/workerd.ts'

describeHttpAuth({
  runner: { describe, it },
  name: 'hono in workerd',
  start: (_verifier, routes, issuers) =>
    serveInWorkerd(
      `
      import { createVerifier, defineProvider, remoteJwks } from '@keysource/core'
      import { requireAuth } from '@keysource/hono'
      import { Hono } from 'hono'

      const app = new Hono()
      let ready = false
      const guard = ({ routes, issuers }) => {
        const providers = issuers.map(({ name, issuer, audience, jwksUrl }) =>
          defineProvider({ name, issuer, audience, keys: remoteJwks(jwksUrl) }),
        )
        const verifier = createVerifier({ providers })
        for (const [path, options] of routes) {
          app.options(path, requireAuth(verifier, options), (c) => c.body(null, 204))
          app.all(path, requireAuth(verifier, options), (c) => {
            const token = c.get('auth')
            return c.json({ subject: token?.subject ?? null, provider: token?.provider ?? null })
          })
        }
        ready = true
      }
      export default {
        fetch(request, env, context) {
          if (!ready) guard(env)
          return app.fetch(request, env, context)
        },
      }`,
      { routes, issuers },
    ),
})

/** A key for each algorithm, by its `kid`. */
interface Signer {
  readonly alg: Algorithm
  readonly privateKey: KeyObject
  readonly jwk: object
}

const CURVES: Partial<Record<Algorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

function signer(alg: Algorithm): Signer {
  const namedCurve = CURVES[alg]
  const { publicKey, privateKey } = namedCurve
    ? generateKeyPairSync('ec', { namedCurve })
    : alg.startsWith('Ed')
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: alg, alg } }
}

function tokenOf({ alg, privateKey: key }: Pick<Signer, 'alg' | 'privateKey'>): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: 'https://id.example', aud: 'api', sub: 'ada', exp: Math.floor(Date.now() / 1000) + 600 }
  const input = `${part({ alg, kid: alg })}.${part(claims)}`
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const hash = alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`
  const signature = sign(hash, Buffer.from(input), {
    key,
    dsaEncoding: 'ieee-p1363',
    ...(alg.startsWith('PS') && pss),
  })
  return `${input}.${signature.toString('base64url')}`
}

describe('the WebCrypto engine in workerd', () => {
  const signers = ASYMMETRIC_ALGORITHMS.map(signer)
  let worker: HttpServer
  beforeAll(async () => {
    worker = await serveInWorkerd(
      `
      import { createVerifier, defineProvider, staticJwks } from '@keysource/core'
      const verifierOf = ({ keys, algorithms }) =>
        createVerifier({
          providers: [
            defineProvider({ name: 'acme', issuer: 'https://id.example', audience: 'api', keys: staticJwks({ keys }), algorithms }),
          ],
        })
      export default {
        async fetch(request, env) {
          const verdict = verifierOf(env).verify(await request.text())
          return new Response(await verdict.then(({ subject }) => subject, ({ code, message }) => code ?? message))
        },
      }`,
      { keys: signers.map(({ jwk }) => jwk), algorithms: ASYMMETRIC_ALGORITHMS },
    )
  })
  afterAll(() => worker?.close())

  const verdict = async (body: string): Promise<string> => (await fetch(worker.url, { method: 'POST', body })).text()

  it.each(signers)('verifies $alg, and refuses what another key signed', async (one) => {
    expect(await verdict(tokenOf(one))).toBe('ada')
    const { privateKey } = signer(one.alg)
    expect(await verdict(tokenOf({ alg: one.alg, privateKey }))).toBe('SIGNATURE_INVALID')
  })
})
