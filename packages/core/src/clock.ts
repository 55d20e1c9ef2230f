/** Time as a parameter. Both in milliseconds. */
export interface Clock {
  /** Wall time since the epoch: what tokens are judged by. It may jump. */
  now(): number
  /** Time that never goes back: what back-off and the request budget are counted in. It may stand still in a frozen process. */
  monotonic(): number
}

/** The runtime's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
