import { duration } from '../faults/figures.ts'
import type { Laboratory } from '../faults/laboratory.ts'
import { machine } from '../machine.ts'
import type { SoakPlan, SoakReport } from './soak-report.ts'

const MAX_HEAP_GROWTH_MIB = 10
/** For keys to be made at the start, and waits to end. */
const ALLOWANCE_MS = 120_000

/** Random faults over ten providers for so many seconds. Prints what it found; says whether every promise was kept. */
export async function soak({ endpoint, run }: Laboratory, seconds: number, seed: number): Promise<boolean> {
  const plan: SoakPlan = { seconds, seed }
  console.log(`Soak: ${seconds} s, seed ${seed} (--seed ${seed} repeats its faults); ${machine()}\n`)
  const entry = new URL('soak-process.ts', import.meta.url)
  const report = await run<SoakReport>(entry, { ...plan, endpoint }, seconds * 1000 + ALLOWANCE_MS)
  const checks = checksOf(report)
  console.log(figuresOf(report))
  for (const { name, holds, found } of checks) console.log(`${holds ? 'PASS' : 'FAIL'}  ${name}: ${found}`)
  for (const example of report.examples) console.log(`      ${example}`)
  return checks.every(({ holds }) => holds)
}

function figuresOf(report: SoakReport): string {
  const { held, passing, forged, troubles, requests, p50Ms, p99Ms, maxMs } = report
  const count = (value: number): string => value.toLocaleString('en')
  return [
    `tokens of held keys   ${count(held)}; p50 ${duration(p50Ms)}, p99 ${duration(p99Ms)}, slowest ${duration(maxMs)}`,
    `keys that come and go ${count(passing.accepted)} accepted, ${count(passing.refused)} refused`,
    `forged tokens         ${count(forged)}`,
    `troubles              ${count(troubles)} changes of answers and keys; ${count(requests)} requests\n`,
  ].join('\n')
}

interface Check {
  readonly name: string
  readonly holds: boolean
  readonly found: string
}

function checksOf({ broken, held, forged, heapGrowthMiB, recovered, providers }: SoakReport): readonly Check[] {
  const none = (name: string, count: number): Check => ({ name, holds: count === 0, found: String(count) })
  return [
    none('tokens of held keys refused', broken['held-refused']),
    none('tokens of held keys slower than 250 ms', broken['held-slow']),
    none('forged tokens accepted', broken['forged-accepted']),
    none('tokens of withdrawn keys accepted', broken['withdrawn-accepted']),
    none("errors that are not Keysource's own or blame the configuration", broken['foreign-error']),
    {
      name: `heap growth after a collection, under ${MAX_HEAP_GROWTH_MIB} MiB`,
      holds: heapGrowthMiB < MAX_HEAP_GROWTH_MIB,
      found: `${heapGrowthMiB.toFixed(2)} MiB`,
    },
    {
      name: 'providers that took new keys within 15 s once their endpoint was well',
      holds: recovered === providers,
      found: `${recovered} of ${providers}`,
    },
    { name: 'tokens were sent', holds: held > 0 && forged > 0, found: held > 0 && forged > 0 ? 'yes' : 'no' },
  ]
}
