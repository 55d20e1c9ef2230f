import { sign } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { CompactSign, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  CLAIMS,
  ENGINES,
  errorOf,
  eventually,
  hang,
  jwks,
  jwkWith,
  jwt,
  loopbackServer,
  manualClock,
  part,
  provider,
  type Signer,
  signatureOf,
  signer,
  verdict,
} from '../test/loopback-issuer.ts'
import { ASYMMETRIC_ALGORITHMS } from './algorithms.ts'
import { remoteJwks, type StandardSchema } from './index.ts'
import type { SignatureEngine } from './signature/engine.ts'
import { engine as nodeEngine } from './signature/node.ts'
import { engine as webEngine } from './signature/web.ts'
import { verifierOn } from './verifier.ts'

const clock = manualClock()
const rsa = signer('RS256', 'rsa')
const signers: readonly Signer[] = ASYMMETRIC_ALGORITHMS.map((alg) => {
  if (/^[RP]S/.test(alg)) return { ...rsa, alg, kid: alg, jwk: { ...rsa.jwk, alg, kid: alg } }
  return signer(alg, alg)
})
const by = (alg: string): Signer => {
  const found = signers.find((one) => one.alg === alg)
  if (!found) throw new Error(`no key for ${alg}`)
  return found
}

/** A token over the usual claims, with any bytes for a signature. */
const withSignature = (key: Signer, make: (input: string) => Uint8Array): string => {
  const input = `${part({ alg: key.alg, kid: key.kid })}.${part(CLAIMS)}`
  return `${input}.${part(make(input))}`
}

const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const ORDER_ED25519 = 2n ** 252n + 27742317777372353535851937790883648493n
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const inBytes = (value: bigint, size: number): Buffer => Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex')

/** R as it is, and n − s in place of s: legal in a JWS (RFC 7515 says nothing against it). */
function otherHalf(signature: Buffer): Buffer {
  return Buffer.concat([signature.subarray(0, 32), inBytes(ORDER_P256 - number(signature.subarray(32)), 32)])
}

/** S + L in place of S, which RFC 8032 section 5.1.7 forbids. */
function withOrderAdded(signature: Buffer): Buffer {
  const s = number(Buffer.from(signature.subarray(32)).reverse()) + ORDER_ED25519
  return Buffer.concat([signature.subarray(0, 32), inBytes(s, 32).reverse()])
}

const der = (key: Signer) => (input: string) =>
  sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'der' })
const raw = (key: Signer, change: (signature: Buffer) => Buffer) => (input: string) => change(signatureOf(input, key))
const flipped = (signature: Buffer): Buffer => {
  const copy = Buffer.from(signature)
  copy[10] = (copy[10] ?? 0) ^ 1
  return copy
}

type Case = readonly [name: string, token: string, expected: string]
const signatures: readonly Case[] = signers.flatMap((key): readonly Case[] => [
  [
    `${key.alg} as it is`,
    withSignature(
      key,
      raw(key, (signature) => signature),
    ),
    'accepted',
  ],
  [`${key.alg} with a bit changed`, withSignature(key, raw(key, flipped)), 'SIGNATURE_INVALID'],
  [
    `${key.alg} a byte short`,
    withSignature(
      key,
      raw(key, (signature) => signature.subarray(0, -1)),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    `${key.alg} less its first byte`,
    withSignature(
      key,
      raw(key, (signature) => signature.subarray(1)),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    `${key.alg} with a zero byte after`,
    withSignature(
      key,
      raw(key, (signature) => Buffer.concat([signature, Buffer.alloc(1)])),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    `${key.alg} with a zero byte before`,
    withSignature(
      key,
      raw(key, (signature) => Buffer.concat([Buffer.alloc(1), signature])),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    `${key.alg} twice`,
    withSignature(
      key,
      raw(key, (signature) => Buffer.concat([signature, signature])),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    `${key.alg} of zeros`,
    withSignature(
      key,
      raw(key, (signature) => Buffer.alloc(signature.length)),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    `${key.alg} of ones`,
    withSignature(
      key,
      raw(key, (signature) => Buffer.alloc(signature.length, 0xff)),
    ),
    'SIGNATURE_INVALID',
  ],
  [`${key.alg} of one byte`, withSignature(key, () => Buffer.from([1])), 'SIGNATURE_INVALID'],
])
const es256 = by('ES256')
const special: readonly Case[] = [
  ['ES256 in DER', withSignature(es256, der(es256)), 'SIGNATURE_INVALID'],
  ['ES256 with n - s', withSignature(es256, raw(es256, otherHalf)), 'accepted'],
  [
    'ES256 with s = n',
    withSignature(
      es256,
      raw(es256, (one) => Buffer.concat([one.subarray(0, 32), inBytes(ORDER_P256, 32)])),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    'ES256 with r = 0',
    withSignature(
      es256,
      raw(es256, (one) => Buffer.concat([Buffer.alloc(32), one.subarray(32)])),
    ),
    'SIGNATURE_INVALID',
  ],
  ['EdDSA with S + L', withSignature(by('EdDSA'), raw(by('EdDSA'), withOrderAdded)), 'SIGNATURE_INVALID'],
  [
    'RS256 said, PS256 made',
    withSignature(by('RS256'), (input) => signatureOf(input, by('PS256'))),
    'SIGNATURE_INVALID',
  ],
  [
    'PS256 said, RS256 made',
    withSignature(by('PS256'), (input) => signatureOf(input, by('RS256'))),
    'SIGNATURE_INVALID',
  ],
  [
    'RS256 said, RS512 made',
    withSignature(by('RS256'), (input) => signatureOf(input, by('RS512'))),
    'SIGNATURE_INVALID',
  ],
  [
    'PS256 with a salt of another length',
    withSignature(by('PS256'), (input) =>
      sign('sha256', Buffer.from(input), { key: rsa.privateKey, padding: 6, saltLength: 20 }),
    ),
    'SIGNATURE_INVALID',
  ],
  [
    'PS256 with no salt',
    withSignature(by('PS256'), (input) =>
      sign('sha256', Buffer.from(input), { key: rsa.privateKey, padding: 6, saltLength: 0 }),
    ),
    'SIGNATURE_INVALID',
  ],
]

const good = jwt(es256)
const [head, body, tail] = good.split('.')
const swapped: readonly Case[] = [
  ['another payload', `${head}.${part({ ...CLAIMS, sub: 'someone else' })}.${tail}`, 'SIGNATURE_INVALID'],
  ['another header', `${part({ alg: 'ES256', kid: 'ES256', x: 1 })}.${body}.${tail}`, 'SIGNATURE_INVALID'],
  ['the signature of another token', `${head}.${body}.${jwt(es256, { sub: 'x' }).split('.')[2]}`, 'SIGNATURE_INVALID'],
]

for (const { name, createVerifier } of ENGINES) {
  describe(`signatures on the ${name} engine`, () => {
    const verifier = createVerifier({ providers: [provider(signers)], clock })
    for (const [what, token, expected] of [...signatures, ...special, ...swapped]) {
      test(`${what}: ${expected}`, async () => {
        expect(await verdict(() => verifier.verify(token))).toBe(expected)
        if (name === 'node') expect(await verdict(() => verifier.verifySync(token))).toBe(expected)
      })
    }

    test('made by another library are accepted, with each algorithm', async () => {
      for (const key of signers) {
        const privateKey = await importJWK({ ...key.privateKey.export({ format: 'jwk' }), alg: key.alg }, key.alg)
        const token = await new CompactSign(Buffer.from(JSON.stringify(CLAIMS)))
          .setProtectedHeader({ alg: key.alg, kid: key.kid })
          .sign(privateKey)
        expect((await verifier.verify(token)).key).toEqual({ kid: key.alg, alg: key.alg })
      }
    })

    test('that do not hold are told from those that were cut off', async () => {
      for (const key of signers) {
        const due = signatureOf('', key).length
        const cut = await errorOf(() =>
          verifier.verify(
            withSignature(
              key,
              raw(key, (one) => one.subarray(0, -3)),
            ),
          ),
        )
        expect(cut).toMatchObject({
          subject: 'signature',
          expected: `one made with "${key.kid}" over this header and payload`,
          found: `${due - 3} bytes, where ${due} are due: it was cut off`,
        })
        const other = 'another: the token was changed, or another key signed it'
        for (const change of [flipped, (one: Buffer) => Buffer.concat([one, one])]) {
          const error = await errorOf(() => verifier.verify(withSignature(key, raw(key, change))))
          expect(error).toMatchObject({ code: 'SIGNATURE_INVALID', found: other })
        }
      }
    })

    test('are judged before claims, which say nothing until they hold', async () => {
      const claims = part({ ...CLAIMS, exp: 1, aud: 'other' })
      expect(await verdict(() => verifier.verify(`${head}.${claims}.${tail}`))).toBe('SIGNATURE_INVALID')
    })
  })
}

describe('a signature of a length that cannot hold', () => {
  for (const engine of [nodeEngine, webEngine]) {
    test(`is not even tried on the ${engine.name} engine`, async () => {
      let tries = 0
      const counting: typeof engine = {
        ...engine,
        verify(...input) {
          tries += 1
          return engine.verify(...input)
        },
        ...(engine.verifySync && {
          verifySync(...input) {
            tries += 1
            return engine.verifySync?.(...input) ?? false
          },
        }),
      }
      const verifier = verifierOn(counting)({ providers: [provider(signers)], clock })
      await verifier.ready()
      for (const key of signers) {
        for (const change of [(one: Buffer) => one.subarray(1), (one: Buffer) => Buffer.concat([one, one])]) {
          const token = withSignature(key, raw(key, change))
          expect(await verdict(() => verifier.verify(token))).toBe('SIGNATURE_INVALID')
          if (engine.verifySync) expect(await verdict(() => verifier.verifySync(token))).toBe('SIGNATURE_INVALID')
        }
      }
      expect(await verdict(() => verifier.verify(withSignature(es256, der(es256))))).toBe('SIGNATURE_INVALID')
      expect(tries).toBe(0)
      await verifier.verify(good)
      expect(tries).toBe(1)
    })
  }

  test('may be right for the next of several keys', async () => {
    const large = signer('RS256', 'x', 3072)
    const keys = [large, { ...rsa, kid: 'y' }].map(({ jwk }) => jwkWith(jwk, { kid: undefined, alg: 'RS256' }))
    for (const { createVerifier } of ENGINES) {
      const verifier = createVerifier({ providers: [provider(keys)], clock })
      expect(await verdict(() => verifier.verify(jwt({ ...rsa, alg: 'RS256' }, {}, { kid: undefined })))).toBe(
        'accepted',
      )
      expect(await verdict(() => verifier.verify(jwt(large, {}, { kid: undefined })))).toBe('accepted')
    }
  })
})

describe('verifySync', () => {
  const [node, web] = ENGINES as readonly [(typeof ENGINES)[number], (typeof ENGINES)[number]]

  test('gives what verify gives', async () => {
    const verifier = node.createVerifier({ providers: [provider(signers)], clock })
    await verifier.ready()
    expect(verifier.verifySync(good)).toEqual(await verifier.verify(good))
    expect(await verdict(() => verifier.verifySync(jwt(es256, { exp: 1 })))).toBe('TOKEN_EXPIRED')
    expect(await verdict(() => verifier.verifySync(good, { scopes: 'x' }))).toBe('SCOPE_MISSING')
    expect(await verdict(() => verifier.verifySync(jwt(signer('ES256', 'gone'))))).toMatch(
      /KEY_NOT_FOUND|KEYS_NOT_LOADED/,
    )
  })

  test('does not wait for keys, but starts their load', async () => {
    const server = await loopbackServer(jwks([es256]))
    const verifier = node.createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    const error = await errorOf(() => verifier.verifySync(good))
    expect(error).toMatchObject({ code: 'KEYS_NOT_LOADED', status: 503, provider: 'acme', retryAfterSec: 1 })
    await verifier.ready()
    expect(await verdict(() => verifier.verifySync(good))).toBe('accepted')
    expect(server.requests).toHaveLength(1)
  })

  test('is not there on the WebCrypto engine', async () => {
    const verifier = web.createVerifier({ providers: [provider(signers)], clock })
    await verifier.ready()
    const error = await errorOf(() => verifier.verifySync(good))
    expect(error).toMatchObject({ code: 'SYNC_NOT_SUPPORTED', kind: 'config', status: 500 })
  })

  test('refuses a schema that takes time', async () => {
    const later: StandardSchema = {
      '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value }) },
    }
    const verifier = node.createVerifier({ providers: [provider(signers, { schema: later })], clock })
    await verifier.ready()
    expect(await verdict(() => verifier.verifySync(good))).toBe('SYNC_NOT_SUPPORTED')
    expect(await verdict(() => verifier.verify(good))).toBe('accepted')
  })
})

describe('an engine whose promises are of another realm, as on the edge runtime of Next', () => {
  const abroad = runInNewContext('(work) => new Promise((resolve, reject) => work.then(resolve, reject))')
  const verify: SignatureEngine['verify'] = (...signed) => abroad(Promise.resolve(webEngine.verify(...signed)))
  const verifier = verifierOn({ ...webEngine, verify })({ providers: [provider(signers)], clock })

  test('has its verdict waited for', async () => {
    expect(abroad(Promise.resolve(true))).not.toBeInstanceOf(Promise)
    expect(await verdict(() => verifier.verify(good))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(signer('ES256', es256.kid))))).toBe('SIGNATURE_INVALID')
  })

  test('may hand in the signal of that realm', async () => {
    const { signal } = new AbortController()
    const foreign = { aborted: false, addEventListener() {}, removeEventListener() {} } as unknown as AbortSignal
    expect(await verdict(() => verifier.verify(good, { signal: foreign }))).toBe('accepted')
    expect(await verdict(() => verifier.verify(good, { signal }))).toBe('accepted')
  })
})

describe('the signal of a call', () => {
  const [{ createVerifier }] = ENGINES as readonly [(typeof ENGINES)[number]]

  test('that is aborted already refuses the call, and starts no load', async () => {
    const server = await loopbackServer(jwks([es256]))
    const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    const signal = AbortSignal.abort(new Error('gone'))
    const error = await errorOf(() => verifier.verify(good, { signal }))
    expect(error).toMatchObject({ code: 'ABORTED', kind: 'config' })
    expect(error.cause).toMatchObject({ message: 'gone' })
    expect(await verdict(() => verifier.ready({ signal }))).toBe('ABORTED')
    expect(server.requests).toHaveLength(0)
  })

  test('ends the wait for keys of its own call alone', async () => {
    const server = await loopbackServer(hang)
    const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    const controller = new AbortController()
    const aborted = verdict(() => verifier.verify(good, { signal: controller.signal }))
    const ready = verdict(() => verifier.ready({ signal: controller.signal }))
    const patient = verdict(() => verifier.verify(good))
    await eventually(() => server.requests.length).toBe(1)
    controller.abort()
    expect(await aborted).toBe('ABORTED')
    expect(await ready).toBe('ABORTED')
    verifier.close()
    expect(await patient).toBe('CLOSED')
  })

  test('that is never aborted changes nothing', async () => {
    const server = await loopbackServer(jwks([es256]))
    const verifier = createVerifier({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    expect(await verdict(() => verifier.verify(good, { signal: new AbortController().signal }))).toBe('accepted')
  })
})

describe('what a call that cannot be served says', () => {
  const es = by('ES256')
  const on = (engine: typeof nodeEngine, keys: Parameters<typeof provider>[0] = [es]) =>
    verifierOn(engine)({ providers: [provider(keys)], clock })
  const wordsOf = async (work: () => unknown): Promise<string> => (await errorOf(work)).message

  test('a provider that is not composed', async () => {
    const words = await wordsOf(() => on(nodeEngine).verify(jwt(es), { provider: 'nobody' }))
    expect(words).toMatch(/^verify: .*provider.*"acme".*"nobody"/)
  })

  test('a token of another provider than the one that was asked for names that one alone', async () => {
    const other = provider([es], { name: 'other', issuer: 'https://other.example' })
    const verifier = verifierOn(nodeEngine)({ providers: [provider([es]), other], clock })
    const error = await errorOf(() => verifier.verify(jwt(es), { provider: 'other' }))
    expect(error).toMatchObject({ code: 'ISSUER_UNKNOWN', expected: '"https://other.example"' })
  })

  test('verifySync before keys are held', async () => {
    const server = await loopbackServer(jwks([es]))
    const verifier = verifierOn(nodeEngine)({ providers: [provider([], { keys: remoteJwks(server.url) })], clock })
    expect(await wordsOf(() => verifier.verifySync(jwt(es)))).toMatch(/call ready\(\) first, or use verify$/)
  })

  test('verifySync on the engine that has none', async () => {
    const words = await wordsOf(() => on(webEngine).verifySync(jwt(es)))
    expect(words).toBe(
      'verifySync: expected a synchronous check, but the WebCrypto engine verifies asynchronously alone: use verify',
    )
  })

  test('a call that was aborted', async () => {
    const words = await wordsOf(() => on(nodeEngine).verify(jwt(es), { signal: AbortSignal.abort() }))
    expect(words).toBe('the call was aborted by its signal')
  })

  test('a signature that none of several keys without a kid made', async () => {
    const { kid: _kid, ...unnamed } = es.jwk
    const { kid: _other, ...second } = signer('ES256').jwk
    const token = jwt(signer('ES256', 'third'), {}, { kid: undefined })
    const error = await errorOf(() => on(nodeEngine, [unnamed, second]).verify(token))
    expect(error).toMatchObject({ code: 'SIGNATURE_INVALID' })
    expect(error.expected).toMatch(/^one made with the key without a kid over this header and payload/)
  })

  test('a signature that neither of two keys of one kid made names it once; of two kids, both', async () => {
    const keys = ['one', 'two'].map((kid) => signer('ES256', kid).jwk)
    const token = jwt(signer('ES256', 'third'), {}, { kid: undefined })
    const error = await errorOf(() => on(nodeEngine, keys).verify(token))
    expect(error.expected).toMatch(/^one made with "one" or "two" over/)
  })

  test('a schema that makes something else of the claims than an object leaves them as they are', async () => {
    const schema: StandardSchema<never> = {
      '~standard': { version: 1, vendor: 'own', validate: () => ({ value: 'text' as never }) },
    }
    const verifier = verifierOn(nodeEngine)({ providers: [provider([es], { schema })], clock })
    expect((await verifier.verify(jwt(es))).claims).toMatchObject({ iss: CLAIMS.iss })
  })

  test('a check that returns what is neither nothing nor a failure', async () => {
    const checks = [{ name: 'odd', check: () => true as never }]
    const verifier = verifierOn(nodeEngine)({ providers: [provider([es], { checks })], clock })
    expect(await wordsOf(() => verifier.verify(jwt(es)))).toMatch(/expected undefined or a failure, found true$/)
  })
})
