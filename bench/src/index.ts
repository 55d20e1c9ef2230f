// Picks a bench by its name: `npm run bench -- faults`. Each bench is one file of benches/, and needs no entry here.
import { readdir } from 'node:fs/promises'
import type { Bench } from './bench.ts'

const FOLDER = new URL('benches/', import.meta.url)

const names = (await readdir(FOLDER)).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3))
const [name, ...args] = process.argv.slice(2)
if (name !== undefined && names.includes(name)) {
  const { bench }: { bench: Bench } = await import(new URL(`${name}.ts`, FOLDER).href)
  process.exitCode = (await bench.run(args)) ? 0 : 1
} else {
  await list()
  process.exitCode = 2
}

async function list(): Promise<void> {
  console.error(`expected the name of a bench${name === undefined ? '' : `, found ${JSON.stringify(name)}`}:\n`)
  for (const one of names.sort()) {
    const { bench }: { bench: Bench } = await import(new URL(`${one}.ts`, FOLDER).href)
    console.error(`  npm run bench -- ${one.padEnd(9)} ${bench.about}`)
  }
}
