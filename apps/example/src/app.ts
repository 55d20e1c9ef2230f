import { createVerifier, type VerifiedToken, type Verifier, type VerifyOptions } from '@keysource/core'
import { type Context, Hono } from 'hono'
import { askForToken, refuse } from './challenge.ts'
import type { Composition } from './composition.ts'
import { overview } from './overview.ts'

/** The API: its routes, and the verifier that guards them. */
export interface Api {
  readonly app: Hono
  readonly verifier: Pick<Verifier, 'ready' | 'close'>
}

/** Makes the API over some providers. */
export function createApi({ providers, fetch, demo }: Composition): Api {
  const verifier = createVerifier({ providers, fetch })
  const app = new Hono()

  app.get('/', (c) => c.html(overview(verifier.status(), new URL(c.req.url).host, demo !== undefined)))
  app.get('/status', (c) => c.json(verifier.status()))
  app.get('/whoami', (c) => guarded(c, verifier, {}, withoutRawParts))
  app.get('/reports', (c) =>
    guarded(c, verifier, { scopes: ['read:reports'] }, ({ subject }) => ({
      reports: [{ title: 'Keys rotated this week', for: subject }],
    })),
  )
  if (demo) {
    app.get('/demo/token/:provider', async (c) => {
      const jwt = await demo.issueToken(c.req.param('provider'))
      if (jwt !== undefined) return c.text(jwt)
      return c.text(`no such provider; there are ${providers.map(({ name }) => name).join(', ')}\n`, 404)
    })
  }
  return { app, verifier }
}

/** Answers with what the handler makes of the token, or says why there is none. */
async function guarded(
  c: Context,
  verifier: Pick<Verifier, 'verify'>,
  options: VerifyOptions,
  handler: (token: VerifiedToken) => object,
): Promise<Response> {
  const jwt = /^bearer +(.*)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (jwt === undefined) return askForToken(c)
  try {
    return c.json(handler(await verifier.verify(jwt, { ...options, signal: c.req.raw.signal })))
  } catch (error) {
    return refuse(c, error, [options.scopes ?? []].flat())
  }
}

function withoutRawParts({ claims: _claims, header: _header, ...rest }: VerifiedToken): object {
  return rest
}
