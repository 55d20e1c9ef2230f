// Makes packages/providers/NAME from tooling/adapter-template: an adapter that works, with one file to fill.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const LONGEST = 40

/**
 * What is wrong with a name for a new adapter, or nothing.
 *
 * @param {string} root - the workspace
 * @param {string | undefined} name
 * @returns {string | undefined}
 */
export function nameProblem(root, name) {
  const wanted = 'expected a name such as acme or acme-id: lower-case letters, digits, single hyphens'
  if (!name) return `${wanted}; got none`
  if (name.length > LONGEST || !NAME.test(name))
    return `${wanted}, at most ${LONGEST} characters; got ${JSON.stringify(name)}`
  if (ts.stringToToken(formsOf(name).camel) !== undefined) {
    return `expected a name that can be a function's; ${name} is a word of JavaScript`
  }
  const taken = ['packages', 'packages/providers', 'packages/frameworks'].find((group) =>
    existsSync(join(root, group, name)),
  )
  return taken && `expected a name that is free; ${taken}/${name} exists`
}

/**
 * Writes the files of a new adapter.
 *
 * @param {string} root - the workspace
 * @param {string} name - a name without a {@link nameProblem}
 * @returns {string[]} the files, from the root
 */
export function writeAdapter(root, name) {
  const template = fileURLToPath(new URL('../tooling/adapter-template', import.meta.url))
  const fill = filler(name)
  const write = (file, text) => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), fill(text))
    return file
  }
  const files = filesIn(template).map((file) =>
    write(join('packages/providers', name, file), readFileSync(join(template, file), 'utf8')),
  )
  format(root, join('packages/providers', name))
  return [...files, write(join('.changeset', `add-${name}.md`), FIRST_RELEASE)]
}

/** A longer or shorter name breaks other lines than the template's, and sorts elsewhere. */
function format(root, folder) {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const args = [biome, 'check', '--write', folder]
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) console.error(stderr)
}

/** From the template's 0.0.0 to 1.0.0, where every package of ours starts. */
const FIRST_RELEASE = `---
'@keysource/acme-id': major
---

The first release: verifies tokens of Acme Id.
`

/** The template is a working adapter of a provider called acme-id: its name, in each of its forms, is replaced. */
function filler(name) {
  const from = formsOf('acme-id')
  const to = formsOf(name)
  return (text) => Object.keys(from).reduce((filled, form) => filled.replaceAll(from[form], to[form]), text)
}

/** A name as a package, a function, a type, a variable of the environment, and in a sentence. */
function formsOf(name) {
  const words = name.split('-')
  const capitalized = words.map((word) => word[0].toUpperCase() + word.slice(1))
  return {
    kebab: name,
    camel: words[0] + capitalized.slice(1).join(''),
    pascal: capitalized.join(''),
    upper: words.join('_').toUpperCase(),
    title: capitalized.join(' '),
  }
}

function filesIn(folder, inside = '') {
  return readdirSync(join(folder, inside), { withFileTypes: true }).flatMap((entry) => {
    const path = join(inside, entry.name)
    return entry.isDirectory() ? filesIn(folder, path) : [path]
  })
}

function main(root, name) {
  const problem = nameProblem(root, name)
  if (problem) {
    console.error(`new:adapter NAME: ${problem}`)
    return 2
  }
  for (const file of writeAdapter(root, name)) console.log(`  ${file}`)
  // The lockfile has to learn of the package, also where CI=true freezes it.
  const pnpm = join(root, 'node_modules/pnpm/bin/pnpm.cjs')
  const { status } = spawnSync(process.execPath, [pnpm, 'install', '--no-frozen-lockfile'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) {
    console.error(
      'new:adapter: the files are written, but pnpm install failed; repair its cause and run npx pnpm install',
    )
    return status ?? 1
  }
  console.log(nextSteps(name))
  return 0
}

function nextSteps(name) {
  const folder = `packages/providers/${name}`
  return `
@keysource/${name} is made, and works for a provider that does not exist. Now:

  1. ${folder}/src/index.ts     fill it from top to bottom: options, claims, factory, fromEnv, hints
  2. ${folder}/src/index.test.ts     the provider's own facts, and describeProvider
     npx vitest ${folder}     runs them as you type
  3. ${folder}/README.md     install, ten lines of code, options
  4. .changeset/add-${name}.md     what users gain
  5. npm run lint && npm run typecheck
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = main(join(dirname(fileURLToPath(import.meta.url)), '..'), process.argv[2])
}
