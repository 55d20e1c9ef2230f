import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The example as `npm start` runs it: a process of its own, on a free port, with no provider configured.
const PROVIDERS = ['oidc', 'auth0', 'okta', 'cognito', 'clerk', 'onelogin', 'supertokens']
const WITHOUT_SCOPES = ['clerk', 'supertokens']

let server: ChildProcess
let origin: string

beforeAll(async () => {
  const script = join(import.meta.dirname, 'server.ts')
  const environment = { PATH: process.env.PATH, PORT: '0' }
  server = spawn(process.execPath, ['--conditions=@keysource/source', '--import', 'tsx', script], { env: environment })
  origin = await new Promise((resolve, reject) => {
    let printed = ''
    server.stdout?.on('data', (chunk) => {
      printed += chunk
      const [url] = /http:\/\/localhost:\d+/.exec(printed) ?? []
      if (url) resolve(url)
    })
    server.stderr?.on('data', (chunk) => {
      printed += chunk
    })
    server.on('exit', () => reject(new Error(`the server stopped: ${printed}`)))
  })
}, 60_000)

afterAll(() => void server.kill('SIGKILL'))

async function demoToken(provider: string): Promise<string> {
  return (await fetch(`${origin}/demo/token/${provider}`)).text()
}

function get(path: string, token: string): Promise<Response> {
  return fetch(origin + path, { headers: { authorization: `Bearer ${token}` } })
}

describe.each(PROVIDERS)('a token of %s', (provider) => {
  test('says who calls', async () => {
    const response = await get('/whoami', await demoToken(provider))
    expect(response.status).toBe(200)
    const body = (await response.json()) as Record<string, unknown>
    expect(body).toMatchObject({ provider, issuer: expect.any(String), subject: expect.any(String) })
    expect(body).not.toHaveProperty('claims')
  })

  test('is refused once its end is changed', async () => {
    const token = await demoToken(provider)
    const end = token.endsWith('AAAA') ? 'AAAQ' : 'AAAA'
    const response = await get('/whoami', token.slice(0, -4) + end)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  test('reads reports if it has the scope', async () => {
    const response = await get('/reports', await demoToken(provider))
    expect(response.status).toBe(WITHOUT_SCOPES.includes(provider) ? 403 : 200)
    if (response.status === 403) {
      expect(response.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="read:reports"')
    }
  })
})

test('without a token the challenge has no error code', async () => {
  const response = await fetch(`${origin}/whoami`)
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
})

test('there is no demo token of a provider that is not composed', async () => {
  expect((await fetch(`${origin}/demo/token/nobody`)).status).toBe(404)
})

test('the page shows each provider with a command to try, and /status how its keys stand', async () => {
  const page = await (await fetch(origin)).text()
  const status = (await (await fetch(`${origin}/status`)).json()) as { provider: string; state: string }[]
  expect(status.map(({ provider }) => provider)).toEqual(PROVIDERS)
  for (const { provider, state } of status) {
    expect(state).toBe('fresh')
    expect(page).toContain(`/demo/token/${provider})&quot;`.replaceAll('&quot;', '"'))
  }
})

test('on SIGTERM it ends by itself', async () => {
  server.kill('SIGTERM')
  const [code] = await once(server, 'exit')
  expect(code).toBe(0)
})
