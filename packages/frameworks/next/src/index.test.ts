import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { VerifiedToken, VerifyOptions } from '@keysource/core'
import { describeHttpAuth, type HttpAuthSuite, type OidcStandIn, startOidc } from '@keysource/testing'
import { build } from 'esbuild'
import type { NextRequest } from 'next/server.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildNextApp, type NextApp } from '../test/next-app.ts'
import { authMiddleware, withAuth } from './index.ts'

// A real app under each major, and each of its parts passes the whole table: route handlers on Node and on the edge runtime,
// proxy.ts, which runs on Node, and middleware.ts, which runs on the edge runtime.

/** Makes a verifier of what the environment holds, when the first request comes: `next build` loads modules too. */
const verifier = `
import { createVerifier, defineProvider, remoteJwks } from '@keysource/core'
const providerOf = ({ name, issuer, audience, jwksUrl }) => defineProvider({ name, issuer, audience, keys: remoteJwks(jwksUrl) })
let made
export const verifier = {
  verify: (...call) => (made ??= createVerifier({ providers: JSON.parse(process.env.ISSUERS).map(providerOf) })).verify(...call),
}
let table
export const routes = () => (table ??= new Map(JSON.parse(process.env.ROUTES)))
`

const handler = (runtime: string): string => `
import { withAuth } from '@keysource/next'
import { routes, verifier } from '../../../verifier.mjs'
export const runtime = '${runtime}'
const answer = async (request, token, { params }) => {
  if (!routes().has('/' + (await params).route) || !request.nextUrl) return new Response(null, { status: 404 })
  return Response.json({ subject: token?.subject ?? null, provider: token?.provider ?? null })
}
const guards = new Map()
const guarded = async (request, context) => {
  const path = '/' + (await context.params).route
  if (!guards.has(path)) guards.set(path, withAuth(verifier, answer, routes().get(path)))
  return guards.get(path)(request, context)
}
export { guarded as GET, guarded as HEAD, guarded as POST, guarded as OPTIONS }
`

/** Guards nothing, and says whose token came through. */
const open = `
const seen = ({ headers }) => /eyJ[\\w-]+\\.([\\w-]+)\\.[\\w-]*/.exec([...headers.values()].join(' '))?.[1]
const answer = (request) => {
  const payload = seen(request)
  const subject = payload ? JSON.parse(Buffer.from(payload, 'base64url')).sub : null
  return Response.json({ subject, provider: payload ? 'acme' : null })
}
export const OPTIONS = () => new Response(null, { status: 204 })
export { answer as GET, answer as HEAD, answer as POST }
`

/** That of the README stands beside it: its own matcher cannot be the file's. */
const middleware = (name: string): string => `
import { authMiddleware } from '@keysource/next'
import { proxy as ofReadme } from './readme/proxy'
import { routes, verifier } from './verifier.mjs'
const guards = new Map()
export const ${name} = (request, event) => {
  if (request.nextUrl.pathname.startsWith('/api/')) return ofReadme(request, event)
  const path = request.nextUrl.pathname.replace('/guarded', '')
  if (!guards.has(path)) guards.set(path, authMiddleware(verifier, routes().get(path)))
  return guards.get(path)(request, event)
}
export const config = { matcher: ['/guarded/:path*', '/api/:path*'] }
`

const files = {
  'verifier.mjs': verifier,
  'app/node/[route]/route.js': handler('nodejs'),
  'app/edge/[route]/route.js': handler('edge'),
  'app/guarded/[route]/route.js': open,
  'app/api/me/route.js': "export const GET = () => Response.json({ subject: 'ada' })",
}

const APPS = [
  { name: 'next 15', next: 'next15', guard: 'middleware' },
  { name: 'next 16', next: 'next', guard: 'proxy' },
] as const

describe.each(APPS)('$name', ({ name, next, guard }) => {
  let issuer: OidcStandIn
  let app: NextApp
  const environment = (): Record<string, string> => ({ OIDC_ISSUER: issuer.issuer, OIDC_AUDIENCE: issuer.audience })
  beforeAll(async () => {
    issuer = await startOidc()
    const written = { 'app/me/route.ts': example('app/me/route.ts'), 'readme/proxy.ts': example('proxy.ts') }
    const all = { ...files, ...written, [`${guard}.js`]: middleware(guard) }
    app = await buildNextApp({ name: next, next, files: all, environment: environment() })
  }, 300_000)
  afterAll(() => Promise.all([app?.remove(), issuer?.close()]))

  for (const part of ['node', 'edge', 'guarded']) {
    const start: HttpAuthSuite['start'] = async (_verifier, routes, issuers) => {
      const facts = { ISSUERS: JSON.stringify(issuers), ROUTES: JSON.stringify(routes), ...environment() }
      const { url, close } = await app.start(facts)
      return { url: `${url}/${part}`, close }
    }
    // Next hands on the headers of Node's server, which keeps the first of several `Authorization` lines.
    describeHttpAuth({ runner: { describe, it }, name: `${name}, ${part}`, start, firstHeaderOnly: true })
  }

  it('runs the examples of the README as they are written', async () => {
    const { url, close } = await app.start(environment())
    const get = async (path: string, jwt?: string): Promise<readonly [number, unknown]> => {
      const response = await fetch(url + path, jwt ? { headers: { authorization: `Bearer ${jwt}` } } : {})
      return [response.status, await response.json()]
    }
    const jwt = await issuer.issueToken({ sub: 'ada' })
    for (const path of ['/me', '/api/me']) {
      expect(await get(path)).toEqual([401, { title: 'Unauthorized', status: 401 }])
      expect(await get(path, jwt)).toEqual([200, { subject: 'ada' }])
      expect((await get(path, await issuer.forgeToken()))[0]).toBe(401)
    }
    await close()
  })
})

describe('the work that outlives a request', () => {
  const symbol = Symbol.for('@next/request-context')
  const waitUntil = (): void => {}
  const calls: unknown[] = []
  const token = { subject: 'ada', claims: {} } as unknown as VerifiedToken
  const noting = {
    verify: async (_jwt: string, call?: VerifyOptions) => {
      calls.push(call?.waitUntil)
      return token
    },
  }
  const request = new Request('https://api.example', { headers: { authorization: 'Bearer a' } }) as NextRequest
  afterEach(() => {
    calls.length = 0
    delete (globalThis as Record<symbol, unknown>)[symbol]
  })

  it('is handed to what the platform told Next, if it did', async () => {
    const handle = withAuth(noting, () => new Response(null))
    await handle(request, {})
    Object.assign(globalThis, { [symbol]: { get: () => ({ waitUntil }) } })
    await handle(request, {})
    Object.assign(globalThis, { [symbol]: { get: () => undefined } })
    await handle(request, {})
    expect(calls).toEqual([undefined, waitUntil, undefined])
  })

  it('is handed to the event of a middleware', async () => {
    const works: unknown[] = []
    const guard = authMiddleware(noting)
    expect(await guard(request, { waitUntil: (work) => void works.push(work) })).toBeUndefined()
    expect(await guard(request)).toBeUndefined()
    const [hand] = calls as [NonNullable<VerifyOptions['waitUntil']>, undefined]
    const work = Promise.resolve()
    hand(work)
    expect([works, calls[1]]).toEqual([[work], undefined])
  })
})

it('hands on the context, and refuses wrong options', async () => {
  const token = { subject: 'ada', claims: {} } as unknown as VerifiedToken
  const request = new Request('https://api.example', { headers: { authorization: 'Bearer a' } }) as NextRequest
  const context = { params: Promise.resolve({ id: '7' }) }
  // what Next asks of the exports of a route with a parameter
  const handle: (request: NextRequest, context: { params: Promise<{ id: string }> }) => Promise<Response> = withAuth(
    { verify: async () => token },
    async (_request, { subject }, { params }: typeof context) => Response.json([subject, (await params).id]),
  )
  expect(await (await handle(request, context)).json()).toEqual(['ada', '7'])
  expect(() => authMiddleware({ verify: async () => token }, { scopes: 'a b' })).toThrow(/scopes/)
})

it('reaches nothing of Node, and imports nothing of Next', async () => {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'index.ts')],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['@keysource/source', 'edge-light'],
    external: ['node:*', 'next/*'],
  })
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
})

/** A file of the README. */
function example(path: string): string {
  const text = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
  const code = blocks.find((block) => block.startsWith(`// ${path}\n`))
  if (code === undefined) throw new Error(`expected a ts block that begins with "// ${path}" in the README`)
  expect(code.trim().split('\n').length).toBeLessThan(20)
  return code
}
