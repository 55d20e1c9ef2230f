import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { VerifiedToken } from '@keysource/core'
import { callerOf, describeHttpAuth, listen } from '@keysource/testing'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { AuthRefusal, requireAuth, requireScopes } from './index.ts'

describeHttpAuth({
  runner: { describe, it },
  name: 'hono on Node',
  start(verifier, routes) {
    const app = new Hono()
    for (const [path, options] of routes) {
      app.options(path, requireAuth(verifier, options), (c) => c.body(null, 204))
      app.all(path, requireAuth(verifier, options), (c) => c.json(callerOf(c.get('auth'))))
    }
    return listen(createServer(getRequestListener(app.fetch)))
  },
})

describe('requireAuth', () => {
  const token = { subject: 'ada', scopes: ['a'], provider: 'acme', claims: {} } as unknown as VerifiedToken
  const verifier = { verify: async () => token }
  const headers = { authorization: 'Bearer a.b.c' }

  it('is followed by requireScopes', async () => {
    const app = new Hono()
      .use(requireAuth(verifier))
      .get('/a', requireScopes('a'), (c) => c.text(c.get('auth').subject ?? ''))
      .get('/b', requireScopes('b'), (c) => c.text('b'))
    expect(await (await app.request('/a', { headers })).text()).toBe('ada')
    expect((await app.request('/b', { headers })).headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="b"',
    )
    const bare = new Hono().get('/', requireScopes('a'), (c) => c.text(''))
    bare.onError((error, c) => c.text(error.message, 500))
    expect(await (await bare.request('/')).text()).toBe('requireScopes: expected requireAuth before it, found none')
  })

  it('hands refusals to an error handler that wants them', async () => {
    const app = new Hono().get('/', requireAuth(verifier, { passErrors: true }), (c) => c.text(''))
    app.onError((error, c) => c.json({ own: error instanceof AuthRefusal && error.status }, 418))
    const response = await app.request('/')
    expect([response.status, await response.json()]).toEqual([418, { own: 401 }])
  })

  it('lets a refresh outlive the request where the runtime can', async () => {
    const kept: unknown[] = []
    const waiting = {
      verify: async (_jwt: string, options?: { waitUntil?: (work: Promise<unknown>) => void }) => {
        options?.waitUntil?.(Promise.resolve('refresh'))
        return token
      },
    }
    const app = new Hono().get('/', requireAuth(waiting as never), (c) => c.text(''))
    const context = { waitUntil: (work: unknown) => void kept.push(work), passThroughOnException() {}, props: {} }
    await app.request('/', { headers }, {}, context)
    expect(kept).toHaveLength(1)
  })
})
