// Starts the example from source, and hands signals on to it, so that it can stop as it would in production.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import './setup.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const server = spawn(
  process.execPath,
  ['--conditions=@keysource/source', '--import', 'tsx', 'apps/example/src/server.ts'],
  { cwd: root, stdio: 'inherit' },
)
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.kill(signal))
server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
