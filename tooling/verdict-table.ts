import type { Reporter, TestCase, TestModule } from 'vitest/node'
import type { VerdictCount } from '../packages/core/security/verdicts.ts'
import { VECTORS_LEFT_OUT, vectorFolder } from './vector-folder.ts'

/**
 * Ends a run with a table of the attack and vector cases: how many ran on each engine, and how many went the wrong way. One
 * that did is a failure of the run, whatever became of its test.
 */
export class VerdictTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = modules.flatMap((module) => [...module.children.allTests()].flatMap(verdictsOf))
    if (counts.length > 0) console.log(tableOf(counts))
    if (counts.some(({ wronglyAccepted, wronglyRefused }) => wronglyAccepted + wronglyRefused > 0)) process.exitCode = 1
    const askedForVectors = modules.some(({ moduleId }) => moduleId.includes('/security/vectors/'))
    if (askedForVectors && !vectorFolder()) console.log(VECTORS_LEFT_OUT)
  }
}

function verdictsOf(test: TestCase): readonly VerdictCount[] {
  return test.meta().verdicts ?? []
}

const COLUMNS = ['cases', 'engine', 'ran', 'must be refused', 'must be accepted', 'wrongly accepted', 'wrongly refused']

function tableOf(counts: readonly VerdictCount[]): string {
  const rows = new Map<string, number[]>()
  for (const { suite, engine, ...count } of counts) {
    const key = `${suite}|${engine}`
    const row = rows.get(key) ?? [0, 0, 0, 0, 0]
    const added = [count.ran, count.mustRefuse, count.mustAccept, count.wronglyAccepted, count.wronglyRefused]
    rows.set(
      key,
      row.map((value, index) => value + (added[index] ?? 0)),
    )
  }
  const lines = [...rows].sort().map(([key, row]) => [...key.split('|'), ...row.map(String)])
  const widths = COLUMNS.map((name, index) => Math.max(name.length, ...lines.map((line) => line[index]?.length ?? 0)))
  const shown = [COLUMNS, ...lines].map((line) =>
    line.map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))),
  )
  return `\n${[...shown.map((line) => line.join('  ')), ...rulesOf(counts)].join('\n')}\n`
}

/** Vectors that are held to another verdict than the published one, by rule. Told of one engine, as both follow the same. */
function rulesOf(counts: readonly VerdictCount[]): readonly string[] {
  const [first] = counts
  const lines = counts
    .filter(({ engine }) => engine === first?.engine)
    .flatMap(({ suite, byRule = {} }) =>
      Object.entries(byRule).map(
        ([why, number]) => `${suite}: ${number} held to another verdict than published: ${why}`,
      ),
    )
  return lines.length > 0 ? ['', ...lines.sort()] : []
}
