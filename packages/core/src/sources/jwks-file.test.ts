import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  errorOf,
  eventLog,
  eventually,
  jwt,
  manualClock,
  NOW,
  provider,
  type Signer,
  signer,
  verdict,
} from '../../test/loopback-issuer.ts'
import { createVerifier } from '../index.ts'
import { jwksFile } from '../node.ts'

const key = signer()
const LONG = NOW + 1_000_000

/** A file in a folder of its own, which goes with the test. */
function file(): { readonly path: string; write(text: string): void } {
  const folder = mkdtempSync(join(tmpdir(), 'keysource-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'jwks.json')
  let version = 0
  return {
    path,
    write(text) {
      writeFileSync(path, text)
      version += 1
      utimesSync(path, NOW + version, NOW + version) // a file system may count in whole seconds
    },
  }
}

const setOf = (...signers: readonly Signer[]): string => JSON.stringify({ keys: signers.map(({ jwk }) => jwk) })
function over(path: string) {
  const clock = manualClock()
  const events = eventLog()
  const providers = [provider([], { keys: jwksFile(path) })]
  return { verifier: createVerifier({ providers, clock, onEvent: events.onEvent }), clock, events }
}

describe('jwksFile', () => {
  test('reads the keys of a file', async () => {
    const { path, write } = file()
    write(setOf(key))
    const { verifier } = over(path)
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
    expect(verifier.status()).toMatchObject([{ sources: [{ source: `file:${path}` }], requests: 0 }])
  })

  test('reads it again when it has changed', async () => {
    const { path, write } = file()
    const next = signer('ES256', 'k2')
    write(setOf(key))
    const { verifier, clock } = over(path)
    await verifier.verify(jwt(key))
    write(setOf(next))
    expect(await verdict(() => verifier.verify(jwt(next)))).toBe('accepted')
    expect(await verdict(() => verifier.verify(jwt(key)))).toBe('KEY_NOT_FOUND')
    write(setOf(key, next))
    clock.advance(40_000)
    await verifier.verify(jwt(next))
    await eventually(() => verdict(() => verifier.verify(jwt(key)))).toBe('accepted')
  })

  test('does not read it again while it is the same', async () => {
    const { path, write } = file()
    write(setOf(key))
    const { verifier, clock, events } = over(path)
    await verifier.verify(jwt(key, { exp: LONG }))
    clock.advance(40_000)
    await verifier.verify(jwt(key, { exp: LONG }))
    await eventually(() => events.of('refreshed').map(({ notModified }) => notModified)).toEqual([false, true])
    expect(await verdict(() => verifier.verify(jwt(key, { exp: LONG })))).toBe('accepted')
  })

  for (const [name, text] of [
    ['is missing', undefined],
    ['is no JSON', '{"keys":'],
    ['is no JWK Set', '[]'],
    ['is empty', ''],
    ['has no keys', '{"keys":[]}'],
  ] as const) {
    test(`that ${name} is KEYS_UNAVAILABLE, and takes nothing away`, async () => {
      const { path, write } = file()
      if (text !== undefined) write(text)
      const error = await errorOf(() => over(path).verifier.verify(jwt(key)))
      expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503 })
      expect(error.message).toContain(path)

      write(setOf(key))
      const { verifier, clock, events } = over(path)
      await verifier.verify(jwt(key, { exp: LONG }))
      if (text === undefined) rmSync(path)
      else write(text)
      clock.advance(40_000)
      expect(await verdict(() => verifier.verify(jwt(key, { exp: LONG })))).toBe('accepted')
      await eventually(() => events.of('refresh-failed').length).toBe(1)
      expect(await verdict(() => verifier.verify(jwt(key, { exp: LONG })))).toBe('accepted')
    })
  }

  test('says nothing of what a file holds that is no JSON', async () => {
    const { path, write } = file()
    write('password=hunter2')
    const error = await errorOf(() => over(path).verifier.verify(jwt(key)))
    expect(error.message).not.toContain('hunter2')
  })

  test('wants a path', async () => {
    for (const path of [undefined, null, '', 5, {}]) {
      expect(await verdict(() => jwksFile(path as string))).toBe('CONFIG_INVALID')
    }
  })
})
