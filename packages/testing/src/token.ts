import { createHmac, type KeyObject } from 'node:crypto'
import {
  type Algorithm,
  ASYMMETRIC_ALGORITHMS,
  checkOptions,
  choice,
  numberWithin,
  type OptionRule,
  optional,
  text,
} from '@keysource/core'
import { type CompactJWSHeaderParameters, CompactSign } from 'jose'

/** How a token differs from the provider's usual one, besides its claims. */
export interface TokenOptions<Kind extends string = string> {
  /** Which of the provider's kinds of token. Default: the one that an API gets. */
  readonly kind?: Kind | undefined
  /** Header members, over the usual ones; one given as `undefined` is left out. */
  readonly header?: Readonly<Record<string, unknown>> | undefined
  /** Signs with this key of the stand-in, published or withdrawn. Default: the current one. */
  readonly kid?: string | undefined
  /** The algorithm, where the key fits several: `PS256` with an RSA key. Default: the key's own. */
  readonly alg?: Algorithm | undefined
  /** Seconds from now until it ends, below zero for one that has ended. Default: the provider's usual lifetime. */
  readonly expiresInSec?: number | undefined
}

/** How a forged token is signed. */
export interface ForgeOptions<Kind extends string = string> extends Omit<TokenOptions<Kind>, 'alg'> {
  /**
   * Default: the usual algorithm, with a key that was never published. `'none'`: no signature. `'HS256'`: the public
   * key as the secret, which passes where a verifier believes the header's `alg`.
   */
  readonly alg?: Algorithm | 'none' | 'HS256' | undefined
}

/**
 * Checks the options of one token. A misspelt one would otherwise make a good token where a bad one was meant.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkTokenOptions(owner: 'issueToken' | 'forgeToken', options: object, kinds: readonly string[]): void {
  const algorithms = owner === 'forgeToken' ? [...ASYMMETRIC_ALGORITHMS, 'none', 'HS256'] : ASYMMETRIC_ALGORITHMS
  checkOptions(owner, options, {
    kind: optional(choice(...kinds)),
    header: optional({ expected: 'an object', accepts: (value) => typeof value === 'object' && value !== null }),
    kid: optional(text()),
    alg: optional(choice(...algorithms)),
    expiresInSec: optional(numberWithin(-(2 ** 40), 2 ** 40, 'seconds')),
  } satisfies Record<keyof TokenOptions, OptionRule>)
}

/** What a provider puts into a token, before anything is changed. */
export interface UsualToken {
  /** The key slot that signs it. */
  readonly slot: string
  readonly header: Readonly<Record<string, unknown>>
  /** Without `iat` and `exp`. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly lifetimeSec: number
}

/** Now, in seconds. */
export function nowSec(): number {
  return Math.floor(Date.now() / 1000)
}

/** When a token was issued that ends in so many seconds: now, or for one that has ended, its lifetime before its end. */
export function issuedAt(lifetimeSec: number, expiresInSec: number = lifetimeSec): number {
  return expiresInSec > 0 ? nowSec() : nowSec() + expiresInSec - lifetimeSec
}

/** Signs a compact JWS, RFC 7515 section 7.1. */
export async function signToken(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  key: KeyObject,
): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims))
  // jose refuses to sign a critical extension that it does not know, and refused tokens are what this is for.
  const crit = Array.isArray(header.crit) ? Object.fromEntries(header.crit.map((name) => [name, true])) : {}
  return new CompactSign(payload).setProtectedHeader(header as CompactJWSHeaderParameters).sign(key, { crit })
}

/** A token without a signature: `alg` is `none`. */
export function unsignedToken(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): string {
  return `${signingInput({ ...header, alg: 'none' }, claims)}.`
}

/** A token whose HMAC has the public key, which everyone has, as its secret. */
export function hmacToken(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  publicKeyPem: string,
): string {
  const input = signingInput({ ...header, alg: 'HS256' }, claims)
  return `${input}.${createHmac('sha256', publicKeyPem).update(input).digest('base64url')}`
}

function signingInput(header: unknown, claims: unknown): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
}

/** The members that have a value. */
export function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
