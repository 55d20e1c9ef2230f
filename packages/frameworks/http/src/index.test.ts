import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { callerOf, describeHttpAuth, type HttpRoute, listen } from '@keysource/testing'
import { describe, it } from 'vitest'
import { authenticator, nodeRequest, withAuth } from './index.ts'

describeHttpAuth({
  runner: { describe, it },
  name: 'node:http',
  start(verifier, routes) {
    const guards = new Map(routes.map(([path, options]) => [path, authenticator(verifier, options)]))
    const server = createServer(async (request, response) => {
      const guard = guards.get(new URL(request.url ?? '', 'http://localhost').pathname as HttpRoute)
      const { token, refusal } = (await guard?.authenticate(nodeRequest(request))) ?? {}
      if (refusal) return response.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body))
      if (request.method === 'OPTIONS') return response.writeHead(204).end()
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(callerOf(token)))
    })
    return listen(server)
  },
})

describeHttpAuth({
  runner: { describe, it },
  name: 'a web-standard Request',
  start(verifier, routes) {
    const handlers = new Map(
      routes.map(([path, options]) => [
        path,
        withAuth(verifier, (_request, token) => Response.json(callerOf(token)), options),
      ]),
    )
    const fetch = (request: Request): Response | Promise<Response> =>
      handlers.get(new URL(request.url).pathname as HttpRoute)?.(request) ?? new Response(null, { status: 404 })
    return listen(createServer(getRequestListener(fetch)))
  },
})
