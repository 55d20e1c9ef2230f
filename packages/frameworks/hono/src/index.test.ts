import { serve } from '@hono/node-server'
import { callerOf, describeHttpAuth } from '@keysource/testing'
import { Hono } from 'hono'
import { describe, it } from 'vitest'
import { requireAuth } from './index.ts'

describeHttpAuth({
  runner: { describe, it },
  name: 'hono on Node',
  start(verifier, routes) {
    const app = new Hono()
    for (const [path, options] of routes) {
      app.options(path, requireAuth(verifier, options), (c) => c.body(null, 204))
      app.all(path, requireAuth(verifier, options), (c) => c.json(callerOf(c.get('auth'))))
    }
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
        const close = (): Promise<void> => new Promise((closed) => void server.close(() => closed()))
        resolve({ url: `http://127.0.0.1:${port}`, close })
      })
    })
  },
})
