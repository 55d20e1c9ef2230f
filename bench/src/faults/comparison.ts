import type { Laboratory } from './laboratory.ts'
import type { Finding, Row } from './rows/row.ts'
import type { Subject } from './subjects/subject.ts'
import type { Trial } from './trial.ts'

/** What each library did in each row: `findings.get(row)?.get(subject)`. */
export type Findings = ReadonlyMap<Row, ReadonlyMap<Subject, Finding>>

/** Of those rows that measure neither times nor memory nor send a flood. */
const SIDE_BY_SIDE = 5
const TRIAL_LIMIT_MS = 60_000

/** Runs every row for every library. */
export async function compare(
  laboratory: Laboratory,
  rows: readonly Row[],
  subjects: readonly Subject[],
  onFinding: (row: Row, subject: Subject, finding: Finding) => void,
): Promise<Findings> {
  const findings = new Map(rows.map((row) => [row, new Map<Subject, Finding>()]))
  const trial = async (row: Row, subject: Subject): Promise<void> => {
    const finding = await measure(laboratory, row, subject)
    findings.get(row)?.set(subject, finding)
    onFinding(row, subject, finding)
  }
  const all = rows.flatMap((row) => subjects.map((subject) => ({ row, subject })))
  const jobs = (alone: boolean): (() => Promise<void>)[] =>
    all
      .filter(({ row }) => (row.alone ?? false) === alone)
      .map(
        ({ row, subject }) =>
          () =>
            trial(row, subject),
      )
  await atMost(SIDE_BY_SIDE, jobs(false))
  await atMost(1, jobs(true))
  return findings
}

async function measure({ endpoint, run }: Laboratory, row: Row, subject: Subject): Promise<Finding> {
  const trial: Trial = { row: row.id, subject: subject.name, endpoint, session: `${row.id}-${subject.name}` }
  try {
    return await run<Finding>(new URL('trial-process.ts', import.meta.url), trial, TRIAL_LIMIT_MS)
  } catch (error) {
    return { text: (error as Error).message, meets: false }
  }
}

async function atMost(count: number, jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = jobs.values()
  const lane = async (): Promise<void> => {
    for (const job of queue) await job()
  }
  await Promise.all(Array.from({ length: count }, lane))
}
