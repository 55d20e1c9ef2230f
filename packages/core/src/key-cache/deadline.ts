/** The time that one load has. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Rejects when the time is over, for a source that does not heed the signal. */
  readonly passed: Promise<never>
  clear(): void
}

/** Starts the time of a load, which may end before. */
export function deadlineOf(timeoutMs: number, ending: AbortSignal): Deadline {
  const controller = new AbortController()
  let fail: (reason: unknown) => void = () => {}
  const passed = new Promise<never>((_, reject) => {
    fail = reject
  })
  passed.catch(() => {}) // it is raced; alone it must not count as unhandled
  const end = (reason: Error): void => {
    controller.abort(reason)
    fail(reason)
  }
  const timer = setTimeout(() => end(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  const onEnding = (): void => end(ending.reason as Error)
  ending.addEventListener('abort', onEnding, { once: true })
  return {
    signal: controller.signal,
    passed,
    clear() {
      clearTimeout(timer)
      ending.removeEventListener('abort', onEnding)
    },
  }
}
