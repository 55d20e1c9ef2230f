import fc from 'fast-check'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createVerifier, defineProvider, type KeySource, type LoadContext, type LoadedKeys } from '../index.ts'

// How many random schedules are run. The nightly script asks for 10,000.
const SCHEDULES = Number(process.env.KEYSOURCE_SCHEDULES ?? 300)

const TTL_MS = 600_000
const COOLDOWN_MS = 5000
const BURST = 2
const TIMEOUT_MS = 5000
const STALE_WAIT_MS = 100
const STALE_IF_ERROR_MS = 86_400_000
const MAX_IDLE_STALE_MS = 3_600_000
const KEYS = 6

type Mode = 'well' | 'fails' | 'hangs' | 'slow' | 'empty' | 'asks for 30 s' | 'says 60 s'
type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'mode'; readonly mode: Mode }
  | { readonly do: 'rotate' }
  | { readonly do: 'withdraw'; readonly key: number }
  | { readonly do: 'token'; readonly key: number }
  | { readonly do: 'forged'; readonly times: number }
  | { readonly do: 'step wall clock'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('token' as const), key: fc.nat(KEYS - 1) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 50, 120, 900, 2000, 6000, 40_000, 480_000, 610_000, 4_300_000, 90_000_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mode' as const),
      mode: fc.constantFrom<Mode>('well', 'well', 'fails', 'hangs', 'slow', 'empty', 'asks for 30 s', 'says 60 s'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'rotate' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), key: fc.nat(KEYS - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forged' as const), times: fc.integer({ min: 1, max: 20 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('step wall clock' as const),
      ms: fc.constantFrom(-90_000_000, -700_000, -1000, 1000, 700_000, 90_000_000),
    }),
  },
)

const jwks: JWK[] = []
const tokens: string[] = []
let forged = ''

beforeAll(async () => {
  for (let index = 0; index < KEYS; index++) {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    jwks.push({ ...(await exportJWK(publicKey)), kid: `k${index}`, alg: 'ES256' })
    tokens.push(await signed(`k${index}`, privateKey))
    forged = await signed('forged', privateKey)
  }
})

function signed(kid: string, key: CryptoKey): Promise<string> {
  const jwt = new SignJWT().setProtectedHeader({ alg: 'ES256', kid }).setIssuer('https://id.example')
  return jwt.setAudience('api').setExpirationTime('9999 days').sign(key)
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** A provider's endpoint, a verifier in front of it, and what each is known to have done. */
function world() {
  const now = { wall: 0, start: performance.now() }
  const clock = { now: () => Date.now() + now.wall, monotonic: () => performance.now() }
  const endpoint = {
    mode: 'well' as Mode,
    published: [0] as readonly number[],
    active: 0,
    most: 0,
    loads: [] as { from: number; to: number; ok: boolean; givenUp: boolean }[],
  }
  const known = { kids: new Set<number>(), at: { mono: 0, wall: 0 }, lifetimeMs: TTL_MS, ever: false }
  const unknownLoads: number[] = []

  const source: KeySource = {
    id: 'endpoint',
    async load({ signal }: LoadContext): Promise<LoadedKeys> {
      endpoint.active += 1
      endpoint.most = Math.max(endpoint.most, endpoint.active)
      const load = { from: performance.now(), to: Number.POSITIVE_INFINITY, ok: false, givenUp: false }
      endpoint.loads.push(load)
      // As a request is over at the very moment in which its signal says so.
      let over = (): void => {
        load.to = performance.now()
        endpoint.active -= 1
        over = () => {}
      }
      signal.addEventListener('abort', () => {
        load.givenUp = String(signal.reason).includes('given up')
        over()
      })
      try {
        const keys = await answer(endpoint, signal)
        load.ok = keys.length > 0
        const brief = endpoint.mode === 'says 60 s'
        if (load.ok) {
          const at = { mono: performance.now(), wall: clock.now() }
          Object.assign(known, { kids: new Set(keys), at, lifetimeMs: brief ? 60_000 : TTL_MS, ever: true })
        }
        return { jwks: { keys: keys.flatMap((key) => jwks[key] ?? []) }, ...(brief && { maxAgeMs: 60_000 }) }
      } finally {
        over()
      }
    },
  }
  const provider = defineProvider({ name: 'p', issuer: 'https://id.example', audience: 'api', keys: source })
  const verifier = createVerifier({
    providers: [provider],
    clock,
    onEvent(event) {
      // An expired set is loaded anew as on a cold start, whatever the kid.
      if (event.type === 'unknown-kid' && event.refreshing && age() < STALE_IF_ERROR_MS)
        unknownLoads.push(performance.now())
    },
  })
  const age = (): number => Math.max(performance.now() - known.at.mono, clock.now() - known.at.wall, 0)
  return { clock, endpoint, known, verifier, now, age, unknownLoads }
}

/** The keys that the endpoint answers with, if it does. */
async function answer(
  endpoint: { readonly mode: Mode; published: readonly number[] },
  signal: AbortSignal,
): Promise<readonly number[]> {
  switch (endpoint.mode) {
    case 'well':
    case 'says 60 s':
      return endpoint.published
    case 'slow':
      await new Promise((resolve, reject) => {
        setTimeout(resolve, 1500)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
      return endpoint.published
    case 'empty':
      return []
    case 'hangs':
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    case 'fails':
      throw new Error('500')
    case 'asks for 30 s':
      throw Object.assign(new Error('429'), { retryAfterMs: 30_000 })
  }
}

type World = ReturnType<typeof world>

/** Settles a verification in virtual time, and tells how long it took. */
async function settle(jwt: string, { verifier }: World) {
  const from = performance.now()
  let outcome: { code: string; ms: number } | undefined
  const done = verifier.verify(jwt).then(
    () => (outcome = { code: 'accepted', ms: performance.now() - from }),
    (error) => (outcome = { code: error.code, ms: performance.now() - from }),
  )
  for (let round = 0; !outcome && round < 40; round++) {
    await vi.advanceTimersByTimeAsync(round === 0 ? 0 : round < 25 ? 10 : 1000)
  }
  expect(outcome, 'a verification that ends').toBeDefined()
  await done
  return outcome as unknown as { code: string; ms: number }
}

/** A token of a key that the provider has, or had. */
async function valid(key: number, w: World): Promise<void> {
  const before = { held: w.known.ever && w.known.kids.has(key), age: w.age() }
  const usable = before.held && before.age < STALE_IF_ERROR_MS
  const idle = before.age >= w.known.lifetimeMs && w.endpoint.active === 0 && w.endpoint.loads.at(-1)?.ok === true
  const quick = w.endpoint.mode === 'well' || w.endpoint.mode === 'says 60 s'
  const { code, ms } = await settle(tokens[key] ?? '', w)
  const still = w.known.kids.has(key)
  if (code === 'accepted') {
    // It may have been withdrawn by the refresh that this very token started and did not wait for.
    expect(still || before.held, 'a key that the last successful load lacks is refused').toBe(true)
    if (idle && quick) expect(still, 'a key that was withdrawn in an idle time is refused').toBe(true)
    expect(w.age(), 'no set older than staleIfErrorMs serves').toBeLessThan(STALE_IF_ERROR_MS + TIMEOUT_MS)
  } else {
    expect(['KEY_NOT_FOUND', 'KEYS_UNAVAILABLE']).toContain(code)
    if (code === 'KEY_NOT_FOUND') expect(w.endpoint.loads.at(-1)?.ok, 'blamed only after a good load').toBe(true)
    if (usable) expect(still, 'a held key serves on unless a good load withdrew it').toBe(false)
  }
  if (!usable || !still) return
  const deepIdle = before.age >= w.known.lifetimeMs + MAX_IDLE_STALE_MS
  expect(ms, 'how long a held key waits').toBeLessThanOrEqual(deepIdle ? TIMEOUT_MS + 10 : STALE_WAIT_MS)
}

async function play(steps: readonly Step[]): Promise<void> {
  const w = world()
  let signing = 0
  for (const one of steps) {
    if (one.do === 'wait') await vi.advanceTimersByTimeAsync(one.ms)
    else if (one.do === 'mode') w.endpoint.mode = one.mode
    else if (one.do === 'rotate') {
      signing = (signing + 1) % KEYS
      w.endpoint.published = [...new Set([...w.endpoint.published.slice(-2), signing])]
    } else if (one.do === 'withdraw') {
      const left = w.endpoint.published.filter((key) => key !== one.key)
      if (left.length > 0) w.endpoint.published = left
    } else if (one.do === 'token') await valid(one.key, w)
    else if (one.do === 'step wall clock') w.now.wall += one.ms
    else for (let n = 0; n < one.times; n++) expect((await settle(forged, w)).code).not.toBe('accepted')
  }
  bounds(w)
  await healed(w)
  w.verifier.close()
  await vi.advanceTimersByTimeAsync(0)
}

/** How many requests there may be: what the bucket gave out by then, and at most one a second where a load failed. */
function bounds({ endpoint, now, unknownLoads }: World): void {
  expect(endpoint.most, 'requests at a time').toBeLessThanOrEqual(1)
  for (const [index, at] of unknownLoads.entries()) {
    expect(index + 1, 'loads for unknown kids').toBeLessThanOrEqual(BURST + (at - now.start) / COOLDOWN_MS + 1e-6)
  }
  for (const [index, { from }] of endpoint.loads.entries()) {
    const before = endpoint.loads[index - 1]
    // One that a jump of the clock made look dead has not failed.
    if (before && !before.ok && !before.givenUp) expect(from - before.to, 'back-off').toBeGreaterThanOrEqual(1000)
  }
}

/** Once the endpoint is well again, its tokens are accepted, within the longest back-off. */
async function healed(w: World): Promise<void> {
  w.endpoint.mode = 'well'
  const key = w.endpoint.published.at(-1) ?? 0
  for (let second = 0; second < 14; second++) {
    if ((await settle(tokens[key] ?? '', w)).code === 'accepted') return
    await vi.advanceTimersByTimeAsync(5000)
  }
  expect.fail('a failure that never ends in a success')
}

describe('the key cache under random schedules', () => {
  test(`keeps its promises in ${SCHEDULES} of them`, { timeout: 3_600_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50 }), play), {
      numRuns: SCHEDULES,
      ...(process.env.KEYSOURCE_SEED ? { seed: Number(process.env.KEYSOURCE_SEED) } : {}),
    })
  })
})
