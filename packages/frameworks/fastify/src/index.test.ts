import { callerOf, describeHttpAuth } from '@keysource/testing'
import fastify from 'fastify'
import { describe, it } from 'vitest'
import { keysource } from './index.ts'

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
