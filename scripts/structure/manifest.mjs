// What the package.json of a published package has to say.

const SOURCE = '@keysource/source'

/** @returns {{ what: string, expected: string }[]} */
export function manifestFindings(manifest, { directory, kind }) {
  return [
    ...fieldFindings(manifest, directory),
    ...exportFindings(manifest.exports ?? {}),
    ...dependencyFindings(manifest, kind),
  ]
}

function fieldFindings(manifest, directory) {
  const name = directory.split('/').at(-1)
  const wanted = {
    name: `@keysource/${name}`,
    type: 'module',
    license: 'MIT',
    sideEffects: false,
    engines: { node: '>=20.19' },
    files: ['dist', 'src', '!src/**/*.test.ts'],
    publishConfig: { access: 'public', provenance: true },
    'repository.directory': directory,
  }
  const found = { ...manifest, 'repository.directory': manifest.repository?.directory }
  const findings = Object.entries(wanted)
    .filter(([field, value]) => json(found[field]) !== json(value))
    .map(([field, value]) => ({ what: `${field} is ${json(found[field])}`, expected: json(value) }))
  for (const field of ['description', 'keywords']) {
    if (!manifest[field]?.length) findings.push({ what: `${field} is missing`, expected: 'what one would search for' })
  }
  for (const script of ['build', 'typecheck', 'lint:package']) {
    if (!manifest.scripts?.[script]) findings.push({ what: `no script ${script}`, expected: 'one, which turbo runs' })
  }
  return findings
}

/** Order is meaning in `exports`: the first condition that fits wins. */
function exportFindings(exports) {
  const entries = Object.entries(exports).filter(([path]) => path !== './package.json')
  const findings = entries.flatMap(([path, conditions]) => {
    const names = typeof conditions === 'object' && conditions !== null ? Object.keys(conditions) : []
    const wrong = []
    if (names.join() !== [SOURCE, 'import', 'require'].join()) {
      wrong.push({
        what: `exports["${path}"] has ${json(names)}`,
        expected: `${SOURCE}, import, require in this order`,
      })
    }
    for (const branch of ['import', 'require']) {
      const inner = Object.keys(conditions?.[branch] ?? {})
      if (names.includes(branch) && inner.join() !== 'types,default') {
        wrong.push({
          what: `exports["${path}"].${branch} has ${json(inner)}`,
          expected: 'types, default in this order',
        })
      }
    }
    return wrong
  })
  if (!entries.some(([path]) => path === '.')) findings.push({ what: 'exports has no "."', expected: 'a main entry' })
  return findings
}

const ALLOWED = {
  core: ['jose'],
  provider: ['@keysource/core', '@keysource/oidc'],
  testing: ['@keysource/core', 'jose'],
}

function dependencyFindings({ name, dependencies = {} }, kind) {
  const allowed = ALLOWED[kind]?.filter((dependency) => dependency !== name)
  const findings = []
  for (const [dependency, range] of Object.entries(dependencies)) {
    if (allowed && !allowed.includes(dependency)) {
      findings.push({ what: `depends on ${dependency}`, expected: `nothing but ${allowed.join(' and ')}` })
    }
    const expected = dependency.startsWith('@keysource/') ? 'workspace:^' : 'catalog:'
    if (range !== expected)
      findings.push({ what: `dependency ${dependency} is ${json(range)}`, expected: json(expected) })
  }
  return findings
}

const json = (value) => JSON.stringify(value) ?? 'missing'
