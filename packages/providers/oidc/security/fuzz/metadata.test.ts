import { createVerifier, type Verifier } from '@keysource/core'
import { expect } from 'vitest'
// The tools of core's own fuzz tests, fast-check among them, and keys for tests: neither is published.
import { campaign, fc } from '../../../../core/security/fuzz/campaign.ts'
import { answer, type FuzzedAnswer, membersOf, responseOf } from '../../../../core/security/fuzz/http-body.ts'
import { alteredObject } from '../../../../core/security/fuzz/json-value.ts'
import { outcome } from '../../../../core/security/fuzz/judgement.ts'
import { AUDIENCE, ISSUER, jwt, manualClock, signer } from '../../../../core/test/loopback-issuer.ts'
import { oidc } from '../../src/index.ts'

// Token, discovery, keys, one repeat.
const MAX_REQUESTS_A_LOAD = 4

const rightful = signer()
const outsider = signer()
const token = jwt(rightful)
const forged = jwt(outsider)

const URLS = [
  `${ISSUER}/keys`,
  'https://keys.example/keys',
  'http://id.example/keys',
  'http://127.0.0.1:1/keys',
  'http://localhost.evil.example/keys',
  'http://[::1]/keys',
  'file:///etc/passwd',
  'data:application/json,{"keys":[]}',
  '//keys.example/keys',
  '/keys',
  'https://',
  'https://user:secret@keys.example/keys',
  'https://keys.example\\@evil.example/keys',
  'javascript:alert(1)',
]
const document = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys`, authorization_endpoint: `${ISSUER}/authorize` }

const meant = fc
  .record({
    jwks_uri: fc.oneof({ weight: 3, arbitrary: fc.constant(document.jwks_uri) }, fc.constantFrom(...URLS), fc.webUrl()),
    issuer: fc.oneof(
      { weight: 8, arbitrary: fc.constant(ISSUER) },
      fc.constantFrom(`${ISSUER}/`, ISSUER.toUpperCase()),
    ),
  })
  .chain((members) => {
    const good = membersOf({ ...document, ...members })
    const altered = alteredObject(good, ['issuer', 'jwks_uri', '__proto__', 'keys', 'constructor'])
    return fc.oneof({ weight: 3, arbitrary: altered }, fc.constant(JSON.stringify({ ...document, ...members })))
  })

const input = fc.record({
  metadata: fc.constantFrom('auto' as const, 'openid' as const, 'oauth' as const),
  answers: fc.array(answer(meant), { minLength: 1, maxLength: 3 }),
})

campaign('metadata documents', input, async ({ metadata, answers }) => {
  const clock = manualClock()
  const site = siteOf(answers)
  const providers = [oidc({ issuer: ISSUER, audience: AUDIENCE, metadata })]
  const verifier = createVerifier({ fetch: site.fetch, clock, providers })
  await outcome(() => verifier.ready())
  expect(site.asked.length).toBeLessThanOrEqual(MAX_REQUESTS_A_LOAD)
  await expectHonest(verifier, site)
  clock.advance(4_000_000) // past the lifetime of the keys and of the document
  await expectHonest(verifier, site)
  verifier.close()
})

/** A provider whose metadata answers vary, and a place of keys at every URL that is asked for. */
interface Site {
  readonly fetch: typeof globalThis.fetch
  readonly asked: string[]
  /** Whether some document said, in the very words, that it is the issuer's. */
  spokeForIssuer: boolean
}

function siteOf(answers: readonly FuzzedAnswer[]): Site {
  let served = 0
  const site: Site = {
    asked: [],
    spokeForIssuer: false,
    fetch: async (url) => {
      site.asked.push(String(url))
      if (!String(url).includes('/.well-known/')) return Response.json({ keys: [rightful.jwk] })
      const next = answers[Math.min(served++, answers.length - 1)] as FuzzedAnswer
      site.spokeForIssuer ||= namesIssuer(next)
      return responseOf(next)
    },
  }
  return site
}

function namesIssuer({ body, status }: FuzzedAnswer): boolean {
  try {
    const { issuer } = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body))
    return status === 200 && issuer === ISSUER
  } catch {
    return false
  }
}

async function expectHonest(verifier: Verifier, site: Site): Promise<void> {
  const verdict = await outcome(() => verifier.verify(token), token)
  if (verdict === 'accepted') expect(site.spokeForIssuer).toBe(true)
  expect(await outcome(() => verifier.verify(forged), forged)).not.toBe('accepted')
  await verifier.explain(token)
  for (const url of site.asked.map((text) => new URL(text))) {
    const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) || url.hostname.endsWith('.localhost')
    expect(url.protocol === 'https:' || (url.protocol === 'http:' && local), `asked for ${url.href}`).toBe(true)
  }
}
