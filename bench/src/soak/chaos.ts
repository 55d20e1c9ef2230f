import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerName } from '../faults/session.ts'
import type { Random } from '../random.ts'
import type { IssuerUnderTest } from './issuer-under-test.ts'

/** What goes wrong, and how often beside each other. Every other time the endpoint is well. */
const FAULTS: readonly [AnswerName, ...AnswerName[]] = [
  'status-500',
  'busy',
  'reset',
  'html',
  'half',
  'no-keys',
  'hang',
  'hang',
  'slow',
  'slow',
  'odd-keys',
  'drip',
  'redirect',
  'gzip-bomb',
  'huge',
]
const SHORTEST_MS = 300
const LONGEST_MS = 4000

/** One issuer's troubles, until the signal: faults, rotations and withdrawals. Leaves it well, with its keys as they are. */
export async function chaos(
  { endpoint, keys }: IssuerUnderTest,
  random: Random,
  signal: AbortSignal,
  onFault: (answer: AnswerName) => void,
): Promise<void> {
  let published = keys.slice(0, 2)
  let well = true
  await endpoint.set({ keys: published.map(({ jwk }) => jwk), answer: 'keys' })
  while (!signal.aborted) {
    await sleep(random.between(SHORTEST_MS, LONGEST_MS), undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    const chance = random.next()
    const [first, ...others] = keys.filter((key) => !published.includes(key))
    if (chance < 0.25 && first) published = [...published, random.pick([first, ...others])]
    else if (chance < 0.5 && published.length > 1) published = published.slice(1)
    else well = !well
    const answer = well ? 'keys' : random.pick(FAULTS)
    onFault(answer)
    await endpoint.set({ keys: published.map(({ jwk }) => jwk), answer })
  }
  await endpoint.set({ answer: 'keys' })
}
