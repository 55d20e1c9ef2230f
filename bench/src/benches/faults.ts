// What becomes of tokens while their issuer misbehaves: Keysource beside four libraries, at one HTTPS endpoint.
import type { Bench } from '../bench.ts'
import { compare } from '../faults/comparison.ts'
import { duration, slowest } from '../faults/figures.ts'
import { inLaboratory, type Laboratory } from '../faults/laboratory.ts'
import { stream } from '../faults/load.ts'
import type { Row } from '../faults/rows/row.ts'
import { ROWS } from '../faults/rows.ts'
import { COOLDOWN_MS, LIFETIME_MS, type Subject } from '../faults/subjects/subject.ts'
import { COMPARED, SUBJECTS, versions } from '../faults/subjects.ts'
import { missedBars, table } from '../faults/table.ts'
import { countFlag, fail, flags } from '../flags.ts'
import { machine } from '../machine.ts'
import { soak } from '../soak/soak.ts'

export const bench: Bench = {
  about: 'tokens while their issuer misbehaves, beside four libraries [--only TEXT] [--libraries A,B] [--soak SECONDS]',
  run(args) {
    const given = flags(args, {
      only: { type: 'string' },
      libraries: { type: 'string' },
      soak: { type: 'string' },
      seed: { type: 'string' },
    })
    if (given.soak !== undefined) {
      const seed = given.seed === undefined ? Date.now() % 2 ** 31 : countFlag('seed', given.seed)
      const seconds = countFlag('soak', given.soak)
      return inLaboratory((laboratory) => soak(laboratory, seconds, seed))
    }
    const rows = rowsOf(given.only)
    const subjects = subjectsOf(given.libraries)
    return inLaboratory((laboratory) => comparison(laboratory, rows, subjects))
  },
}

function rowsOf(only: string | undefined): readonly Row[] {
  const rows = ROWS.filter(({ id, title }) => only === undefined || id.includes(only) || title.includes(only))
  if (rows.length > 0) return rows
  return fail(`--only: expected a part of a row's name, one of ${ROWS.map(({ id }) => id).join(', ')}; found "${only}"`)
}

function subjectsOf(libraries: string | undefined): readonly Subject[] {
  if (libraries === undefined) return COMPARED
  return libraries.split(',').map((name) => {
    const subject = SUBJECTS.find((one) => one.name === name.trim())
    return (
      subject ?? fail(`--libraries: expected some of ${SUBJECTS.map((one) => one.name).join(', ')}; found "${name}"`)
    )
  })
}

const BUSY_MS = 5

/** What this machine adds to every time, before any verifier does: p99 of tokens that cost nothing. */
async function lateness(): Promise<number> {
  const nothing = await stream(
    async () => {},
    () => '',
    { everyMs: 2, forMs: 1500 },
  )
  return slowest(nothing, 0.99)
}

async function comparison(
  laboratory: Laboratory,
  rows: readonly Row[],
  subjects: readonly Subject[],
): Promise<boolean> {
  const total = rows.length * subjects.length
  const quiet = await lateness()
  let done = 0
  const findings = await compare(laboratory, rows, subjects, (row, subject, { text }) => {
    done += 1
    console.error(`${String(done).padStart(3)}/${total} ${row.id}, ${subject.name}: ${text}`)
  })
  const noise = Math.max(quiet, await lateness())
  const missed = missedBars(findings)
  console.log(`\n${table(findings, subjects)}\n`)
  console.log(
    `${new Date().toISOString().slice(0, 10)}; ${versions(subjects).join(', ')}; ${machine()}. ` +
      `Lifetime ${LIFETIME_MS / 1000} s and cooldown ${COOLDOWN_MS / 1000} s where a library has them. ` +
      `A stream of nothing at all: p99 ${duration(noise)}.`,
  )
  if (noise > BUSY_MS) console.log('\nThe machine was busy with other work: times say little.')
  if (missed.length > 0) console.log(`\nKeysource misses its bar: ${missed.map(({ id }) => id).join(', ')}`)
  return missed.length === 0
}
