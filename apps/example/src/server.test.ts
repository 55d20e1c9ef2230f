import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ExampleProcess, PROVIDERS, startExample, WITHOUT_SCOPES } from '../test/example-process.ts'

// The example as `npm start` runs it.
let server: ExampleProcess['server']
let origin: string
let demoToken: ExampleProcess['demoToken']

beforeAll(async () => {
  ;({ server, origin, demoToken } = await startExample('server.ts'))
}, 60_000)

afterAll(() => void server.kill('SIGKILL'))

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
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toEqual({ title: 'Unauthorized', status: 401, error: 'invalid_token' })
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
