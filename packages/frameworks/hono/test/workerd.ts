// A Worker in workerd itself, the runtime of Cloudflare's Workers, which is one binary.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HttpServer } from '@keysource/testing'
import { build } from 'esbuild'

/** Serves a Worker on loopback. `bindings` are its `env`, each as JSON. */
export async function serveInWorkerd(
  source: string,
  bindings: Readonly<Record<string, unknown>> = {},
): Promise<HttpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'keysource-workerd-'))
  await writeFile(join(folder, 'worker.js'), await bundled(source))
  await writeFile(join(folder, 'config.capnp'), configuration(bindings))
  const { default: program } = createRequire(import.meta.url)('workerd') as { readonly default: string }
  // It tells on this descriptor which port it was given.
  const args = ['serve', '--control-fd=3', '--socket-addr=http=127.0.0.1:0', join(folder, 'config.capnp')]
  const worker = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => worker.on('close', () => resolve()))
  let complaint = ''
  worker.stderr?.on('data', (chunk) => {
    complaint += chunk
  })
  const port = await new Promise<number>((resolve, reject) => {
    let told = ''
    worker.on('error', reject)
    worker.on('close', (code) => reject(new Error(`workerd ended with ${code}: ${complaint}`)))
    worker.stdio[3]?.on('data', (chunk) => {
      told += chunk
      const found = /"event":"listen".*"port":(\d+)/.exec(told)?.[1]
      if (found !== undefined) resolve(Number(found))
    })
  })
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      worker.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One ES module, by the conditions that a Worker's bundler sets. Nothing of Node may be reached: nothing is left external. */
async function bundled(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    mainFields: ['module', 'main'],
    conditions: ['@keysource/source', 'workerd', 'worker', 'browser'],
  })
  return outputFiles[0]?.text ?? ''
}

function configuration(bindings: Readonly<Record<string, unknown>>): string {
  const env = Object.entries(bindings).map(
    ([name, value]) => `(name = "${name}", json = ${JSON.stringify(JSON.stringify(value))})`,
  )
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "loopback", network = (allow = ["local"]))],
  sockets = [(name = "http", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  globalOutbound = "loopback",
  bindings = [${env.join(', ')}],
);`
}
