import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkStructure } from './check-structure.mjs'
import { nameProblem, writeAdapter } from './new-adapter.mjs'

const run = promisify(execFile)
const workspace = fileURLToPath(new URL('..', import.meta.url))

/** A workspace that holds the generated adapters and nothing else; what they import is linked to this one. */
let root: string

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'new-adapter-'))
  for (const file of ['package.json', 'tsconfig.base.json', 'biome.json', 'vitest.config.ts', 'tooling']) {
    cpSync(join(workspace, file), join(root, file), { recursive: true })
  }
  link(join(workspace, 'node_modules'), 'node_modules')
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

function link(target: string, at: string): void {
  const path = join(root, at)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'junction')
}

function generate(name: string): string {
  writeAdapter(root, name)
  const folder = join('packages/providers', name)
  for (const dependency of ['core', 'testing']) {
    link(join(workspace, 'packages', dependency), join(folder, 'node_modules/@keysource', dependency))
  }
  return folder
}

/** Runs a program of the workspace in the small one. What it printed is the error when it fails. */
async function passes(program: string, ...args: readonly string[]): Promise<void> {
  const options = { cwd: root, maxBuffer: 1 << 24, env: { ...process.env, NO_COLOR: '1' } }
  try {
    await run(process.execPath, [join(workspace, 'node_modules', program), ...args], options)
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    expect.fail(`${program} ${args.join(' ')}: expected exit code 0\n${stdout}\n${stderr}`)
  }
}

describe.each([
  ['globex', { factory: 'globex', title: 'Globex', variable: 'GLOBEX_' }],
  ['initech-login', { factory: 'initechLogin', title: 'Initech Login', variable: 'INITECH_LOGIN_' }],
])('the adapter of %s, as generated', (name, forms) => {
  let folder: string
  beforeAll(() => {
    folder = generate(name)
  })

  it('has the name in each of its forms, and nothing of the template', () => {
    const index = readFileSync(join(root, folder, 'src/index.ts'), 'utf8')
    expect(index).toContain(`export const ${forms.factory}:`)
    expect(index).toContain(forms.variable)
    expect(readFileSync(join(root, folder, 'README.md'), 'utf8')).toContain(forms.title)
    expect(index).not.toMatch(/acme/i)
  })

  it('has the shape of every adapter', () => {
    expect(checkStructure(root).filter((finding) => finding.includes(`/${name}/`))).toEqual([])
  })

  it('is formatted and linted', () => passes('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', folder))

  it('has its types right', () => passes('typescript/bin/tsc', '-p', folder))

  it('passes its tests, the conformance suite among them', () => passes('vitest/vitest.mjs', 'run', folder))

  it('comes with the changeset that makes it 1.0.0', () => {
    const changeset = readFileSync(join(root, '.changeset', `add-${name}.md`), 'utf8')
    expect(changeset).toContain(`'@keysource/${name}': major`)
    expect(changeset).toContain(forms.title)
  })
})

describe('a name', () => {
  it.each(['acme', 'acme-id', 'auth9', 'a'])('%s is taken', (name) => {
    expect(nameProblem(root, name)).toBeUndefined()
  })

  it.each([
    [undefined, 'got none'],
    ['', 'got none'],
    ['Acme', 'lower-case letters'],
    ['acme--id', 'single hyphens'],
    ['-acme', 'single hyphens'],
    ['1acme', 'lower-case letters'],
    ['../acme', 'lower-case letters'],
    ['@keysource/acme', 'lower-case letters'],
    ['a'.repeat(41), 'at most 40 characters'],
    ['delete', "expected a name that can be a function's; delete is a word of JavaScript"],
  ])('%s is refused', (name, words) => {
    expect(nameProblem(root, name)).toContain(words)
  })

  it('that is in use is refused', () => {
    mkdirSync(join(root, 'packages/used'), { recursive: true })
    writeFileSync(join(root, 'packages/used/README.md'), '')
    expect(nameProblem(root, 'used')).toBe('expected a name that is free; packages/used exists')
  })
})
