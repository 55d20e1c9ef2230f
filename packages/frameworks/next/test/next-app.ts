// A real Next app in a folder of its own: written, built by `next build`, served by `next start`.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { HttpServer } from '@keysource/testing'
import { build } from 'esbuild'

const ours = join(import.meta.dirname, '..')
const workspace = join(ours, '../../..')

/** What an app is made of. */
export interface NextAppOptions {
  /** Of its folder. */
  readonly name: string
  /** The dependency of this package that is its `next`. */
  readonly next: 'next' | 'next15'
  /** Text by path. */
  readonly files: Readonly<Record<string, string>>
  /** Also read by modules as they are loaded, which `next build` does. */
  readonly environment?: Readonly<Record<string, string>>
}

/** An app that is built. */
export interface NextApp {
  start(environment: Readonly<Record<string, string>>): Promise<HttpServer>
  remove(): Promise<void>
}

/** Writes an app and builds it. */
export async function buildNextApp({ name, next, files, environment = {} }: NextAppOptions): Promise<NextApp> {
  // Within the package, so that what is installed is found.
  const folder = join(ours, '.next-apps', name)
  await rm(folder, { recursive: true, force: true })
  const all = { 'package.json': '{ "private": true }', 'next.config.mjs': configuration(), ...files }
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const [module, target] of Object.entries(modules(next))) {
    await mkdir(dirname(join(folder, 'node_modules', module)), { recursive: true })
    await symlink(target, join(folder, 'node_modules', module))
  }
  await Promise.all(OURS.map((directory) => installOurs(directory, join(folder, 'node_modules'))))
  const running = new Set<ChildProcess>()
  await command(folder, ['build'], environment).ended
  return {
    async start(facts) {
      const port = await freePort()
      const server = command(folder, ['start', '-H', '127.0.0.1', '-p', String(port)], facts)
      server.ended.catch(() => {}) // told below, while it starts
      running.add(server.child)
      const url = `http://127.0.0.1:${port}`
      while (!(await answers(url))) {
        if (server.child.exitCode !== null) await server.ended
        await delay(50)
      }
      const close = async (): Promise<void> => {
        server.child.kill('SIGKILL')
        await server.ended.catch(() => {})
        running.delete(server.child)
      }
      return { url, close }
    },
    async remove() {
      for (const child of running) child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** What a user would have installed besides. */
function modules(next: string): Record<string, string> {
  const installed = (name: string): string => join(ours, 'node_modules', name)
  return {
    next: installed(next),
    react: installed('react'),
    'react-dom': installed('react-dom'),
    // Next asks for them before it reads a file in TypeScript
    typescript: installed('typescript'),
    '@types/react': installed('@types/react'),
    '@types/node': join(workspace, 'node_modules/@types/node'),
  }
}

const OURS = ['packages/core', 'packages/frameworks/http', 'packages/frameworks/next', 'packages/providers/oidc']

/** A package of ours as it is published, but for its types: Next itself chooses between the engines for Node and for the web. */
async function installOurs(directory: string, into: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(workspace, directory, 'package.json'), 'utf8'))
  const folder = join(into, manifest.name)
  const engines = manifest.imports ? ['signature/node', 'signature/web'] : []
  await build({
    entryPoints: ['index', ...engines].map((entry) => join(workspace, directory, `src/${entry}.ts`)),
    outdir: join(folder, 'dist'),
    outbase: join(workspace, directory, 'src'),
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    packages: 'external',
    external: ['#signature'],
  })
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
}

/** Turbopack takes what is linked from within its root alone; unminified is built sooner. */
function configuration(): string {
  return `
    export default {
      outputFileTracingRoot: ${JSON.stringify(workspace)},
      typescript: { ignoreBuildErrors: true }, // the types are not installed; the examples of READMEs are checked elsewhere
      turbopack: { root: ${JSON.stringify(workspace)} },
      experimental: { cpus: 1, serverMinification: false },
    }`
}

function command(
  cwd: string,
  args: readonly string[],
  facts: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly ended: Promise<void> } {
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, NEXT_TELEMETRY_DISABLED: '1', CI: '1', ...facts }
  const program = join(cwd, 'node_modules/next/dist/bin/next')
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: env as unknown as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`next ${args[0]} ended with ${code}:\n${output}`))
    })
  })
  return { child, ended }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined)
  return response !== undefined
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
