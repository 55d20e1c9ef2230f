/** Discovery: a metadata document speaks for its own issuer, and for nobody else. */
import { describe, expect, test } from 'vitest'
// The tools of core's own attacks, which are not published.
import { attackOn, type Engine, engines, record, verdictOn } from '../../../../core/security/attack-table.ts'
import {
  type Answer,
  AUDIENCE,
  hang,
  json,
  jwks,
  jwt,
  type LoopbackServer,
  loopbackServer,
  type ManualClock,
  manualClock,
  signer,
  status,
} from '../../../../core/test/loopback-issuer.ts'
import { oidc } from '../../src/index.ts'

const key = signer('ES256', 'k1')
const evil = signer('ES256', 'k1')

interface Setting {
  readonly issuer: string
  readonly server: LoopbackServer
  readonly clock: ManualClock
  readonly verdict: (jwt: string) => Promise<string>
  /** What the metadata document and the keys are answered with from now on. */
  readonly answers: { metadata: Answer; keys: Answer }
}

/** An issuer on loopback that publishes metadata and keys, and a verifier that discovers it. */
async function setting({ createVerifier }: Engine): Promise<Setting> {
  const answers = { metadata: status(500), keys: jwks([key]) }
  const server = await loopbackServer((request, response) => {
    const answer = request.url?.startsWith('/.well-known/') ? answers.metadata : answers.keys
    answer(request, response)
  })
  const issuer = server.origin
  answers.metadata = json({ issuer, jwks_uri: server.url })
  const clock = manualClock()
  const verifier = createVerifier({
    providers: [oidc({ issuer, audience: AUDIENCE })] as never,
    clock,
    cache: { timeoutMs: 2000 },
  })
  return { issuer, server, clock, answers, verdict: (jwt) => verdictOn(() => verifier.verify(jwt), jwt) }
}

const paths = ({ requests }: LoopbackServer): string[] => requests.map(({ path }) => path)

const MISMATCHES: readonly (readonly [name: string, issuer: (own: string) => unknown])[] = [
  ['another', () => 'https://evil.example'],
  ['none', () => undefined],
  ['null', () => null],
  ['an empty text', () => ''],
  ['an array of it', (own) => [own]],
  ['a slash after it', (own) => `${own}/`],
  ['a path after it', (own) => `${own}/tenant`],
  ['https for http', (own) => own.replace('http:', 'https:')],
  ['capital letters', (own) => own.toUpperCase()],
  ['a blank after it', (own) => `${own} `],
  ['text that holds it', (own) => `https://evil.example/?${own}`],
  ['a part of it', (own) => own.slice(0, -1)],
]
describe('OIDC Discovery 4.3, RFC 8414 3.3: metadata that names another issuer', () => {
  for (const engine of engines) {
    for (const [name, named] of MISMATCHES) {
      test(`${name}, on the ${engine.name} engine`, async (context) => {
        const { issuer, server, clock, answers, verdict } = await setting(engine)
        const attacker = await loopbackServer(jwks([evil]))
        answers.metadata = json({ issuer: named(issuer), jwks_uri: attacker.url })
        const refused = await verdict(jwt(evil, { iss: issuer }))
        expect(attacker.requests).toEqual([])
        answers.metadata = json({ issuer, jwks_uri: server.url })
        clock.advance(10_000)
        const accepted = await verdict(jwt(key, { iss: issuer }))
        record(context, engine.name, 'DISCOVERY_MISMATCH', refused)
        record(context, engine.name, 'accepted', accepted)
        expect([refused, accepted]).toEqual(['DISCOVERY_MISMATCH', 'accepted'])
      })
    }
  }
})

const ADDRESSES: readonly unknown[] = [
  ...[
    'http://id.example/keys',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/keys',
    'file:///etc/passwd',
  ],
  ...[
    'data:application/json,{"keys":[]}',
    '//id.example/keys',
    '/keys',
    'keys',
    '',
    'https://',
    'ftp://id.example/keys',
  ],
  ...['https://user:password@id.example/keys', 'https://id.example/keys#x', ' https://id.example/keys'],
  ...[undefined, null, 1, true, [], ['https://id.example/keys'], {}],
]
describe('RFC 8725 3.10, SSRF: a jwks_uri that is no https URL', () => {
  for (const engine of engines) {
    test(`is asked for nothing, on the ${engine.name} engine`, async (context) => {
      for (const address of ADDRESSES) {
        const { issuer, server, answers, verdict } = await setting(engine)
        answers.metadata = json({ issuer, jwks_uri: address })
        const refused = await verdict(jwt(key, { iss: issuer }))
        record(context, engine.name, 'DISCOVERY_FAILED', refused)
        expect([address, refused]).toEqual([address, 'DISCOVERY_FAILED'])
        expect(paths(server).every((path) => path.startsWith('/.well-known/'))).toBe(true)
      }
    })
  }
})

attackOn('OIDC Discovery 4.3: keys at another origin are those that the document names', 'accepted', async (engine) => {
  const { issuer, server, answers, verdict } = await setting(engine)
  const elsewhere = await loopbackServer(jwks([key]))
  answers.metadata = json({ issuer, jwks_uri: elsewhere.url })
  answers.keys = jwks([evil])
  expect(await verdict(jwt(evil, { iss: issuer }))).toBe('SIGNATURE_INVALID')
  expect(paths(server)).toEqual(['/.well-known/openid-configuration'])
  return verdict(jwt(key, { iss: issuer }))
})

attackOn(
  'RFC 8725 3.10, iss-driven discovery: an issuer that is not composed is asked for nothing',
  'accepted',
  async (engine) => {
    const { issuer, server, verdict } = await setting(engine)
    const attacker = await loopbackServer(json({ keys: [evil.jwk] }))
    for (const iss of [attacker.origin, `${issuer}/`, `${issuer}/x`, `${issuer}@${new URL(attacker.origin).host}`])
      expect(await verdict(jwt(evil, { iss }))).toBe('ISSUER_UNKNOWN')
    expect([server.requests, attacker.requests]).toEqual([[], []])
    return verdict(jwt(key, { iss: issuer }))
  },
)

attackOn('RFC 8725 3.10: metadata that redirects is not followed', 'DISCOVERY_FAILED', async (engine) => {
  const { issuer, server, clock, answers, verdict } = await setting(engine)
  const attacker = await loopbackServer(json({ issuer, jwks_uri: server.url }))
  const good = answers.metadata
  answers.metadata = status(302, { location: `${attacker.origin}/.well-known/openid-configuration` })
  const refused = await verdict(jwt(key, { iss: issuer }))
  expect(attacker.requests).toEqual([])
  answers.metadata = good
  clock.advance(10_000)
  expect(await verdict(jwt(key, { iss: issuer }))).toBe('accepted')
  return refused
})

for (const code of [404, 410]) {
  attackOn(
    `stale metadata pins an old jwks_uri: keys that answer ${code} are looked for anew`,
    'accepted',
    async (engine) => {
      const { issuer, server, clock, answers, verdict } = await setting(engine)
      expect(await verdict(jwt(key, { iss: issuer }))).toBe('accepted')
      const next = signer('ES256', 'k2')
      const moved = await loopbackServer(jwks([next]))
      answers.metadata = json({ issuer, jwks_uri: moved.url })
      answers.keys = status(code)
      clock.advance(10_000)
      const verdictOnNext = await verdict(jwt(next, { iss: issuer }))
      expect(moved.requests.length).toBe(1)
      expect(await verdict(jwt(key, { iss: issuer }))).toBe('KEY_NOT_FOUND')
      expect(server.requests.length).toBeLessThanOrEqual(4)
      return verdictOnNext
    },
  )
}

attackOn('RFC 8725 3.8: metadata that fails or lies replaces no keys that are held', 'accepted', async (engine) => {
  const { issuer, clock, answers, verdict } = await setting(engine)
  const attacker = await loopbackServer(jwks([evil]))
  const token = jwt(key, { iss: issuer, exp: 1_900_000_000 })
  expect(await verdict(token)).toBe('accepted')
  for (const answer of [
    status(500),
    json({ issuer: 'https://evil.example', jwks_uri: attacker.url }),
    json('x'),
    hang,
  ]) {
    answers.metadata = answer
    answers.keys = status(404)
    clock.advance(3_700_000)
    expect(await verdict(jwt(evil, { iss: issuer, exp: 1_900_000_000 }))).not.toBe('accepted')
    expect(await verdict(token)).toBe('accepted')
  }
  expect(attacker.requests).toEqual([])
  return verdict(token)
})
