// Brings what the workspace needs: nothing but Node and npm has to be on the machine before.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Keysource needs Node 20.19 or newer; this is ${process.version} (https://nodejs.org)`)
  process.exit(1)
}

const installed = join(root, 'node_modules', '.modules.yaml')
const upToDate =
  existsSync(installed) &&
  ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'].every(
    (file) => statSync(join(root, file)).mtimeMs <= statSync(installed).mtimeMs,
  )

if (!upToDate) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  console.error(`setup: installing the dependencies with ${packageManager}`)
  // npx and not corepack: corepack wants signatures that not every registry serves.
  const { status, error } = spawnSync('npx', ['-y', packageManager, 'install', '--frozen-lockfile'], {
    cwd: root,
    // standard output belongs to the command that needed the setup
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error) console.error(`setup: npx could not be started: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
