// Imports point one way: apps → frameworks → providers → core → jose.
import { join } from 'node:path'
import { importsOf, reachedFrom, wordsOf } from './source-file.mjs'

const isTest = (file) => file.endsWith('.test.ts')

/** What may be imported outside tests, beside files of the package itself. */
const ALLOWED = {
  core: { pattern: /^(jose(\/.*)?|node:.*|#.*)$/, expected: 'jose, node: and nothing of ours' },
  provider: { pattern: /^@keysource\/(core|core\/node|oidc)$/, expected: '@keysource/core or @keysource/oidc' },
  framework: { pattern: /^(?!@keysource\/(?!core$|http$))/, expected: '@keysource/core or @keysource/http of ours' },
  testing: {
    pattern: /^(@keysource\/core|@keysource\/core\/node|jose|node:.*)$/,
    expected: '@keysource/core, jose or node:',
  },
}

/** Files of a package that import what they may not. */
export function importFindings({ files, folder, kind }) {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier }) => {
      const expected = specifier.startsWith('.')
        ? leaves(file, specifier, folder) && 'files of its own package, or another package by its name'
        : forbidden(file, specifier, kind)
      return expected ? [{ file, what: `imports ${specifier}`, expected }] : []
    }),
  )
}

const leaves = (file, specifier, folder) => !join(file, '..', specifier).startsWith(join(folder, '/'))

function forbidden(file, specifier, kind) {
  if (!isTest(file)) return ALLOWED[kind]?.pattern.test(specifier) === false && ALLOWED[kind].expected
  // turbo refuses circles, those of dev dependencies too
  if (kind === 'core' && specifier.startsWith('@keysource/')) return 'nothing of ours: core depends on no other package'
}

/** What runs on every runtime may import nothing of Node. */
export function portableFindings({ folder, kind }) {
  if (kind !== 'core') return []
  const web = join(folder, 'src/signature/web.ts')
  const portable = reachedFrom([join(folder, 'src/index.ts'), web], { values: true, aliases: { '#signature': [web] } })
  return [...portable].flatMap((file) =>
    importsOf(file)
      .filter(({ specifier, typeOnly }) => specifier.startsWith('node:') && !typeOnly)
      .map(({ specifier }) => ({
        file,
        what: `imports ${specifier} and is reached from index.ts`,
        expected: 'node: only in what node.ts or signature/node.ts alone reach',
      })),
  )
}

/** A file that no entry leads to is published and never run. */
export function unreachedFindings({ files, folder, manifest }) {
  const aliases = {}
  for (const [name, target] of Object.entries(manifest.imports ?? {})) aliases[name] = sourcesIn(target, folder)
  const entries = sourcesIn(manifest.exports, folder)
  if (!entries.some((entry) => files.includes(entry))) return []
  const reached = reachedFrom([...entries, ...Object.values(aliases).flat()], { aliases })
  return files
    .filter((file) => !isTest(file) && !reached.has(file))
    .map((file) => ({
      file,
      what: 'is reached from no entry of its package',
      expected: 'an import that leads to it, or a place outside src (it would be published)',
    }))
}

/** `oktaDomain` is two words: an adapter whose name is part of a common word must not make that word a finding. */
const wordsIn = (text) =>
  (text.replace(/\\./g, ' ').match(/[A-Z]?[a-z0-9]+|[A-Z0-9]+/g) ?? []).map((word) => word.toLowerCase())

/** The source files that an `exports` or `imports` map leads to. */
function sourcesIn(target, folder) {
  if (typeof target === 'string')
    return target.endsWith('.ts') && !target.endsWith('.d.ts') ? [join(folder, target)] : []
  return Object.values(target ?? {}).flatMap((inner) => sourcesIn(inner, folder))
}

/** Core knows no provider. */
export function providerNameFindings({ files, folder, kind }, providers) {
  if (kind !== 'core') return []
  const names = providers.filter((name) => name !== 'oidc')
  const named = (text) => names.find((name) => (name.includes('-') ? text : wordsIn(text)).includes(name))
  return files
    .filter((file) => !isTest(file) && file.startsWith(join(folder, 'src')))
    .flatMap((file) =>
      wordsOf(file)
        .filter(({ text }) => named(text))
        .map(({ text, line }) => ({
          file: `${file}:${line}`,
          what: `names the provider ${named(text)}`,
          expected: 'no provider in core: an option, or the adapter',
        })),
    )
}
