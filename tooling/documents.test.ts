import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The files below a folder that end so, less what is installed, built or hidden. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules' || entry.name === 'dist') return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesIn(path, ending)
    return entry.name.endsWith(ending) ? [path] : []
  })
}

describe('SECURITY.md', () => {
  const named = [...read('SECURITY.md').matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, file]) => file as string)

  test('names tests that exist', () => {
    const missing = named
      .filter((file) => file !== 'src/index.test.ts') // each adapter's own
      .filter((file) => !existsSync(join(root, 'packages/core', file)))
    expect(named.length).toBeGreaterThan(20)
    expect(missing).toEqual([])
  })

  test('names every test of packages/core/security', () => {
    const all = filesIn('packages/core/security', '.test.ts').map((file) => relative('packages/core', file))
    expect(all.filter((file) => !named.includes(file))).toEqual([])
  })

  test('says where to report: at the repository of the packages', () => {
    const { repository } = JSON.parse(read('packages/core/package.json')) as { repository: { url: string } }
    const home = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
    expect(read('SECURITY.md')).toContain(`${home}/security/advisories/new`)
  })
})

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...filesIn('docs', '.md'),
  ...filesIn('packages', 'README.md'),
  ...filesIn('bench', 'README.md'),
]

test.each(pages)('every link of %s leads to a file', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link]) => link as string)
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

describe('the workflows', () => {
  const workflows = filesIn('.github/workflows', '.yml')

  test.each(workflows)('%s uses actions by a major version, and sends no telemetry', (file) => {
    const uses = [...read(file).matchAll(/uses: (\S+)/g)].map(([, action]) => action as string)
    expect(uses.filter((action) => !/^(?:[\w-]+\/[\w-]+@v\d+|\.\/\S+)$/.test(action))).toEqual([])
    // .ci/run and each job that runs without it say so themselves.
    if (!file.endsWith('ci.yml')) expect(read(file)).toMatch(/DO_NOT_TRACK: 1\n\s+TURBO_TELEMETRY_DISABLED: 1/)
  })

  test('only a release may write, and it is signed', () => {
    expect(workflows.filter((file) => read(file).includes(': write')).map((file) => relative('.github', file))).toEqual(
      [join('workflows', 'release.yml')],
    )
    expect(read('.github/workflows/release.yml')).toMatch(/id-token: write[\s\S]*NPM_CONFIG_PROVENANCE: true/)
  })
})
