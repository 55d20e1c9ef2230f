import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { SoakPromise, SoakReport } from './soak-report.ts'

/** Counts verdicts in bounded memory. */
export interface Ledger {
  held(ms: number): void
  passing(accepted: boolean): void
  forged(): void
  trouble(): void
  broken(promise: SoakPromise, what: string): void
  /** Forgets the warm-up, but none of its broken promises. */
  restart(): void
  report(): Omit<SoakReport, 'requests' | 'heapGrowthMiB' | 'recovered' | 'providers'>
}

const MAX_EXAMPLES = 20
const US = 1000

/** Opens one. */
export function ledger(): Ledger {
  const latencies: RecordableHistogram = createHistogram()
  const examples: string[] = []
  const broken: Record<SoakPromise, number> = {
    'held-refused': 0,
    'held-slow': 0,
    'forged-accepted': 0,
    'withdrawn-accepted': 0,
    'foreign-error': 0,
  }
  let held = 0
  let forged = 0
  let troubles = 0
  let accepted = 0
  let refused = 0
  return {
    held(ms) {
      held += 1
      latencies.record(Math.max(1, Math.round(ms * US)))
    },
    passing(wasAccepted) {
      if (wasAccepted) accepted += 1
      else refused += 1
    },
    forged() {
      forged += 1
    },
    trouble() {
      troubles += 1
    },
    broken(promise, what) {
      broken[promise] += 1
      if (examples.length < MAX_EXAMPLES) examples.push(`${promise}: ${what}`)
    },
    restart() {
      latencies.reset()
      held = forged = troubles = accepted = refused = 0
    },
    report: () => ({
      held,
      passing: { accepted, refused },
      p50Ms: latencies.percentile(50) / US,
      p99Ms: latencies.percentile(99) / US,
      maxMs: latencies.max / US,
      forged,
      troubles,
      broken: { ...broken },
      examples: [...examples],
    }),
  }
}
