import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createVerifier, type Explanation, type Provider } from '../packages/core/src/index.ts'
import { routeFetch } from '../packages/testing/src/index.ts'
import {
  BROKEN_TOKENS,
  type BrokenToken,
  type ProviderName,
  type Servers,
  startServers,
  usual,
} from './broken-tokens.ts'

let servers: Servers
/** The key material that was served. */
const published = new Set<string>()

beforeAll(async () => {
  servers = await startServers()
})

afterAll(() => Promise.all(Object.values(servers ?? {}).map((server) => server.close())))

/** Leads to all servers, and notes the moduli of the keys that they serve. */
const recording: typeof fetch = async (input, init) => {
  const response = await routeFetch(...Object.values(servers))(input, init)
  for (const [, modulus] of (await response.clone().text()).matchAll(/"n":"([^"]+)"/g)) published.add(modulus as string)
  return response
}

function explain(providers: readonly Provider<string, never>[], jwt: string, { call }: BrokenToken) {
  const verifier = createVerifier({ providers: providers as readonly Provider[], fetch: recording })
  return verifier.explain(jwt, call)
}

function ownProvider({ provider, setUp = usual[provider] }: BrokenToken): Provider<string, never> {
  return setUp(servers)
}

/** The row's provider among the six others. */
function allProviders(row: BrokenToken): readonly Provider<string, never>[] {
  const names = Object.keys(usual) as ProviderName[]
  return names.map((name) => (name === row.provider ? ownProvider(row) : usual[name](servers)))
}

function firstFailed({ checks }: Explanation) {
  return checks.find(({ outcome }) => outcome === 'failed')
}

/** What is said, less what is another in each run. */
function words(explanation: Explanation): string {
  const { expected, found } = firstFailed(explanation) ?? {}
  const text = explanation.hint ?? `expected ${expected}, found ${found}`
  const kids = [explanation.header?.kid ?? [], Object.values(servers).map((server) => server.kids)].flat(2)
  return kids
    .reduce((all, kid) => all.replaceAll(kid, '{kid}'), text)
    .replace(/"\{kid\}"(?:, "\{kid\}")* or "\{kid\}"/, '"{kid}" or …')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '{time}')
}

const told = new Map<BrokenToken, Explanation>()

describe('explain names the true cause first', () => {
  test.each(BROKEN_TOKENS.map((row) => [`${row.provider}: ${row.broken}`, row] as const))('%s', async (_, row) => {
    const jwt = await row.token(servers)
    const alone = await explain([ownProvider(row)], jwt, row)
    const [name, code, subject] = row.check
    expect(firstFailed(alone)).toMatchObject({ name, code, subject })
    expect(words(alone)).toMatch(row.says)
    told.set(row, alone)

    // Composed with the six others, it says the same.
    const among = await explain(allProviders(row), jwt, row)
    expect(firstFailed(among)).toMatchObject({ name, code, subject })
    expect(words(among)).toMatch(row.says)

    for (const explanation of [alone, among]) expectSafe(explanation, jwt)
  })

  test('40 tokens and more, of each provider five at least', () => {
    expect(BROKEN_TOKENS.length).toBeGreaterThanOrEqual(42)
    for (const name of Object.keys(usual)) {
      expect(BROKEN_TOKENS.filter(({ provider }) => provider === name).length, name).toBeGreaterThanOrEqual(5)
    }
    expect(new Set(BROKEN_TOKENS.map(({ provider, broken }) => `${provider}: ${broken}`)).size).toBe(
      BROKEN_TOKENS.length,
    )
  })

  test.each(Object.keys(usual) as ProviderName[])('%s: the usual token has nothing that fails', async (name) => {
    const jwt = await servers[name].issueToken()
    const verifier = createVerifier({ providers: [usual[name](servers) as unknown as Provider], fetch: recording })
    expect(firstFailed(await verifier.explain(jwt))).toBeUndefined()
  })
})

/** It may be shown to the token's owner: neither key material, nor a secret, nor what would make it a token again. */
function expectSafe(explanation: Explanation, jwt: string): void {
  const text = JSON.stringify(explanation)
  const parts = jwt.split('.')
  const opaque = parts.length === 3 ? [parts[2] ?? ''] : parts
  for (const secret of [...opaque, ...published, ...Object.values(servers).flatMap((one) => one.secrets)]) {
    if (secret.length > 16) expect(text).not.toContain(secret)
  }
  expect(text).not.toMatch(/BEGIN|PRIVATE|"(?:n|e|x|y|d|p|q|k)":/)
}

test('docs/explain.md holds the table', async () => {
  expect(told.size, 'each of them explained above').toBe(BROKEN_TOKENS.length)
  await expect(page([...told])).toMatchFileSnapshot('../docs/explain.md')
})

function page(rows: readonly (readonly [BrokenToken, Explanation])[]): string {
  const cells = rows.map(([row, explanation]) => {
    const { name, code } = firstFailed(explanation) ?? {}
    return [row.provider, row.broken, `\`${name}\``, `\`${code}\``, words(explanation)].map(cell).join(' | ')
  })
  return `${INTRODUCTION}
| provider | token | first failed check | code | what it says |
|---|---|---|---|---|
${cells.map((line) => `| ${line} |`).join('\n')}
`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

const INTRODUCTION = `# Why a token is refused

\`verifier.explain(jwt)\` makes every check that \`verify\` makes, in the same order, and says what became of each: passed, failed or
not reached, with what was expected and what the token has. It never rejects, it verifies nothing that \`verify\` would refuse, and
the first check that failed is what \`verify\` rejects with. It makes the requests that \`verify\` would make, and no others.

\`\`\`ts
import { createVerifier } from '@keysource/core'
import { auth0 } from '@keysource/auth0'

const verifier = createVerifier({ providers: [auth0({ domain: 'acme.eu.auth0.com', audience: 'https://api.acme.example' })] })

export async function why(jwt: string): Promise<string> {
  const { valid, checks, hint, keys } = await verifier.explain(jwt, { scopes: 'read:reports' })
  if (valid) return 'it is taken'
  const first = checks.find(({ outcome }) => outcome === 'failed')
  for (const { source, kid, reason } of keys) console.log(source, kid, reason ?? 'fits') // why each key is not the one
  return \`\${first?.name}: expected \${first?.expected}, found \${first?.found}. \${hint ?? ''}\`
}
\`\`\`

The checks, in order: \`shape\`, \`algorithm\`, \`issuer\`, \`key\`, \`signature\`, \`time\`, \`audience\`, \`type\`, \`claims\`, the provider's own
(named for what they look at), \`schema\`, \`scopes\`. Once the signature holds, each check on the claims is made, also after one that failed.

An explanation holds the token's header and claims, which keys there are, and why each is not the one. It holds no key material, no
signature and no secret, so it may be shown to whoever the token belongs to. To anyone else it says too much.

## What it says of ${BROKEN_TOKENS.length} broken tokens

Each was made by a stand-in of its provider, with real keys, and explained by a verifier that composes that provider alone, and again by
one that composes all seven. \`npx vitest tooling/explain.test.ts\` makes this page; with \`-u\` it writes it.
`
