import { verify as platformVerify } from 'node:crypto'
import { createVerifier, defineProvider, staticJwks } from '@keysource/core'
import { JwtVerifier } from 'aws-jwt-verify'
import { createVerifier as fastJwt } from 'fast-jwt'
import { createLocalJWKSet, jwtVerify } from 'jose'
import jsonwebtoken, { type Algorithm } from 'jsonwebtoken'
import { type IssuedTokens, type MeasuredAlgorithm, signatureParameters } from './tokens.ts'

/** Verifies the token at an index, or throws. The text is the same token as a string that was not seen before. */
export type Verify = (jwt: string, at: number) => unknown

/** Something that verifies tokens. */
export interface Contestant {
  readonly name: string
  readonly packages: readonly string[]
  /** Which of the algorithms it has. */
  readonly has: (alg: MeasuredAlgorithm) => boolean
  readonly start: (issued: IssuedTokens, cache?: { readonly cached: true }) => Verify | Promise<Verify>
}

const all = (): boolean => true
const MAX_CACHED = 4000

/** Each library as its documentation sets it up for an issuer with several keys, all of them held. */
export const keysource: Contestant = {
  name: 'keysource',
  packages: ['@keysource/core'],
  has: all,
  async start({ alg, issuer, audience, keys }, cache) {
    const jwks = { keys: keys.map(({ jwk }) => jwk) }
    const acme = defineProvider({ name: 'acme', issuer, audience, keys: staticJwks(jwks), algorithms: [alg] })
    const verifier = createVerifier({ providers: [acme], ...(cache && { tokenCache: { max: MAX_CACHED } }) })
    await verifier.ready()
    return (jwt) => verifier.verify(jwt)
  },
}

/** One verifier a key, found by the header's text: given a function for its key, it would read the key anew for each token. */
const fastJwtLibrary: Contestant = {
  name: 'fast-jwt',
  packages: ['fast-jwt'],
  has: all,
  start({ alg, issuer, audience, keys, tokens }, cache) {
    const verifiers = new Map(
      keys.map(({ publicKey }, at) => {
        const key = publicKey.export({ type: 'spki', format: 'pem' })
        const rules = { algorithms: [alg], allowedIss: issuer, allowedAud: audience }
        const verify = fastJwt({ key, ...rules, cache: cache ? MAX_CACHED : false })
        return [headerOf(tokens[at] ?? ''), verify] as const
      }),
    )
    return (jwt) => verifiers.get(headerOf(jwt))?.(jwt) ?? failure()
  },
}

function headerOf(jwt: string): string {
  return jwt.slice(0, jwt.indexOf('.'))
}

const jsonwebtokenLibrary: Contestant = {
  name: 'jsonwebtoken',
  packages: ['jsonwebtoken'],
  has: (alg) => alg !== 'EdDSA',
  start({ alg, issuer, audience, keys }) {
    const byKid = new Map(keys.map(({ kid, publicKey }) => [kid, publicKey]))
    const options = { algorithms: [alg as Algorithm], issuer, audience }
    return (jwt) =>
      new Promise((resolve, reject) => {
        jsonwebtoken.verify(
          jwt,
          ({ kid }, found) => found(null, byKid.get(kid ?? '')),
          options,
          (error, claims) => (error ? reject(error) : resolve(claims)),
        )
      })
  },
}

const awsJwtVerify: Contestant = {
  name: 'aws-jwt-verify',
  packages: ['aws-jwt-verify'],
  has: (alg) => alg !== 'PS256',
  start({ issuer, audience, keys }) {
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/keys` })
    verifier.cacheJwks({ keys: keys.map(({ jwk }) => jwk) as never })
    return (jwt) => verifier.verify(jwt)
  },
}

const jose: Contestant = {
  name: 'jose',
  packages: ['jose'],
  has: all,
  start({ alg, issuer, audience, keys }) {
    const set = createLocalJWKSet({ keys: keys.map(({ jwk }) => jwk) })
    return (jwt) => jwtVerify(jwt, set, { issuer, audience, algorithms: [alg] })
  },
}

/** Keysource's peers. */
export const PEERS: readonly Contestant[] = [fastJwtLibrary, jsonwebtokenLibrary, awsJwtVerify, jose]

/** What no verifier can beat: the signature alone, over bytes and keys that were prepared before. */
export function platformLimit(issued: IssuedTokens): { readonly atOnce: Verify; readonly onPool: Verify } {
  const { hash, options } = signatureParameters(issued.alg)
  const prepared = issued.tokens.map((jwt, at) => {
    const dot = jwt.lastIndexOf('.')
    const publicKey = issued.keys[at % issued.keys.length]?.publicKey
    if (!publicKey) throw new RangeError(`expected a key at ${at % issued.keys.length}`)
    const key = Object.keys(options).length > 0 ? { key: publicKey, ...options } : publicKey
    return { key, bytes: Buffer.from(jwt.slice(0, dot)), signature: Buffer.from(jwt.slice(dot + 1), 'base64url') }
  })
  const at = (index: number) => prepared[index] ?? failure()
  return {
    atOnce(_jwt, index) {
      const { key, bytes, signature } = at(index)
      if (!platformVerify(hash, bytes, key, signature)) failure()
    },
    onPool(_jwt, index) {
      const { key, bytes, signature } = at(index)
      return new Promise((resolve, reject) => {
        platformVerify(hash, bytes, key, signature, (error, holds) => (holds ? resolve(true) : reject(error)))
      })
    },
  }
}

function failure(): never {
  throw new Error('expected a token whose signature holds')
}
