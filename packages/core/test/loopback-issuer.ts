/**
 * For core's own tests: keys, tokens signed over any bytes, a clock that is moved by hand, and a real HTTP server on
 * loopback that plays a provider. It stands outside `src`, so it is not published.
 */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import type { Algorithm } from '../src/algorithms.ts'
import type { Clock } from '../src/clock.ts'
import type { VerifierEvent } from '../src/events.ts'
import {
  defineProvider,
  isKeysourceError,
  type JWK,
  type KeysourceError,
  type Provider,
  type ProviderOptions,
  staticJwks,
} from '../src/index.ts'
import { engine as nodeEngine } from '../src/signature/node.ts'
import { engine as webEngine } from '../src/signature/web.ts'
import { type CreateVerifier, verifierOn } from '../src/verifier.ts'

export const ISSUER = 'https://id.example'
export const AUDIENCE = 'api'
/** The second at which {@link manualClock} starts. */
export const NOW = 1_800_000_000

/** `createVerifier` on each engine: a table runs on both. */
export const ENGINES: readonly { readonly name: string; readonly createVerifier: CreateVerifier }[] = [
  { name: 'node', createVerifier: verifierOn(nodeEngine) },
  { name: 'web', createVerifier: verifierOn(webEngine) },
]

/** A key pair as its issuer holds it. */
export interface Signer {
  readonly alg: Algorithm
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** The public key as it is published, with `kid` and `alg`. */
  readonly jwk: JWK
}

/** A new key pair for an algorithm. */
export function signer(alg: Algorithm = 'ES256', kid = 'k1', modulusLength = 2048): Signer {
  const { publicKey, privateKey } = keyPair(alg, modulusLength)
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg } as JWK
  return { alg, kid, publicKey, privateKey, jwk }
}

function keyPair(alg: Algorithm, modulusLength: number): { publicKey: KeyObject; privateKey: KeyObject } {
  const curves: Partial<Record<Algorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
  const namedCurve = curves[alg]
  if (namedCurve) return generateKeyPairSync('ec', { namedCurve })
  return alg.startsWith('Ed') ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength })
}

/** The JWK less some members, or with others in their place; `undefined` takes a member away. */
export function jwkWith(jwk: JWK, members: Readonly<Record<string, unknown>>): JWK {
  return JSON.parse(JSON.stringify({ ...jwk, ...members }))
}

/** One part of a token. Text and bytes stay as they are, anything else becomes JSON. */
export function part(value: unknown): string {
  const raw = typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value)
  return Buffer.from(raw).toString('base64url')
}

/** The raw signature over any text: with it a test can break one rule in a token whose signature holds. */
export function signatureOf(input: string, by: Signer): Buffer {
  const { alg, privateKey: key } = by
  const hash = alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363', ...(alg.startsWith('PS') && pss) })
}

/** A token over two parts as they are, well signed. */
export function signed(header: string, payload: string, by: Signer): string {
  const input = `${header}.${payload}`
  return `${input}.${signatureOf(input, by).toString('base64url')}`
}

/** The claims of a good token. */
export const CLAIMS: Readonly<Record<string, unknown>> = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-1',
  iat: NOW,
  exp: NOW + 300,
}

/** A good token, but for the members given. `undefined` takes a member away. */
export function jwt(
  by: Signer,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  return signed(part({ alg: by.alg, kid: by.kid, ...header }), part({ ...CLAIMS, ...claims }), by)
}

/** A provider that trusts these keys, with the options of a test. */
export function provider(
  keys: readonly (JWK | Signer)[],
  options: Partial<ProviderOptions<string, never, unknown>> = {},
): Provider {
  return defineProvider({
    name: 'acme',
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: options.keys ?? staticJwks({ keys: keys.map((key) => ('jwk' in key ? (key as Signer).jwk : (key as JWK))) }),
    ...options,
  }) as unknown as Provider
}

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves both clocks on. */
  advance(ms: number): void
  /** Sets the wall clock alone forward or back, as an operator does. */
  jump(ms: number): void
}

/** A clock that starts at {@link NOW}. */
export function manualClock(startSec: number = NOW): ManualClock {
  let wall = startSec * 1000
  let mono = 5000
  return {
    now: () => wall,
    monotonic: () => mono,
    advance(ms) {
      wall += ms
      mono += ms
    },
    jump(ms) {
      wall += ms
    },
  }
}

/** What became of a call: `'accepted'`, or the code of its error. An error that is none of ours is told in words. */
export async function verdict(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    return isKeysourceError(error) ? error.code : `not a KeysourceError: ${error}`
  }
}

/** The error of a call that must fail. */
export async function errorOf(work: () => unknown): Promise<KeysourceError> {
  try {
    await work()
  } catch (error) {
    if (isKeysourceError(error)) return error
    throw error
  }
  throw new Error('expected an error, but the call succeeded')
}

/** For what happens without anybody waiting for it: asks again until it is so, on a busy machine too. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 10_000, interval: 5 })
}

/** Collects events, and finds those of a type. */
export interface EventLog {
  readonly all: VerifierEvent[]
  readonly onEvent: (event: VerifierEvent) => void
  of<Type extends VerifierEvent['type']>(type: Type): readonly Extract<VerifierEvent, { readonly type: Type }>[]
}

/** A listener that remembers. */
export function eventLog(): EventLog {
  const all: VerifierEvent[] = []
  return {
    all,
    onEvent: (event) => {
      all.push(event)
    },
    of: <Type extends VerifierEvent['type']>(type: Type) =>
      all.filter((event): event is Extract<VerifierEvent, { readonly type: Type }> => event.type === type),
  }
}

/** How the server answers a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** What the server received. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** A server on 127.0.0.1 that ends with its test. */
export interface LoopbackServer {
  readonly origin: string
  /** Where its keys are. */
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** May be changed at any time. */
  answer: Answer
}

/** Starts a server. To be called within a test, which stops it. */
export async function loopbackServer(answer: Answer): Promise<LoopbackServer> {
  const requests: SeenRequest[] = []
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers })
    self.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const self: LoopbackServer = { origin, url: `${origin}/keys`, requests, answer }
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return self
}

/** Answers 200 with JSON. */
export function json(body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

/** Answers 200 with the public keys of these signers. */
export function jwks(signers: readonly Signer[], headers: Readonly<Record<string, string>> = {}): Answer {
  return json({ keys: signers.map(({ jwk }) => jwk) }, headers)
}

/** Answers with a status and no keys. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(code, headers).end()
  }
}

/** Never answers. */
export const hang: Answer = () => {}
