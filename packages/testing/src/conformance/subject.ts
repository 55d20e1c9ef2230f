import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import {
  type CacheOptions,
  createVerifier,
  isKeysourceError,
  type KeysourceError,
  type Provider,
  type VerifiedToken,
  type Verifier,
  type VerifierEvent,
} from '@keysource/core'
import { withKeyPairs } from '../key-pairs.ts'
import type { Claims, StandIn } from '../stand-in.ts'
import type { ForgeOptions, TokenOptions } from '../token.ts'
import type { RunningSuite } from './suite.ts'

/** What one test works on: a fresh stand-in, the provider, a verifier over it, and all that they said. */
export interface Subject<S extends StandIn> {
  readonly standIn: S
  readonly provider: Provider
  readonly verifier: Verifier
  readonly events: readonly VerifierEvent[]
  /** A token of the kind that the suite is about. */
  issue(claims?: Claims, options?: Omit<TokenOptions, 'kind'>): Promise<string>
  forge(claims?: Claims, options?: Omit<ForgeOptions, 'kind'>): Promise<string>
  accept(jwt: string): Promise<VerifiedToken>
  /** Verifies a token that must be refused, and returns the error. */
  refuse(jwt: string): Promise<KeysourceError>
  /** What the server received: `'GET https://…'`. */
  asked(): readonly string[]
}

/** Runs a test on a fresh subject, and then looks whether anything that was said holds a token or a secret. */
export async function withSubject<S extends StandIn>(
  { suite, pairs }: RunningSuite<S>,
  work: (subject: Subject<S>) => Promise<void>,
  cache: CacheOptions = {},
): Promise<void> {
  const standIn = await withKeyPairs(pairs, suite.standIn)
  try {
    const provider = suite.provider(standIn)
    const events: VerifierEvent[] = []
    const onEvent = (event: VerifierEvent): void => void events.push(event)
    const verifier = createVerifier({ providers: [provider], fetch: standIn.fetch, cache, onEvent })
    const tokens: string[] = []
    const errors: KeysourceError[] = []
    try {
      await work({ standIn, provider, verifier, events, ...actions(suite.kind, standIn, verifier, tokens, errors) })
    } finally {
      verifier.close()
    }
    assertNothingLeaked([...events, ...errors], [...tokens.flatMap(tellingParts), ...standIn.secrets])
  } finally {
    await standIn.close()
  }
}

type Actions<S extends StandIn> = Pick<Subject<S>, 'issue' | 'forge' | 'accept' | 'refuse' | 'asked'>

function actions<S extends StandIn>(
  kind: string | undefined,
  standIn: S,
  verifier: Verifier,
  tokens: string[],
  errors: KeysourceError[],
): Actions<S> {
  return {
    issue: (claims, options) => standIn.issueToken(claims, { ...options, kind }),
    forge: (claims, options) => standIn.forgeToken(claims, { ...options, kind }),
    async accept(jwt) {
      tokens.push(jwt)
      return verifier.verify(jwt)
    },
    async refuse(jwt) {
      tokens.push(jwt)
      const error = await errorOf(verifier.verify(jwt))
      errors.push(error)
      return error
    },
    asked: () => standIn.requests.map(({ method, url }) => `${method} ${url}`),
  }
}

async function errorOf(work: Promise<unknown>): Promise<KeysourceError> {
  const outcome: unknown = await work.then(
    () => assert.fail('the token was accepted'),
    (error: unknown) => error,
  )
  assert.ok(isKeysourceError(outcome), `expected a KeysourceError, got ${inspect(outcome)}`)
  return outcome
}

// Shorter texts than this turn up by chance, and say nothing.
const LEAST_TELLING = 16

/** The parts of a token that are nobody else's business. The header is public. */
function tellingParts(jwt: string): readonly string[] {
  const [, payload = '', signature = ''] = jwt.split('.')
  return [payload, signature].filter((part) => part.length >= LEAST_TELLING)
}

function assertNothingLeaked(said: readonly unknown[], secrets: readonly string[]): void {
  for (const thing of said) {
    const text = `${inspect(thing, { depth: 10, maxStringLength: null })}\n${JSON.stringify(thing)}`
    const leaked = secrets.some((secret) => text.includes(secret))
    // The text itself stays out of the message: it would leak what it complains of.
    assert.ok(!leaked, `a token or a secret appears in ${nameOf(thing)}`)
  }
}

function nameOf(thing: unknown): string {
  const { type, code } = thing as { type?: string; code?: string }
  return type === undefined ? `the error ${code}` : `the event "${type}"`
}
