// What takes too long for every change: many random schedules, five minutes of faults, what memory and time they cost.
// Every step runs, so that one night shows all that is wrong.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const STEPS = [
  {
    name: '10,000 random schedules of the key cache',
    command: ['npx', 'vitest', 'run', 'packages/core/src/key-cache/cache.property.test.ts'],
    env: { KEYSOURCE_SCHEDULES: '10000' },
    limitMin: 15,
  },
  {
    name: 'ten minutes of fuzzing: tokens, key endpoints, metadata, certificates',
    command: ['npx', 'vitest', 'run', '--project', 'security', 'security/fuzz'],
    env: { KEYSOURCE_FUZZ_SEC: '600' },
    limitMin: 30,
  },
  {
    name: '20,000 tokens before both engines and jose',
    command: ['npx', 'vitest', 'run', 'packages/core/security/differential.test.ts'],
    env: { KEYSOURCE_DIFFERENTIAL: '20000' },
    limitMin: 15,
  },
  { name: 'mutation tests', command: ['npm', 'run', 'test:mutation'], limitMin: 60 },
  { name: 'faults, beside four libraries', command: bench('faults'), limitMin: 20 },
  { name: 'five minutes of random faults', command: bench('faults', '--soak', '300'), limitMin: 10 },
  { name: 'memory', command: bench('memory'), limitMin: 10 },
]

function bench(...args) {
  return ['npm', 'run', 'bench', '--', ...args]
}

const failed = []
for (const { name, command, env, limitMin } of STEPS) {
  console.log(`\n=== ${name}: ${command.join(' ')}`)
  const [file, ...args] = command
  const startedAt = Date.now()
  const { status, error } = spawnSync(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: limitMin * 60_000,
    shell: process.platform === 'win32',
  })
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  const why = error?.code === 'ETIMEDOUT' ? `not done after ${limitMin} minutes` : (error?.message ?? `exit ${status}`)
  console.log(`=== ${name}: ${status === 0 ? 'passed' : `FAILED (${why})`} in ${seconds} s`)
  if (status !== 0) failed.push(name)
}
console.log(failed.length === 0 ? '\nnightly: all passed' : `\nnightly: failed: ${failed.join('; ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
