// Tokens verified a second, beside the platform's own cryptography and four libraries, in one process.
import type { Bench } from '../bench.ts'
import { flags } from '../flags.ts'
import { machine } from '../machine.ts'
import { type SpeedRow, speedRows } from '../speed/comparison.ts'
import { keysource, PEERS } from '../speed/contestants.ts'
import { versionsOf } from '../versions.ts'

export const bench: Bench = {
  about: 'tokens verified a second, beside crypto.verify and four libraries',
  async run(args) {
    flags(args, {})
    const rows: SpeedRow[] = []
    for await (const row of speedRows()) {
      rows.push(row)
      console.error(`${row.title}: ${shown(row.keysource)}${row.limit ? `, ${share(row)} of the limit` : ''}`)
    }
    console.log(`\n${table(rows)}\n`)
    const names = versionsOf([keysource, ...PEERS].flatMap(({ packages }) => packages))
    console.log(
      `${new Date().toISOString().slice(0, 10)}; ${names.join(', ')}; ${machine()}. Tokens a second, the median of five rounds that take turns.`,
    )
    const missed = rows.filter(({ meets }) => !meets)
    if (missed.length > 0) console.log(`\nKeysource misses its bar: ${missed.map(({ title }) => title).join('; ')}`)
    return missed.length === 0
  },
}

function table(rows: readonly SpeedRow[]): string {
  const head = ['tokens', 'limit', ...PEERS.map(({ name }) => name), '**keysource**', 'of the limit', 'its bar', '']
  const lines = rows.map((row) => [
    row.title,
    row.limit === undefined ? '–' : shown(row.limit),
    ...PEERS.map((peer) => shown(row.peers.get(peer))),
    shown(row.keysource),
    row.limit === undefined ? '–' : share(row),
    row.bar,
    row.meets ? 'PASS' : 'FAIL',
  ])
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function shown(rate: number | undefined): string {
  return rate === undefined ? '–' : Math.round(rate).toLocaleString('en')
}

function share({ keysource: own, limit = Number.NaN }: SpeedRow): string {
  return (own / limit).toFixed(2)
}
