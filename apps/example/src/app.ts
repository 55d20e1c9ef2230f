import { createVerifier } from '@keysource/core'
import { requireAuth } from '@keysource/hono'
import { Hono } from 'hono'
import { REPORTS, reportsFor, whoAmI } from './answers.ts'
import type { Api, Composition } from './composition.ts'
import { demoRoutes } from './demo.ts'
import { overview } from './overview.ts'

/** Makes the API over some providers. */
export function createApi({ providers, fetch, demo }: Composition): Api {
  const verifier = createVerifier({ providers, fetch })
  const app = new Hono()

  app.get('/', (c) => c.html(overview(verifier.status(), new URL(c.req.url).host, demo !== undefined)))
  app.get('/status', (c) => c.json(verifier.status()))
  app.get('/whoami', requireAuth(verifier), (c) => c.json(whoAmI(c.get('auth'))))
  app.get('/reports', requireAuth(verifier, { scopes: REPORTS }), (c) => c.json(reportsFor(c.get('auth'))))
  if (demo) app.route('/demo', demoRoutes(demo, providers))
  return { app, verifier }
}
