import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Algorithm, ASYMMETRIC_ALGORITHMS, ConfigError, checkOptions, choice, optional } from '@keysource/core'
import { exchangeOf, handle, type RecordedRequest } from './exchange.ts'
import { checkFault, type Fault, type FaultOptions, faultSwitch } from './fault.ts'
import { type KeyRing, publicPem, type SigningKey } from './key-ring.ts'
import { hostsOf, knows, type Route } from './route.ts'
import { type FetchTarget, routeFetch } from './route-fetch.ts'
import {
  checkTokenOptions,
  defined,
  type ForgeOptions,
  hmacToken,
  issuedAt,
  nowSec,
  signToken,
  type TokenOptions,
  type UsualToken,
  unsignedToken,
} from './token.ts'

/** Which keys are rotated, and to what. */
export interface RotateOptions<Kind extends string = string> {
  /** Only the key that signs this kind of token. Default: every key that the provider rotates. */
  readonly kind?: Kind | undefined
  /** The algorithm of the new key. Default: that of the old one's slot. */
  readonly alg?: Algorithm | undefined
}

/** Claims of a token, over the provider's usual ones; one given as `undefined` is left out. */
export type Claims = Readonly<Record<string, unknown>>

/** A server on 127.0.0.1 that stands in for one provider: its paths, its headers, its tokens. */
export interface StandIn<Kind extends string = string> extends FetchTarget {
  /** Whom it stands in for: `'auth0'`. */
  readonly name: string
  /** The provider's real issuer, as tokens and production configuration have it. */
  readonly issuer: string
  /** The real hosts that it answers for. */
  readonly hosts: readonly string[]
  /** Where it listens: `http://127.0.0.1:40123`. */
  readonly url: string
  /** Sends the provider's real hosts to this server and refuses every other one. */
  readonly fetch: typeof globalThis.fetch
  /** What the server received, in order. */
  readonly requests: readonly RecordedRequest[]
  clearRequests(): void
  /** A token as the provider issues it. */
  issueToken(claims?: Claims, options?: TokenOptions<Kind>): Promise<string>
  /** The same token, signed by someone else: with a key that was never published, or in one of two classic ways. */
  forgeToken(claims?: Claims, options?: ForgeOptions<Kind>): Promise<string>
  /** Another key signs from now on; the one before stays published. Returns the new `kid`. */
  rotate(options?: RotateOptions<Kind>): Promise<string>
  /** This key is no longer published. Where it signs, it goes on signing: that is how a withdrawn key is met. */
  withdraw(kid: string): void
  /** The published keys. */
  readonly kids: readonly string[]
  /** From now on requests meet this fault, until {@link StandIn.recover}. */
  fail(fault: Fault, options?: FaultOptions): void
  recover(): void
  /** What must never appear in a message, an event or a log: client secrets, tokens of the provider's own API. */
  readonly secrets: readonly string[]
  /** Stops the server and ends its connections, also those that hang. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What makes a stand-in one provider's. */
export interface ProviderPlan<Kind extends string> {
  readonly issuer: string
  readonly keys: KeyRing
  /** The kinds of token that it issues, the default first. */
  readonly kinds: readonly [Kind, ...Kind[]]
  readonly routes: () => readonly Route[]
  /** The usual token of a kind, issued at a time in seconds. */
  readonly token: (kind: Kind, at: number) => UsualToken
  readonly secrets?: () => readonly string[]
}

/** Starts a server and makes it one provider's stand-in. */
export async function startStandIn<Kind extends string>(
  name: string,
  planFor: (url: string) => ProviderPlan<Kind>,
): Promise<StandIn<Kind>> {
  const listening = await listen()
  const { server, url } = listening
  try {
    return standIn(name, url, server, planFor(url))
  } catch (error) {
    await shut(server)
    throw error
  }
}

function standIn<Kind extends string>(
  name: string,
  url: string,
  server: Server,
  plan: ProviderPlan<Kind>,
): StandIn<Kind> {
  const faults = faultSwitch()
  const requests: RecordedRequest[] = []
  const closing = new AbortController()
  const closed = (): Promise<void> => {
    closing.abort()
    return shut(server)
  }
  server.on('request', (message, response) => {
    const exchange = exchangeOf(message, response, url, closing.signal)
    handle(exchange, plan.routes, faults, (request) => requests.push(request)).catch(() => response.destroy())
  })
  const target: FetchTarget = {
    name,
    url,
    get hosts() {
      return hostsOf(plan.routes(), url)
    },
    knows: (request) => knows(plan.routes(), url, request),
  }
  return {
    ...tokensOf(plan),
    name,
    url,
    issuer: plan.issuer,
    knows: target.knows,
    fetch: routeFetch(target),
    get hosts() {
      return target.hosts
    },
    get requests() {
      return [...requests]
    },
    clearRequests: () => void requests.splice(0),
    get kids() {
      return plan.keys.published().map(({ kid }) => kid)
    },
    get secrets() {
      return plan.secrets?.() ?? []
    },
    fail(fault, options = {}) {
      checkFault(fault, options)
      faults.fail(fault, options)
    },
    recover: faults.recover,
    close: closed,
    [Symbol.asyncDispose]: closed,
  }
}

/** A stand-in with members of its own: what its adapter's options need. */
export function withMembers<Base extends object, Members extends object>(base: Base, members: Members): Base & Members {
  // Descriptors, since some members are read anew each time.
  const all = { ...Object.getOwnPropertyDescriptors(base), ...Object.getOwnPropertyDescriptors(members) }
  return Object.freeze(Object.defineProperties({}, all)) as Base & Members
}

type TokenMembers<Kind extends string> = Pick<StandIn<Kind>, 'issueToken' | 'forgeToken' | 'rotate' | 'withdraw'>

function tokensOf<Kind extends string>(plan: ProviderPlan<Kind>): TokenMembers<Kind> {
  const { keys, kinds } = plan
  const prepare = (
    claims: Claims,
    { kind = kinds[0], kid, header, alg, expiresInSec }: ForgeOptions<Kind>,
  ): Prepared => {
    const { lifetimeSec } = plan.token(kind, 0)
    const at = issuedAt(lifetimeSec, expiresInSec)
    const exp = expiresInSec === undefined ? at + lifetimeSec : nowSec() + expiresInSec
    const usual = plan.token(kind, at)
    const key = kid === undefined ? keys.current(usual.slot) : keys.find(kid)
    if (!key) throw new ConfigError('CONFIG_INVALID', `the stand-in never had a key ${JSON.stringify(kid)}`)
    return {
      key,
      header: defined({ alg: alg ?? key.alg, kid: key.kid, ...usual.header, ...header }),
      claims: defined({ ...usual.claims, iat: at, exp, ...claims }),
    }
  }
  return {
    async issueToken(claims = {}, options = {}) {
      checkTokenOptions('issueToken', options, kinds)
      const prepared = prepare(claims, options)
      return signToken(prepared.header, prepared.claims, (await prepared.key.pair()).privateKey)
    },
    async forgeToken(claims = {}, options = {}) {
      checkTokenOptions('forgeToken', options, kinds)
      const { key, header, claims: forged } = prepare(claims, options)
      if (options.alg === 'none') return unsignedToken(header, forged)
      if (options.alg === 'HS256') return hmacToken(header, forged, await publicPem(key))
      return signToken(header, forged, (await keys.forgingPair(options.alg ?? key.alg)).privateKey)
    },
    async rotate(options = {}) {
      checkOptions('rotate', options, {
        kind: optional(choice(...kinds)),
        alg: optional(choice(...ASYMMETRIC_ALGORITHMS)),
      })
      const { kind, alg } = options
      const { slot } = plan.token(kind ?? kinds[0], 0)
      keys.rotate(kind && slot, alg)
      return keys.current(slot).kid
    },
    withdraw: keys.withdraw,
  }
}

interface Prepared {
  readonly key: SigningKey
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
}

async function listen(): Promise<{ server: Server; url: string }> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Ends the server and its connections. A second call changes nothing. */
function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
