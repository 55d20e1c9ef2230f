// One provider beside a thousand, same key pairs, same number of tokens, rounds that take turns; and crypto.verify alone with as
// many keys, because a processor's caches hold a few keys better than a thousand, whoever uses them.
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { createVerifier, defineProvider, type Provider, staticJwks, type Verifier } from '@keysource/core'
import { answerToParent, inputFromParent } from '../child-process.ts'
import { AUDIENCE, type SigningKey, signingKey, tokensOf } from '../faults/issuer.ts'
import { interleaved, rate } from '../interleaved.ts'
import type { CompositionInput, CompositionReport } from './composition.ts'

const KEY_PAIRS = 8

answerToParent(await measured(await inputFromParent<CompositionInput>()))

async function measured({ providers, rounds, roundMs }: CompositionInput): Promise<CompositionReport> {
  const keys = Array.from({ length: KEY_PAIRS }, (_, at) => signingKey(`key-${at}`))
  const one = composed(keys, 1, providers)
  const tenth = composed(keys, providers / 10, providers)
  const many = composed(keys, providers, providers)
  await Promise.all([one, tenth, many].map(({ verifier }) => verifier.ready()))
  const [few, all] = [platform(keys, one.tokens, KEY_PAIRS), platform(keys, many.tokens, providers)]
  const some = many.tokens.slice(0, KEY_PAIRS)
  const rates = await interleaved(
    [
      () => rate((jwt) => one.verifier.verify(jwt), one.tokens, roundMs),
      () => rate((jwt) => tenth.verifier.verify(jwt), tenth.tokens, roundMs),
      () => rate((jwt) => many.verifier.verify(jwt), some, roundMs),
      () => rate((jwt) => many.verifier.verify(jwt), many.tokens, roundMs),
      () => rate(few, one.tokens, roundMs),
      () => rate(all, many.tokens, roundMs),
    ],
    rounds,
  )
  const [
    ofOne = Number.NaN,
    ofTenth = Number.NaN,
    ofSome = Number.NaN,
    ofAll = Number.NaN,
    platformFew = Number.NaN,
    platformAll = Number.NaN,
  ] = rates
  return {
    rateOfOne: ofOne,
    tenthShare: ofTenth / ofOne,
    someShare: ofSome / ofOne,
    allShare: ofAll / ofOne,
    platformShare: platformAll / platformFew,
  }
}

/** So many providers, and tokens of them in turn. Each has a key set of its own, with one of the key pairs in it. */
function composed(
  keys: readonly SigningKey[],
  count: number,
  tokenCount: number,
): { readonly verifier: Verifier; readonly tokens: readonly string[] } {
  const issuers = Array.from({ length: count }, (_, at) => ({
    issuer: `https://tenant-${at}.acme.example`,
    keys: count === 1 ? keys : keys.slice(at % KEY_PAIRS, (at % KEY_PAIRS) + 1),
  }))
  const providers: readonly Provider[] = issuers.map(({ issuer, keys: own }, at) =>
    defineProvider({
      name: `tenant-${at}`,
      issuer,
      audience: AUDIENCE,
      keys: staticJwks({ keys: own.map(({ jwk }) => jwk) }),
      algorithms: ['RS256'],
    }),
  )
  const each = tokenCount / count
  const tokens = issuers.flatMap(({ issuer, keys: own }) =>
    own.flatMap((key) => tokensOf(key, issuer, each / own.length)),
  )
  return { verifier: createVerifier({ providers }), tokens }
}

/** The signature alone, over bytes that were prepared before, with so many key objects. */
function platform(keys: readonly SigningKey[], tokens: readonly string[], count: number): (jwt: string) => void {
  const objects = Array.from({ length: count }, (_, at) => {
    const key = keys[at % KEY_PAIRS]
    return { kid: key?.kid, key: createPublicKey({ key: key?.jwk as JsonWebKey, format: 'jwk' }) }
  })
  const prepared = new Map(
    tokens.map((jwt, at) => {
      const dot = jwt.lastIndexOf('.')
      const { kid } = JSON.parse(Buffer.from(jwt.slice(0, jwt.indexOf('.')), 'base64url').toString()) as { kid: string }
      const own = count === tokens.length ? objects[at] : objects.find((one) => one.kid === kid)
      if (own?.kid !== kid) throw new RangeError(`expected a key object of ${kid}, found ${own?.kid}`)
      const bytes = Buffer.from(jwt.slice(0, dot))
      return [jwt, { key: own.key, bytes, signature: Buffer.from(jwt.slice(dot + 1), 'base64url') }] as const
    }),
  )
  return (jwt) => {
    const token = prepared.get(jwt)
    if (!token || !verify('sha256', token.bytes, token.key, token.signature)) {
      throw new Error('expected a token whose signature holds')
    }
  }
}
