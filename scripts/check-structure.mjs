// Holds the workspace to its shape: one kind of package.json, imports in one direction, adapters that read alike.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { adapterFindings } from './structure/adapter.mjs'
import { importFindings, portableFindings, providerNameFindings, unreachedFindings } from './structure/imports.mjs'
import { manifestFindings } from './structure/manifest.mjs'

const GROUPS = ['packages', 'packages/providers', 'packages/frameworks']
const NO_CONCEPT = /^(utils?|helpers?|common|types)\.[cm]?[jt]sx?$/

/**
 * Everything about a workspace that is not as agreed, a line each: file, what was found, what was expected.
 *
 * @param {string} root
 * @returns {string[]}
 */
export function checkStructure(root) {
  const packages = packagesOf(root)
  const providers = packages.filter(({ kind }) => kind === 'provider').map(({ folder }) => basename(folder))
  const findings = [
    ...pinFindings(root),
    ...fileNameFindings(root),
    ...packages.flatMap((one) => packageFindings(one, providers)),
  ]
  return findings.map(({ file, what, expected }) => `${relative(root, file)}: ${what}; expected ${expected}`).sort()
}

/** The published packages. */
function packagesOf(root) {
  return GROUPS.flatMap((group) => foldersIn(join(root, group))).flatMap((folder) => {
    const path = join(folder, 'package.json')
    if (!existsSync(path)) return []
    const manifest = JSON.parse(readFileSync(path, 'utf8'))
    if (manifest.private) return []
    const directory = relative(root, folder).split(sep).join('/')
    const files = filesIn(join(folder, 'src')).filter((file) => /\.[cm]?tsx?$/.test(file))
    return [{ folder, directory, manifest, kind: kindOf(directory), files }]
  })
}

function kindOf(directory) {
  if (directory === 'packages/core') return 'core'
  if (directory === 'packages/testing') return 'testing'
  if (dirname(directory) === 'packages/frameworks') return 'framework'
  return dirname(directory) === 'packages/providers' ? 'provider' : 'other'
}

function packageFindings(one, providers) {
  const { folder, directory, manifest, kind } = one
  const at = (file) => (finding) => ({ file: join(folder, file), ...finding })
  return [
    ...manifestFindings(manifest, { directory, kind }).map(at('package.json')),
    ...expectFiles(folder, ['README.md', 'tsconfig.json', 'tsup.config.ts', 'src/index.ts']),
    ...importFindings(one),
    ...portableFindings(one),
    ...unreachedFindings(one),
    ...providerNameFindings(one, providers),
    ...(kind === 'provider' ? shapeFindings(folder).map(at('src/index.ts')) : []),
    ...(kind === 'provider' ? expectFiles(folder, ['src/index.test.ts']) : []),
  ]
}

function shapeFindings(folder) {
  const index = join(folder, 'src/index.ts')
  return existsSync(index) ? adapterFindings(index, basename(folder)) : []
}

function expectFiles(folder, files) {
  return files
    .filter((file) => !existsSync(join(folder, file)))
    .map((file) => ({ file: join(folder, file), what: 'is missing', expected: 'one in every package of its kind' }))
}

/** pnpm's version stands in two places, docs/decisions/0001 says why. */
function pinFindings(root) {
  const file = join(root, 'package.json')
  const { packageManager, devDependencies } = JSON.parse(readFileSync(file, 'utf8'))
  if (packageManager === `pnpm@${devDependencies?.pnpm}`) return []
  return [
    { file, what: `devDependencies.pnpm is ${devDependencies?.pnpm}`, expected: `the version of ${packageManager}` },
  ]
}

function fileNameFindings(root) {
  return ['packages', 'apps', 'bench', 'scripts', 'tooling']
    .flatMap((folder) => filesIn(join(root, folder)))
    .filter((file) => NO_CONCEPT.test(basename(file)))
    .map((file) => ({
      file,
      what: `${basename(file)} names no concept`,
      expected: 'a file named for the one thing in it',
    }))
}

const SKIPPED = new Set(['node_modules', 'dist', '.turbo', 'coverage'])

function filesIn(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesIn(path) : [path]
  })
}

function foldersIn(folder) {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const findings = checkStructure(join(dirname(fileURLToPath(import.meta.url)), '..'))
  for (const finding of findings) console.error(finding)
  console.error(findings.length === 0 ? 'structure: as agreed' : `structure: ${findings.length} findings`)
  process.exitCode = findings.length === 0 ? 0 : 1
}
