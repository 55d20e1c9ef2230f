import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 20
// Below the five seconds that most runners give a test.
const AT_MOST_MS = 4000

/** Tries until it holds, for four seconds at most: then what it last threw is thrown. */
export async function eventually(attempt: () => unknown): Promise<void> {
  const tries = AT_MOST_MS / EVERY_MS
  for (let i = 1; ; i++) {
    try {
      await attempt()
      return
    } catch (error) {
      if (i >= tries) throw error
      await delay(EVERY_MS)
    }
  }
}
