import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const ROUNDS = 4

/** What is in use when all garbage is gone, buffers outside the heap included; that of finalizers and timers takes rounds. */
export async function heapAfterCollection(): Promise<number> {
  const collect = globalThis.gc ?? collector()
  for (let round = 0; round < ROUNDS; round++) {
    collect()
    await sleep(10)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The collector of this process, though it was started without the flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
