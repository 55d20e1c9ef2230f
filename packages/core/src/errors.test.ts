import { describe, expect, test } from 'vitest'
import {
  CLAIMS,
  ENGINES,
  eventLog,
  json,
  jwt,
  loopbackServer,
  manualClock,
  part,
  provider,
  signed,
  signer,
} from '../test/loopback-issuer.ts'
import {
  ConfigError,
  type ConfigErrorCode,
  configInvalid,
  type ErrorCode,
  HttpError,
  isKeysourceError,
  KeysError,
  type KeysErrorCode,
  KeysourceError,
  remoteJwks,
  TokenError,
  type TokenErrorCode,
} from './index.ts'

const STATUS: Readonly<
  Record<TokenErrorCode | KeysErrorCode | ConfigErrorCode, readonly [kind: string, status: number]>
> = {
  TOKEN_MALFORMED: ['token', 401],
  TOKEN_TOO_LARGE: ['token', 401],
  ALG_NOT_ALLOWED: ['token', 401],
  CRIT_NOT_SUPPORTED: ['token', 401],
  TYP_NOT_ALLOWED: ['token', 401],
  ISSUER_UNKNOWN: ['token', 401],
  KEY_NOT_FOUND: ['token', 401],
  SIGNATURE_INVALID: ['token', 401],
  TOKEN_EXPIRED: ['token', 401],
  TOKEN_NOT_YET_VALID: ['token', 401],
  AUDIENCE_MISMATCH: ['token', 401],
  CLAIM_MISSING: ['token', 401],
  CLAIM_INVALID: ['token', 401],
  SCOPE_MISSING: ['token', 403],
  KEYS_UNAVAILABLE: ['keys', 503],
  DISCOVERY_FAILED: ['keys', 503],
  DISCOVERY_MISMATCH: ['keys', 503],
  KEYS_NOT_LOADED: ['keys', 503],
  CONFIG_INVALID: ['config', 500],
  ABORTED: ['config', 500],
  CLOSED: ['config', 500],
  SYNC_NOT_SUPPORTED: ['config', 500],
}

describe('a code', () => {
  for (const [code, [kind, status]] of Object.entries(STATUS)) {
    test(`${code} is the fault of ${kind}, and ${status}`, () => {
      expect(new KeysourceError(code as ErrorCode, 'x')).toMatchObject({ code, kind, status, message: 'x' })
    })
  }
})

describe('an error', () => {
  test('is of its class, and of ours', () => {
    const errors = [
      [new TokenError('TOKEN_EXPIRED', 'x'), TokenError, 'TokenError'],
      [new KeysError('KEYS_UNAVAILABLE', 'x'), KeysError, 'KeysError'],
      [new HttpError('x', 404, undefined), KeysError, 'HttpError'],
      [new ConfigError('CLOSED', 'x'), ConfigError, 'ConfigError'],
    ] as const
    for (const [error, kind, name] of errors) {
      expect(error).toBeInstanceOf(kind)
      expect(error).toBeInstanceOf(KeysourceError)
      expect(error).toBeInstanceOf(Error)
      expect(error.name).toBe(name)
      expect(isKeysourceError(error)).toBe(true)
    }
  })

  test('carries what is given, and no empty fields', () => {
    const cause = new Error('why')
    const error = new TokenError('CLAIM_INVALID', 'x', { provider: 'a', subject: 'b', hint: undefined, cause })
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: 'CLAIM_INVALID', provider: 'a', subject: 'b' })
    expect(Object.hasOwn(error, 'hint')).toBe(false)
    expect(error.cause).toBe(cause)
    expect(JSON.stringify(error)).not.toContain('why')
    expect(Object.hasOwn(new TokenError('CLAIM_INVALID', 'x'), 'cause')).toBe(false)
  })

  test('of another copy of this package is known by its mark', () => {
    const copy = Object.assign(new Error('x'), { [Symbol.for('@keysource/core.error')]: true })
    expect(isKeysourceError(copy)).toBe(true)
    for (const value of [new Error('x'), { code: 'CLOSED' }, null, undefined, 'CLOSED', 5]) {
      expect(isKeysourceError(value)).toBe(false)
    }
    expect(isKeysourceError(Object.create(copy))).toBe(false)
  })

  test('of an option names it, with what is expected and what was given', () => {
    const error = configInvalid('acme', 'domain', 'a host name', '"https://x"')
    expect(error.message).toBe('acme: option "domain": expected a host name, got "https://x"')
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      subject: 'domain',
      expected: 'a host name',
      found: '"https://x"',
    })
  })
})

describe('what errors and events never say', () => {
  const key = signer()
  const secret = 'SECRET'.repeat(5)
  const good = jwt(key, { private: secret })
  const [head = '', body = '', tail = ''] = good.split('.')
  const refused: readonly (readonly [name: string, token: string])[] = [
    ['malformed', `${good}=`],
    ['with the scheme', `Bearer ${good}`],
    ['in four parts', `${good}.${tail}`],
    ['with blanks', `${head}. ${body}.${tail}`],
    ['too large', `${head}.${body}.${tail}${'A'.repeat(20_000)}`],
    ['no JSON', signed(head, part(`{${secret}`), key)],
    ['of a bad algorithm', signed(part({ alg: 'none' }), body, key)],
    ['of an unknown issuer', jwt(key, { iss: 'https://x.example', private: secret })],
    ['of an unknown key', jwt(key, { private: secret }, { kid: 'gone' })],
    ['of a bad signature', jwt(signer(), { private: secret })],
    ['expired', jwt(key, { exp: 1, private: secret })],
    ['for another audience', jwt(key, { aud: 'x', private: secret })],
    ['of a foreign kind', jwt(key, { private: secret }, { typ: 'logout+jwt' })],
    ['without a scope', good],
  ]
  for (const { name: engine, createVerifier } of ENGINES) {
    for (const [name, token] of refused) {
      test(`of a token ${name}, on the ${engine} engine`, async () => {
        const events = eventLog()
        const providers = [provider([key])]
        const verifier = createVerifier({ providers, clock: manualClock(), onEvent: events.onEvent })
        const error: unknown = await verifier.verify(token, { scopes: 'x' }).catch((reason) => reason)
        expect(isKeysourceError(error)).toBe(true)
        const said = [error, ...events.all, verifier.status()].map(everything).join('\n')
        for (const text of [secret, ...token.split(/[. ]/).filter((one) => one.length > 20)]) {
          expect(said).not.toContain(text)
          expect(said).not.toContain(text.slice(0, 60))
        }
      })
    }
  }

  test('of the headers and the query of a key URL', async () => {
    const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]
    const events = eventLog()
    const server = await loopbackServer(json({ nothing: 1 }))
    const answers = [
      json({ nothing: 1 }),
      json({ keys: [] }),
      (_: unknown, response: import('node:http').ServerResponse) => void response.end('<html>'),
      (_: unknown, response: import('node:http').ServerResponse) => void response.writeHead(500).end(),
      (_: unknown, response: import('node:http').ServerResponse) =>
        void response.writeHead(302, { location: `/x?key=${secret}` }).end(),
      (_: unknown, response: import('node:http').ServerResponse) => void response.destroy(),
    ]
    for (const answer of answers) {
      server.answer = answer
      const keys = remoteJwks(`${server.url}?key=${secret}`, { headers: { authorization: `Bearer ${secret}` } })
      const verifier = createVerifier({ providers: [provider([], { keys })], onEvent: events.onEvent })
      const error: unknown = await verifier.verify(jwt(key)).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE' })
      expect([error, verifier.status()].map(everything).join('\n')).not.toContain(secret)
    }
    expect(server.requests.at(-1)?.headers.authorization).toContain(secret)
    expect(events.all.map(everything).join('\n')).not.toContain(secret)
  })

  test('claims of the fixture are as they were', () => {
    expect(CLAIMS.private).toBeUndefined()
  })
})

/** An error or event with all that it holds, its causes and stacks too. */
function everything(value: unknown, depth = 0): string {
  if (depth > 6 || typeof value !== 'object' || value === null) return String(value)
  return Reflect.ownKeys(value)
    .map((name) => `${String(name)}: ${everything((value as Record<PropertyKey, unknown>)[name], depth + 1)}`)
    .join('\n')
}
