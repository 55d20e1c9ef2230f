import type { Findings } from './comparison.ts'
import type { Row } from './rows/row.ts'
import { keysource } from './subjects/keysource.ts'
import type { Subject } from './subjects/subject.ts'

/** The findings as a Markdown table, a library each column. The last columns judge Keysource, where it took part. */
export function table(findings: Findings, subjects: readonly Subject[]): string {
  const judged = subjects.includes(keysource)
  const head = ['fault', ...subjects.map(({ name }) => name), ...(judged ? ['bar for keysource', ''] : [])]
  const lines = [...findings].map(([row, found]) => [
    row.title,
    ...subjects.map((subject) => found.get(subject)?.text ?? ''),
    ...(judged ? [row.bar, missesBar(findings, row) ? 'FAIL' : 'PASS'] : []),
  ])
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')
}

/** The rows in which Keysource took part and missed its bar. */
export function missedBars(findings: Findings): readonly Row[] {
  return [...findings.keys()].filter((row) => missesBar(findings, row))
}

function missesBar(findings: Findings, row: Row): boolean {
  return findings.get(row)?.get(keysource)?.meets === false
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
}
