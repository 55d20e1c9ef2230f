import { cpus } from 'node:os'

/** What the figures were taken on. */
export function machine(): string {
  const cores = cpus()
  return `Node ${process.version}, ${cores[0]?.model.trim() ?? 'unknown processor'}, ${cores.length} cores`
}
