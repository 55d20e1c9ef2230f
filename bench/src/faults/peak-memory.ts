import { setTimeout as sleep } from 'node:timers/promises'
import { garbageCollected } from '../garbage.ts'

const MIB = 1_048_576
const SAMPLE_MS = 5
/** What was begun may go on after its verdict. */
const AFTERMATH_MS = 500

/** By how many MiB the process grew at most while it worked, as the operating system counts it. */
export async function peakGrowthMiB<Result>(work: () => Promise<Result>): Promise<{ result: Result; mib: number }> {
  await garbageCollected()
  const before = process.memoryUsage.rss()
  const highest = highWaterMark()
  let peak = before
  const sample = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(sample, SAMPLE_MS)
  const result = await work()
  sample()
  await sleep(AFTERMATH_MS)
  clearInterval(timer)
  sample()
  // A peak while the event loop stood still shows only here, if it was the highest in the life of the process.
  if (highWaterMark() > highest) peak = Math.max(peak, highWaterMark())
  return { result, mib: (peak - before) / MIB }
}

function highWaterMark(): number {
  return process.resourceUsage().maxRSS * 1024
}
