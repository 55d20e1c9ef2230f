import { ConfigError, KeysError, TokenError, type VerifiedToken } from '@keysource/core'
import { describe, expect, test } from 'vitest'
import { type AuthOptions, AuthRefusal, authenticator, nodeRequest, type RequestHead, withAuth } from './index.ts'

const token: VerifiedToken = {
  provider: 'acme',
  issuer: 'https://id.acme.example',
  subject: 'ada',
  clientId: 'web',
  scopes: ['read:reports'],
  tenant: undefined,
  expiresAt: 2_000_000_000,
  claims: { iss: 'https://id.acme.example', exp: 2_000_000_000 },
  header: { alg: 'ES256' },
  key: { kid: 'k', alg: 'ES256', jwk: { kty: 'EC' } },
}

const bearer: RequestHead = { method: 'GET', values: (name) => (name === 'authorization' ? ['Bearer a.b.c'] : []) }
const refusing = (error: unknown) => ({ verify: () => Promise.reject(error) })
const refusalOf = async (error: unknown, options?: AuthOptions): Promise<AuthRefusal | undefined> =>
  (await authenticator(refusing(error), options).authenticate(bearer)).refusal

describe('authenticator', () => {
  test('hands the caller’s audience, provider and scopes to the verifier', async () => {
    const calls: unknown[] = []
    const verifier = {
      verify(jwt: string, options: unknown) {
        calls.push([jwt, options])
        return Promise.resolve(token)
      },
    }
    const signal = new AbortController().signal
    await authenticator(verifier, { scopes: 'a', audience: 'b', provider: 'c' }).authenticate(bearer, { signal })
    expect(calls).toEqual([['a.b.c', { scopes: ['a'], audience: 'b', provider: 'c', signal }]])
  })

  test('a fault of the program is thrown, and no token is blamed', async () => {
    const closed = new ConfigError('CLOSED', 'the verifier was closed')
    await expect(refusalOf(closed)).rejects.toBe(closed)
    const thrown = new TypeError('a hint threw')
    await expect(refusalOf(thrown)).rejects.toBe(thrown)
  })

  test('an outage is told with the time that the verifier names, and no challenge', async () => {
    const refusal = await refusalOf(new KeysError('KEYS_UNAVAILABLE', 'down', { retryAfterSec: 7 }))
    expect(refusal).toMatchObject({ status: 503, headers: { 'retry-after': '7' } })
    expect(refusal?.headers).not.toHaveProperty('www-authenticate')
  })

  test('a refusal is an error that says no more than its answer, and whose cause says all', async () => {
    const cause = new TokenError('TOKEN_EXPIRED', 'acme: "exp": expected later', { hint: 'fetch another' })
    const refusal = await refusalOf(cause)
    expect(refusal).toBeInstanceOf(AuthRefusal)
    expect(refusal?.message).toBe('Unauthorized')
    expect(refusal?.statusCode).toBe(401)
    expect(refusal?.cause).toBe(cause)
    expect(refusal?.body).toEqual({ title: 'Unauthorized', status: 401, error: 'invalid_token' })
  })

  test('in development the answer says what was wrong', async () => {
    const cause = new TokenError('TOKEN_EXPIRED', 'acme: "exp": expected later', { hint: 'fetch another' })
    expect((await refusalOf(cause, { development: true }))?.body).toEqual({
      title: 'Unauthorized',
      status: 401,
      error: 'invalid_token',
      code: 'TOKEN_EXPIRED',
      detail: 'acme: "exp": expected later',
      hint: 'fetch another',
    })
  })

  test('scopes that are asked for later are refused in the same words', () => {
    const auth = authenticator(refusing(undefined), { realm: 'acme' })
    expect(auth.missingScopes(token, ['read:reports'])).toBeUndefined()
    expect(auth.missingScopes(token, ['read:reports', 'admin'])?.headers['www-authenticate']).toBe(
      'Bearer realm="acme", error="insufficient_scope", scope="read:reports admin"',
    )
    expect(auth.missingScopes(undefined, ['admin'])?.status).toBe(401)
  })

  const wrong: readonly (readonly [options: object, names: RegExp])[] = [
    [{ scope: 'a' }, /unknown option "scope"/],
    [{ scopes: 'a b' }, /"scopes".*an array with one scope an item/],
    [{ scopes: ['a"'] }, /"scopes"/],
    [{ header: 'Authorization' }, /"header"/],
    [{ header: 'authorization' }, /"header"/],
    [{ header: 'a b' }, /"header"/],
    [{ cookie: 'a=b' }, /"cookie"/],
    [{ realm: 'a"b' }, /"realm"/],
    [{ realm: 'a\r\nb' }, /"realm"/],
    [{ resourceMetadata: 'http://api.example.com' }, /"resourceMetadata"/],
    [{ optional: 'yes' }, /"optional"/],
    [{ development: 1 }, /"development"/],
  ]
  test.each(wrong)('refuses %o', (options, names) => {
    expect(() => authenticator(refusing(undefined), options as AuthOptions)).toThrow(names)
  })
})

describe('nodeRequest', () => {
  test('a request that never was on a wire has its headers all the same', () => {
    const { method, values } = nodeRequest({ headers: { authorization: 'Bearer x', cookie: ['a=1', 'b=2'] } })
    expect([method, values('authorization'), values('cookie'), values('x')]).toEqual([
      'GET',
      ['Bearer x'],
      ['a=1', 'b=2'],
      [],
    ])
  })
})

describe('withAuth', () => {
  test('hands on what the runtime passes beside the request', async () => {
    const handler = withAuth({ verify: async () => token }, (_request, { subject }, env: string, context: number) =>
      Response.json([subject, env, context]),
    )
    const request = new Request('https://api.example.com', { headers: { authorization: 'Bearer a.b.c' } })
    expect(await (await handler(request, 'env', 1)).json()).toEqual(['ada', 'env', 1])
  })
})
