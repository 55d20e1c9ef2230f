import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkStructure } from './check-structure.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'structure-'))
  write('package.json', { packageManager: 'pnpm@10.0.0', devDependencies: { pnpm: '10.0.0' } })
  writePackage('packages/core', { dependencies: { jose: 'catalog:' } })
  write('packages/core/src/index.ts', `export type { Key } from './key.ts'\nexport { sign } from './sign.ts'\n`)
  write('packages/core/src/key.ts', 'export interface Key {}\n')
  write('packages/core/src/sign.ts', `import { SignJWT } from 'jose'\n// as acme does\nexport const sign = SignJWT\n`)
  writePackage('packages/providers/acme', { dependencies: { '@keysource/core': 'workspace:^' } })
  write('packages/providers/acme/src/index.ts', ADAPTER)
  write('packages/providers/acme/src/index.test.ts', `import '@keysource/testing'\nimport './index.ts'\n`)
})

afterEach(() => rmSync(root, { recursive: true }))

const ADAPTER = `import { defineProvider } from '@keysource/core'
export interface AcmeOptions {}
export interface AcmeClaims {}
export function acme(options: AcmeOptions) { return defineProvider(options) }
acme.fromEnv = () => acme({})
function hint() {}
`

const MANIFEST = {
  version: '1.0.0',
  description: 'x',
  keywords: ['x'],
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  engines: { node: '>=20.19' },
  files: ['dist', 'src', '!src/**/*.test.ts'],
  exports: {
    '.': {
      '@keysource/source': './src/index.ts',
      import: { types: './dist/index.d.ts', default: './dist/index.js' },
      require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
    },
    './package.json': './package.json',
  },
  scripts: { build: 'tsup', typecheck: 'tsc', 'lint:package': 'publint' },
  publishConfig: { access: 'public', provenance: true },
}

function write(file: string, content: unknown): void {
  const path = join(root, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
}

function writePackage(directory: string, changes: object): void {
  const name = `@keysource/${directory.split('/').at(-1)}`
  write(`${directory}/package.json`, { ...MANIFEST, name, repository: { directory }, ...changes })
  for (const file of ['README.md', 'tsconfig.json', 'tsup.config.ts']) write(`${directory}/${file}`, '')
}

describe('a workspace as agreed', () => {
  it('has no finding', () => {
    expect(checkStructure(root)).toEqual([])
  })

  it('may hold private packages of any shape', () => {
    write('packages/lab/package.json', { name: 'lab', private: true })
    expect(checkStructure(root)).toEqual([])
  })
})

describe('package.json', () => {
  const acme = { dependencies: { '@keysource/core': 'workspace:^' } }
  const { '.': main } = MANIFEST.exports

  it.each([
    [{ name: 'acme' }, 'name is "acme"; expected "@keysource/acme"'],
    [{ type: undefined }, 'type is missing; expected "module"'],
    [{ license: 'ISC' }, 'license is "ISC"; expected "MIT"'],
    [{ sideEffects: true }, 'sideEffects is true; expected false'],
    [{ engines: { node: '>=18' } }, 'engines is {"node":">=18"}; expected {"node":">=20.19"}'],
    [{ files: ['dist'] }, 'files is ["dist"]; expected ["dist","src","!src/**/*.test.ts"]'],
    [{ publishConfig: undefined }, 'publishConfig is missing; expected {"access":"public","provenance":true}'],
    [
      { repository: { directory: 'packages/core' } },
      'repository.directory is "packages/core"; expected "packages/providers/acme"',
    ],
    [{ keywords: [] }, 'keywords is missing; expected what one would search for'],
    [{ scripts: { build: 'tsup', typecheck: 'tsc' } }, 'no script lint:package; expected one, which turbo runs'],
    [{ exports: {} }, 'exports has no "."; expected a main entry'],
    [
      { exports: { '.': { import: main.import, require: main.require } } },
      'exports["."] has ["import","require"]; expected @keysource/source, import, require in this order',
    ],
    [
      { exports: { '.': { ...main, import: { default: 'x', types: 'y' } } } },
      'exports["."].import has ["default","types"]; expected types, default in this order',
    ],
    [
      { dependencies: { lodash: 'catalog:' } },
      'depends on lodash; expected nothing but @keysource/core and @keysource/oidc',
    ],
    [
      { dependencies: { '@keysource/core': '^1.0.0' } },
      'dependency @keysource/core is "^1.0.0"; expected "workspace:^"',
    ],
  ])('%j', (changes, finding) => {
    writePackage('packages/providers/acme', { ...acme, ...changes })
    expect(checkStructure(root)).toEqual([`packages/providers/acme/package.json: ${finding}`])
  })

  it('pins pnpm once', () => {
    write('package.json', { packageManager: 'pnpm@10.0.1', devDependencies: { pnpm: '10.0.0' } })
    expect(checkStructure(root)).toEqual([
      'package.json: devDependencies.pnpm is 10.0.0; expected the version of pnpm@10.0.1',
    ])
  })
})

describe('files', () => {
  it.each(['README.md', 'tsconfig.json', 'tsup.config.ts', 'src/index.test.ts', 'src/index.ts'])(
    '%s is there',
    (file) => {
      rmSync(join(root, 'packages/providers/acme', file))
      const finding = `packages/providers/acme/${file}: is missing; expected one in every package of its kind`
      expect(checkStructure(root)).toEqual([finding])
    },
  )

  it.each(['utils.ts', 'util.ts', 'helpers.ts', 'common.ts', 'types.ts'])('%s names no concept', (name) => {
    cpSync(join(root, 'packages/core/src/key.ts'), join(root, 'apps/example/src', name))
    expect(checkStructure(root)).toEqual([
      `apps/example/src/${name}: ${name} names no concept; expected a file named for the one thing in it`,
    ])
  })

  it('an entry leads to each', () => {
    write('packages/core/src/lost.ts', '')
    expect(checkStructure(root)).toEqual([
      'packages/core/src/lost.ts: is reached from no entry of its package; expected an import that leads to it, or a place outside src (it would be published)',
    ])
  })
})

describe('imports', () => {
  const ADAPTERS_ONLY = 'expected @keysource/core or @keysource/oidc'
  const CORE_ONLY = 'expected jose, node: and nothing of ours'

  it.each([
    ['packages/core/src/key.ts', `import 'left-pad'`, `imports left-pad; ${CORE_ONLY}`],
    ['packages/core/src/key.ts', `export * from '@keysource/redis'`, `imports @keysource/redis; ${CORE_ONLY}`],
    ['packages/core/src/key.ts', `await import('@keysource/oidc')`, `imports @keysource/oidc; ${CORE_ONLY}`],
    [
      'packages/core/src/key.test.ts',
      `import '@keysource/testing'`,
      'imports @keysource/testing; expected nothing of ours: core depends on no other package',
    ],
    ['packages/providers/acme/src/index.ts', `${ADAPTER}import 'jose'`, `imports jose; ${ADAPTERS_ONLY}`],
    [
      'packages/providers/acme/src/index.ts',
      `${ADAPTER}import '@keysource/okta'`,
      `imports @keysource/okta; ${ADAPTERS_ONLY}`,
    ],
    [
      'packages/providers/acme/src/index.test.ts',
      `import '../../../core/src/key.ts'`,
      'imports ../../../core/src/key.ts; expected files of its own package, or another package by its name',
    ],
    [
      'packages/core/src/sign.ts',
      `import { sign } from 'node:crypto'\nexport { sign }`,
      'imports node:crypto and is reached from index.ts; expected node: only in what node.ts or signature/node.ts alone reach',
    ],
  ])('%s: %s', (file, content, finding) => {
    write(file, content)
    expect(checkStructure(root)).toEqual([`${file}: ${finding}`])
  })

  it('of node: are fine behind an entry of its own, and as types', () => {
    const exports = {
      ...MANIFEST.exports,
      './node': { ...MANIFEST.exports['.'], '@keysource/source': './src/node.ts' },
    }
    writePackage('packages/core', { exports, dependencies: { jose: 'catalog:' } })
    write('packages/core/src/node.ts', `export { sign } from 'node:crypto'\n`)
    write('packages/core/src/sign.ts', `import type { KeyObject } from 'node:crypto'\nexport type Key = KeyObject\n`)
    expect(checkStructure(root)).toEqual([])
  })

  it('of testing are core and jose', () => {
    writePackage('packages/testing', { dependencies: { '@keysource/core': 'workspace:^', jose: 'catalog:' } })
    write('packages/testing/src/index.ts', `import 'jose'\nimport '@keysource/core'\nimport 'vitest'\n`)
    expect(checkStructure(root)).toEqual([
      'packages/testing/src/index.ts: imports vitest; expected @keysource/core, jose or node:',
    ])
  })
})

describe('core names no provider', () => {
  const finding = (line: number): string =>
    `packages/core/src/key.ts:${line}: names the provider acme; expected no provider in core: an option, or the adapter`

  it.each([
    ['in a name', 'export const acmeKeys = 1'],
    ['in a text', `export const issuer = 'https://acme.example'`],
    ['in a template', 'export const issuer = `https://acme.example`'],
    ['in a pattern', 'export const issuer = /\\bacme\\b/'],
  ])('%s', (_, content) => {
    write('packages/core/src/key.ts', `\n${content}\n`)
    expect(checkStructure(root)).toEqual([finding(2)])
  })

  it('may name one in a comment and in a test, and use words that hold its letters', () => {
    write('packages/core/src/key.ts', '/** Such as acme. */\nexport const acmes = 1\n')
    write('packages/core/src/key.test.ts', `const provider = 'acme'\n`)
    expect(checkStructure(root)).toEqual([])
  })
})

describe('adapters read alike', () => {
  const lines = ADAPTER.trim().split('\n')
  const index = 'packages/providers/acme/src/index.ts'

  it.each([
    ['options', 1, 'an exported interface …Options'],
    ['claims', 2, 'an exported interface …Claims'],
    ['factory', 3, 'an exported acme(options)'],
    ['fromEnv', 4, 'fromEnv'],
    ['hints', 5, 'a function hint'],
  ])('with %s', (part, line, wanted) => {
    write(index, lines.filter((_, at) => at !== line).join('\n'))
    expect(checkStructure(root)).toEqual([`${index}: has no ${part}; expected ${wanted} at the top level`])
  })

  it('in one order', () => {
    write(index, [lines[0], lines[2], lines[1], ...lines.slice(3)].join('\n'))
    expect(checkStructure(root)).toEqual([
      `${index}: has claims, options, factory, fromEnv, hints; expected options, claims, factory, fromEnv, hints in this order`,
    ])
  })
})
