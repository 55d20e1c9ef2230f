// Read one adapter, read all: its one file has options, claims, factory, fromEnv, hints, in this order.
import { declarationsOf } from './source-file.mjs'

/** The parts in order, and how each is told: the first declaration that fits. */
function partsOf(folder) {
  const name = folder.replaceAll(/-([a-z0-9])/g, (_, first) => first.toUpperCase())
  return [
    { part: 'options', wanted: 'an exported interface …Options', fits: type(/Options$/) },
    { part: 'claims', wanted: 'an exported interface …Claims', fits: type(/Claims$/) },
    {
      part: 'factory',
      wanted: `an exported ${name}(options)`,
      fits: ({ exported, name: own }) => exported && own === name,
    },
    { part: 'fromEnv', wanted: 'fromEnv', fits: ({ kind, name: own }) => kind === 'value' && own === 'fromEnv' },
    { part: 'hints', wanted: 'a function hint', fits: ({ kind, name: own }) => kind === 'value' && /hint/i.test(own) },
  ]
}

const type = (pattern) => (declaration) =>
  declaration.exported && declaration.kind === 'type' && pattern.test(declaration.name)

/** @returns {{ what: string, expected: string }[]} */
export function adapterFindings(path, folder) {
  const declarations = declarationsOf(path)
  const found = partsOf(folder).map((part) => ({ ...part, at: declarations.findIndex(part.fits) }))
  const missing = found
    .filter(({ at }) => at < 0)
    .map(({ part, wanted }) => ({ what: `has no ${part}`, expected: `${wanted} at the top level` }))
  const present = found.filter(({ at }) => at >= 0)
  const order = present.map(({ part }) => part).join(', ')
  const actual = [...present]
    .sort((a, b) => a.at - b.at)
    .map(({ part }) => part)
    .join(', ')
  return actual === order ? missing : [...missing, { what: `has ${actual}`, expected: `${order} in this order` }]
}
