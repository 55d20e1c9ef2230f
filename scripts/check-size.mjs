// Holds what is built to its size and to the time that importing it takes. Needs the packages built: npm run build.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const core = join(root, 'packages/core')
const providers = join(root, 'packages/providers')

// Just above what is reached, so that none creeps (docs/decisions/0014). Bytes, minified and gzipped.
const BUDGETS = {
  /** A Worker that verifies tokens with one remote key set: all of what it loads. */
  worker: 22_900,
  /** What an adapter adds, beyond core and the helpers of core that all adapters share. */
  adapter: 1.5 * 1024,
  /** Adapters that fetch keys in further ways: the Backend API, discovery, an API with a token of its own. */
  adapters: { clerk: 3000, oidc: 2050, onelogin: 1720 },
  /** How long importing core may take, as a multiple of importing jose. */
  importRatio: 1.5,
}

// What core offers to whoever writes an adapter. The first adapter brings it along, and each further one finds it there.
const ADAPTER_HELPERS =
  'adapterOptions, adapterRules, checkOptions, claimIs, hostName, printable, readEnvironment, textClaim'

// What the Worker does not use, each with a word of it: all of it has to shake away.
const UNUSED = {
  firstOf: 'firstOf',
  keyEndpoint: 'kidPattern',
  pemKey: 'pemKey',
  staticJwks: 'staticJwks',
  'code of jose': 'ERR_JOSE',
}

const IMPORT_RUNS = 15

const findings = []

function check(what, found, budget, unit) {
  const within = found <= budget
  console.log(`${within ? 'ok  ' : 'OVER'}  ${what}: ${found} ${unit}, at most ${budget}`)
  if (!within) findings.push(what)
}

/** The one file that a Worker loads. */
async function bundle(contents, resolveDir) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    legalComments: 'none',
  })
  return outputFiles[0].text
}

function gzipped(text) {
  return gzipSync(text, { level: 9 }).length
}

const WORKER = `
import { createVerifier, defineProvider, remoteJwks } from '@keysource/core'
const keys = remoteJwks('https://id.example.com/jwks')
const provider = defineProvider({ name: 'id', issuer: 'https://id.example.com', audience: 'api', keys })
const verifier = createVerifier({ providers: [provider] })
export default { fetch: (request) => verifier.verify(request.headers.get('authorization')) }`

/** What an adapter adds to a Worker that has the helpers already. */
async function adapterBytes(name) {
  const helpers = `import { ${ADAPTER_HELPERS} } from '@keysource/core'\n${WORKER}`
  const [without, along] = await Promise.all(
    [
      `${helpers}\nexport const used = [${ADAPTER_HELPERS}]`,
      `import { ${name} } from '@keysource/${name}'\n${helpers}\nexport const used = [${ADAPTER_HELPERS}, ${name}]`,
    ].map((contents) => bundle(contents, join(providers, name))),
  )
  return gzipped(along) - gzipped(without)
}

/** The time of one import in a process of its own, in milliseconds. */
function importMs(name) {
  const script = `const start = performance.now(); await import('${name}'); console.log(performance.now() - start)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: core,
    encoding: 'utf8',
  })
  const ms = Number.parseFloat(stdout)
  if (Number.isNaN(ms)) throw new Error(`importing ${name} failed: ${stderr}`)
  return ms
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

/** In turns, so that a machine that is busy for a while is so for both. */
function importRatio() {
  const ours = []
  const theirs = []
  for (let run = 0; run < IMPORT_RUNS; run++) {
    ours.push(importMs('@keysource/core'))
    theirs.push(importMs('jose'))
  }
  const [own, other] = [median(ours), median(theirs)]
  console.log(`      importing core ${own.toFixed(1)} ms, jose ${other.toFixed(1)} ms`)
  return Number((own / other).toFixed(2))
}

const worker = await bundle(WORKER, core)
check('a Worker with one remote key set', gzipped(worker), BUDGETS.worker, 'bytes')
const unused = Object.keys(UNUSED).filter((name) => worker.includes(UNUSED[name]))
check(`what it does not use (${unused.join() || 'nothing'})`, unused.length, 0, 'parts')
for (const name of readdirSync(providers).sort()) {
  check(`the adapter ${name}`, await adapterBytes(name), BUDGETS.adapters[name] ?? BUDGETS.adapter, 'bytes more')
}
check('importing core', importRatio(), BUDGETS.importRatio, 'times as long as jose')

console.error(findings.length === 0 ? 'size: within its budgets' : `size: over budget: ${findings.join('; ')}`)
process.exitCode = findings.length === 0 ? 0 : 1
