import type { Provider, TokenErrorCode } from '@keysource/core'
import type { KeyPairs } from '../key-pairs.ts'
import type { StandIn } from '../stand-in.ts'

/** What a test runner has: `{ describe, it }` of vitest, jest or node:test. */
export interface TestRunner {
  describe(name: string, define: () => void): unknown
  it(name: string, test: () => Promise<void>): unknown
}

/** The kinds of token of a stand-in. */
export type KindOf<S extends StandIn> = S extends StandIn<infer Kind> ? Kind : string

/** Options of {@link describeProvider}. */
export interface ProviderSuite<S extends StandIn> {
  /** What registers the tests: `{ describe, it }` of vitest, jest or node:test. */
  readonly runner: TestRunner
  /** The provider's name, as its factory gives it when its user gives none. */
  readonly name: string
  /** Starts a fresh stand-in. Called for each test, which closes it. */
  readonly standIn: () => Promise<S>
  /** Makes the provider, configured exactly as in production. */
  readonly provider: (standIn: S) => Provider
  /** The kind of token that this configuration takes. Default: the stand-in's own default. */
  readonly kind?: KindOf<S> | undefined
  /** The requests of the first verification, exactly these and in order: `'GET https://…'`. The second makes none. */
  readonly requests: (standIn: S) => readonly string[]
  /** What the provider's `identify` must make of the usual token. */
  readonly identity: (standIn: S) => ExpectedIdentity
  /** The provider's own rules: a token that each refuses. */
  readonly refuses?: readonly Refusal<S>[] | undefined
  /** Options that its factory refuses. */
  readonly badOptions: readonly BadOptions[]
  /** The same provider under another name, where its factory takes `name`. */
  readonly renamed?: ((standIn: S, name: string) => Provider) | undefined
  readonly capabilities?: ProviderCapabilities | undefined
}

/** The members of an identity that are compared. */
export interface ExpectedIdentity {
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly scopes: readonly string[]
  readonly tenant: string | undefined
}

/** A token that is refused, and its twin that is accepted. */
export interface Refusal<S extends StandIn> {
  readonly title: string
  readonly code: TokenErrorCode
  readonly token: (standIn: S) => Promise<string>
  /** Differs from the refused token in one thing. Default: the usual token. */
  readonly accepted?: ((standIn: S) => Promise<string>) | undefined
  /** What the error's `hint` must match. */
  readonly hint?: RegExp | undefined
}

/** Options that are refused with `CONFIG_INVALID`. */
export interface BadOptions {
  readonly title: string
  readonly make: () => unknown
  /** What the message must match: it names the option. */
  readonly names: RegExp
}

/** What does not hold for every provider. */
export interface ProviderCapabilities {
  /** `false` where the key is configured: no request is ever made, and key rotation is not seen. Default: `true`. */
  readonly network?: boolean | undefined
  /** `false` where the provider's keys cannot change while a verifier runs. Default: what `network` says. */
  readonly rotation?: boolean | undefined
}

/** One test of the suite. */
export interface ConformanceTest {
  readonly title: string
  readonly run: () => Promise<void>
}

/** A suite with what its tests share. */
export interface RunningSuite<S extends StandIn> {
  readonly suite: ProviderSuite<S>
  readonly network: boolean
  readonly rotation: boolean
  /** The key pairs of all its stand-ins: making RSA pairs takes longer than the rest of a test. */
  readonly pairs: KeyPairs
}
