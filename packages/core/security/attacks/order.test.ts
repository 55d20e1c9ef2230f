/** The order of checks: of two faults, the cheaper one's is told, and nothing that costs more is done. */
import { describe, expect, test } from 'vitest'
import { remoteJwks } from '../../src/index.ts'
import {
  CLAIMS,
  jwks,
  jwt,
  loopbackServer,
  manualClock,
  NOW,
  part,
  provider,
  signed,
  signer,
  status,
} from '../../test/loopback-issuer.ts'
import { type AttackCase, attackOn, attacks, engines, record, verdictOn } from '../attack-table.ts'

const key = signer('ES256', 'k1')
const evil = signer('ES256', 'k1')
const rsa = signer('RS256', 'rsa')
const providers = [provider([key, rsa], { algorithms: ['ES256'] })]
const call = { scopes: 'read' }

/** Faults in the order in which they are looked for; a token has one of them and all that come after it. */
const unknown = { iss: 'https://other.example', exp: 1, aud: 'other' }
const late = { exp: 1, aud: 'other', sub: 1 }
const FAULTS: readonly AttackCase[] = [
  ['no fault', jwt(key, { scope: 'read' }), 'accepted', call],
  ['size', `!${'a'.repeat(16_384)}.${part({ alg: 'none' })}`, 'TOKEN_TOO_LARGE', call],
  ['alphabet', `${jwt(evil, unknown, { alg: 'none' })}!`, 'TOKEN_MALFORMED', call],
  ['alg', jwt(evil, unknown, { alg: 'none', crit: ['x'], kid: 1 }), 'ALG_NOT_ALLOWED', call],
  ['crit', jwt(evil, unknown, { crit: ['x'], kid: 1 }), 'CRIT_NOT_SUPPORTED', call],
  ['kid', jwt(evil, unknown, { kid: 1 }), 'TOKEN_MALFORMED', call],
  ['issuer', jwt(evil, unknown, { kid: 'gone' }), 'ISSUER_UNKNOWN', call],
  ['key', jwt(evil, late, { kid: 'gone' }), 'KEY_NOT_FOUND', call],
  ['signature', jwt(evil, late), 'SIGNATURE_INVALID', call],
  ['time', jwt(key, late), 'TOKEN_EXPIRED', call],
  ['audience', jwt(key, { ...late, exp: NOW + 9 }, { typ: 'dpop+jwt' }), 'AUDIENCE_MISMATCH', call],
  ['type', jwt(key, { sub: 1 }, { typ: 'dpop+jwt' }), 'TYP_NOT_ALLOWED', call],
  ['claims', jwt(key, { sub: 1 }), 'CLAIM_INVALID', call],
  ['scope', jwt(key), 'SCOPE_MISSING', call],
]
attacks('Checklist 4.3: of several faults the first is told', { providers }, FAULTS)

describe('Checklist 4.3, 4.6: what is refused before the key is looked for makes no request', () => {
  for (const { name, createVerifier } of engines) {
    test(`on the ${name} engine`, async (context) => {
      const server = await loopbackServer(jwks([key]))
      const verifier = createVerifier({
        providers: [provider([], { keys: remoteJwks(server.url), algorithms: ['ES256'] })],
        clock: manualClock(),
      })
      const before = FAULTS.slice(1, 1 + FAULTS.findIndex(([fault]) => fault === 'issuer'))
      for (const [, token, expected] of [...before, ['', jwt(rsa), 'ALG_NOT_ALLOWED'] as const]) {
        const verdict = await verdictOn(() => verifier.verify(token as string))
        record(context, name, expected, verdict)
        expect(verdict).toBe(expected)
      }
      expect(server.requests).toEqual([])
      expect(await verdictOn(() => verifier.verify(jwt(key)))).toBe('accepted')
      expect(server.requests.length).toBe(1)
    })
  }
})

const ODD: readonly unknown[] = [
  ...[undefined, null, 0, 1, true, [], {}, Symbol('x'), 1n, () => 'x', new Date(0), new Uint8Array(9)],
  ...['', '.', '..', '...', ' ', 'null', 'undefined', '[object Object]', '\ud800', 'é.é.é', 'a.b.c', `${part({})}..`],
  ...['[]', '"x"', '1', 'null', '{', '{"alg":'].map((header) => `${part(header)}.${part(CLAIMS)}.AAAA`),
  { toString: () => jwt(key), length: 9, indexOf: () => 1 },
  new String(jwt(key)),
]
attacks('Checklist 4.2: whatever is given for a token, the answer is an error with a code', { providers }, [
  ['a token', jwt(key), 'accepted'],
  ...ODD.map((given, index): AttackCase => [`${index}: ${typeof given}`, given, 'TOKEN_MALFORMED']),
])

const NUMBERS = ['1e309', '-1e309', '1e-400', '-0', '9007199254740993', `1${'0'.repeat(400)}`]
attackOn('Checklist 4.2: no number in a claim throws what is none of ours', 'TOKEN_EXPIRED', async (engine) => {
  const verifier = engine.createVerifier({ providers, clock: manualClock() })
  const verdicts = new Set<string>()
  for (const number of NUMBERS) {
    for (const claim of ['exp', 'nbf', 'iat', 'sub', 'aud', 'scope', 'azp', 'client_id', 'auth_time']) {
      const claims = JSON.stringify({ ...CLAIMS, [claim]: '?' }).replace('"?"', number)
      const token = signed(part({ alg: 'ES256', kid: 'k1' }), part(claims), key)
      const verdict = await verdictOn(() => verifier.verify(token), token)
      expect(verdict).not.toMatch(/not a KeysourceError/)
      verdicts.add(verdict)
    }
  }
  expect([...verdicts].sort()).toEqual(['CLAIM_INVALID', 'TOKEN_EXPIRED', 'accepted'])
  return verdictOn(() => verifier.verify(jwt(key, { exp: 0 })))
})

attackOn('Checklist 4.2: a call nobody waits for leaves no unhandled rejection', 'KEYS_UNAVAILABLE', async (engine) => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  try {
    const server = await loopbackServer(status(500))
    const verifier = engine.createVerifier({
      providers: [provider([], { keys: remoteJwks(server.url) })],
      clock: manualClock(),
    })
    const calls = [verifier.verify(jwt(key)), verifier.verify(''), verifier.verify(jwt(evil)), verifier.ready()]
    const settled = await Promise.allSettled(calls)
    expect(settled.map((one) => one.status)).toEqual(calls.map(() => 'rejected'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(unhandled).toEqual([])
    return await verdictOn(() => verifier.verify(jwt(key)))
  } finally {
    process.off('unhandledRejection', listen)
  }
})
