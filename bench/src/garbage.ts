import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const ROUNDS = 4

/** Collects all garbage, that of finalizers and timers that are still to come included. */
export async function garbageCollected(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < ROUNDS; round++) {
    collect()
    await sleep(20)
  }
}

/** What is in use when all garbage is gone, buffers outside the heap included. */
export async function heapAfterCollection(): Promise<number> {
  await garbageCollected()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
