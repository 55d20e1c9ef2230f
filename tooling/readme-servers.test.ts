import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type OidcStandIn, startOidc } from '../packages/testing/src/index.ts'

// The server in the README of each framework, run as it is written.
const root = join(import.meta.dirname, '..')
const FRAMEWORKS = ['http', 'express', 'fastify', 'hono', 'nest']
const MOST_LINES = 20

let issuer: OidcStandIn
let server: ChildProcess | undefined

beforeAll(async () => {
  issuer = await startOidc()
})
afterEach(() => {
  server?.kill('SIGKILL')
  for (const framework of FRAMEWORKS) rmSync(fileOf(framework), { force: true })
})
afterAll(() => issuer.close())

/** Within its package, where a user's imports lead to what a user would have installed. */
function fileOf(framework: string): string {
  return join(root, 'packages/frameworks', framework, '.readme-server.ts')
}

function serverIn(framework: string): string {
  const text = readFileSync(join(root, 'packages/frameworks', framework, 'README.md'), 'utf8')
  const code = /^## A server\n+```ts\n(.*?)^```$/ms.exec(text)?.[1]
  if (code === undefined) throw new Error(`expected a ts block under "## A server" in the README of ${framework}`)
  return code
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

async function run(framework: string): Promise<string> {
  const file = fileOf(framework)
  writeFileSync(file, serverIn(framework))
  const port = await freePort()
  const { PATH } = process.env
  const env = { PATH, PORT: String(port), OIDC_ISSUER: issuer.issuer, OIDC_AUDIENCE: issuer.audience }
  const args = ['--conditions=@keysource/source', '--import', import.meta.resolve('tsx'), file]
  // There, because tsx takes the tsconfig.json of the folder that it is started in.
  const cwd = join(root, 'packages/frameworks', framework)
  server = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaint = ''
  server.stderr?.on('data', (chunk) => {
    complaint += chunk
  })
  const url = `http://localhost:${port}`
  for (let tries = 0; tries < 200; tries++) {
    if (server.exitCode !== null) break
    const response = await fetch(`${url}/health`).catch(() => undefined)
    if (response?.ok) return url
    await delay(100)
  }
  throw new Error(`the server of ${framework} does not answer: ${complaint}`)
}

describe.each(FRAMEWORKS)('the server in the README of %s', (framework) => {
  test('is short, and runs as it is written', async () => {
    expect(serverIn(framework).trim().split('\n').length).toBeLessThan(MOST_LINES)
    const url = await run(framework)
    const get = async (path: string, jwt?: string): Promise<readonly [number, unknown]> => {
      const response = await fetch(url + path, jwt ? { headers: { authorization: `Bearer ${jwt}` } } : {})
      return [response.status, await response.json()]
    }
    expect(await get('/me')).toEqual([401, { title: 'Unauthorized', status: 401 }])
    expect(await get('/me', await issuer.issueToken({ sub: 'ada' }))).toEqual([200, { subject: 'ada' }])
    expect((await get('/me', await issuer.forgeToken()))[0]).toBe(401)
  })
})
