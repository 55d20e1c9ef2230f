import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type OidcStandIn, startOidc } from '../packages/testing/src/index.ts'

// The server in the README of each framework, run as it is written.
const root = join(import.meta.dirname, '..')
const FRAMEWORKS = ['http', 'express', 'fastify', 'hono', 'nest', 'mcp']
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

type Answer = readonly [status: number, body: unknown]

/** Asks a server who calls. */
type Ask = (url: string, jwt?: string) => Promise<Answer>

const bearer = (jwt: string | undefined): Record<string, string> => (jwt ? { authorization: `Bearer ${jwt}` } : {})

const getMe: Ask = async (url, jwt) => {
  const response = await fetch(`${url}/me`, { headers: bearer(jwt) })
  return [response.status, await response.json()]
}

/** By the tool `me`: a call of JSON-RPC over streamable HTTP, which answers in a stream of one event. */
const callMe: Ask = async (url, jwt) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'me' } })
  const accept = 'application/json, text/event-stream'
  const headers = { 'content-type': 'application/json', accept, ...bearer(jwt) }
  const response = await fetch(`${url}/mcp`, { method: 'POST', headers, body })
  const text = await response.text()
  const answer = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text)
  return [response.status, response.ok ? { subject: answer.result.content[0].text } : answer]
}

describe.each(FRAMEWORKS)('the server in the README of %s', (framework) => {
  test('is short, and runs as it is written', async () => {
    expect(serverIn(framework).trim().split('\n').length).toBeLessThan(MOST_LINES)
    const url = await run(framework)
    const ask = framework === 'mcp' ? callMe : getMe
    expect(await ask(url)).toEqual([401, { title: 'Unauthorized', status: 401 }])
    expect(await ask(url, await issuer.issueToken({ sub: 'ada' }))).toEqual([200, { subject: 'ada' }])
    expect((await ask(url, await issuer.forgeToken()))[0]).toBe(401)
  })
})
