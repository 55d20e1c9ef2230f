import type { VerifiedToken } from '@keysource/core'
import { callerOf, describeHttpAuth } from '@keysource/testing'
import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { type AuthRefusal, keysource } from './index.ts'

describeHttpAuth({
  runner: { describe, it },
  name: 'fastify 5',
  async start(verifier, routes) {
    const app = fastify()
    await app.register(keysource, { verifier })
    for (const [url, auth] of routes) {
      app.route({
        url,
        method: ['GET', 'HEAD', 'POST', 'OPTIONS'],
        config: { auth },
        handler: async (request, reply) =>
          request.method === 'OPTIONS' ? reply.code(204).send() : callerOf(request.auth ?? undefined),
      })
    }
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, close: () => app.close() }
  },
})

describe('the plugin', () => {
  const token = { scopes: ['a'], provider: 'acme', claims: {} } as unknown as VerifiedToken
  const verifier = { verify: async () => token }
  const headers = { authorization: 'Bearer a.b.c' }

  it('guards the routes of its own context, and leaves those beside it open', async () => {
    const app = fastify()
    app.get('/open', async () => 'open')
    await app.register(async (guarded) => {
      await guarded.register(keysource, { verifier })
      guarded.get('/guarded', async () => 'guarded')
      guarded.get('/left-open', { config: { auth: false } }, async () => 'open')
    })
    const status = async (url: string): Promise<number> => (await app.inject(url)).statusCode
    expect([await status('/open'), await status('/guarded'), await status('/left-open')]).toEqual([200, 401, 200])
  })

  it('guards the routes of its context that were there before it, with their own options', async () => {
    const asked: unknown[] = []
    const asking = {
      async verify(_jwt: string, call?: { scopes?: unknown }) {
        asked.push(call?.scopes)
        return token
      },
    }
    const app = fastify()
    app.get('/plain', async () => '')
    app.get('/scoped', { config: { auth: { scopes: 'b' } } }, async () => '')
    await app.register(keysource, { verifier: asking })
    const status = async (url: string, sent = {}): Promise<number> =>
      (await app.inject({ url, headers: sent })).statusCode
    expect([await status('/plain'), await status('/scoped')]).toEqual([401, 401])
    expect([await status('/plain', headers), await status('/scoped', headers)]).toEqual([200, 200])
    expect(asked).toEqual([undefined, ['b']])
  })

  it('asks for scopes before a handler', async () => {
    const app = fastify()
    await app.register(keysource, { verifier })
    app.get('/a', { preHandler: app.requireScopes('a') }, async () => 'a')
    app.get('/b', { preHandler: app.requireScopes('a', 'b') }, async () => 'b')
    app.get('/c', { preHandler: app.requireScopes('a'), config: { auth: { optional: true } } }, async () => 'c')
    expect((await app.inject({ url: '/a', headers })).statusCode).toBe(200)
    expect((await app.inject({ url: '/b', headers })).headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="a b"',
    )
    expect((await app.inject('/c')).statusCode).toBe(401)
  })

  it('refuses a wrong option of a route when the route is made', async () => {
    const app = fastify()
    await app.register(keysource, { verifier })
    expect(() => app.get('/', { config: { auth: { scope: 'a' } as never } }, async () => '')).toThrow(/"scope"/)
  })

  it('hands refusals to an error handler that wants them', async () => {
    const app = fastify()
    app.setErrorHandler((error, _request, reply) => {
      const { status, cause } = error as AuthRefusal
      return reply.code(status).send({ own: cause?.code ?? 'no credentials' })
    })
    await app.register(keysource, { verifier, passErrors: true })
    app.get('/', async () => '')
    const response = await app.inject('/')
    expect([response.statusCode, response.json()]).toEqual([401, { own: 'no credentials' }])
  })
})
