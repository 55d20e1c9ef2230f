import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { errorOf } from '../../test/loopback-issuer.ts'
import { readJson } from './jwk-set.ts'

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
