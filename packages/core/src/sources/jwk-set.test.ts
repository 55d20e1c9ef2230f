import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { errorOf } from '../../test/loopback-issuer.ts'
import { jwkArrayFrom, jwkSetFrom, readJson } from './jwk-set.ts'

test.each(['c2VjcmV0-token', '{"access_token": c2VjcmV0-token}'])(
  'the error for %j repeats nothing of it',
  async (body) => {
    const error = await errorOf(() => readJson(new Response(body), 'https://id.example/token'))
    expect(error.code).toBe('KEYS_UNAVAILABLE')
    expect(inspect(error, { depth: 9 })).not.toContain('c2VjcmV0')
  },
)

test('JSON is read', async () => {
  expect(await readJson(new Response('{"keys":[]}'), 'x')).toEqual({ keys: [] })
})

test.each(['c2VjcmV0', ['c2VjcmV0'], { token: 'c2VjcmV0' }, 'c2VjcmV0'.repeat(9)])(
  'the error for a body of another shape repeats nothing of it: %j',
  async (body) => {
    const errors = [await errorOf(() => jwkSetFrom(body, 'https://id.example/keys'))]
    if (!Array.isArray(body)) errors.push(await errorOf(() => jwkArrayFrom(body, 'https://id.example/keys')))
    for (const error of errors) expect(inspect(error, { depth: 9 })).not.toContain('c2VjcmV0')
  },
)
