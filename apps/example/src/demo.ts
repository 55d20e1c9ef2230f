import type { Provider } from '@keysource/core'
import { Hono } from 'hono'
import type { DemoTokens } from './composition.ts'

/** With stand-ins only: tokens for trying the API out. */
export function demoRoutes(demo: DemoTokens, providers: readonly Provider[]): Hono {
  return new Hono().get('/token/:provider', async (c) => {
    const jwt = await demo.issueToken(c.req.param('provider'))
    if (jwt !== undefined) return c.text(jwt)
    return c.text(`no such provider; there are ${providers.map(({ name }) => name).join(', ')}\n`, 404)
  })
}
