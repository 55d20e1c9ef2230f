import type { Outcome } from './load.ts'

/** The part that was accepted, from 0 to 1. */
export function acceptedShare(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ verdict }) => verdict === 'accepted').length / outcomes.length
}

/** How long the slowest of this part took: 0.99 for p99, 1 for the slowest of all. */
export function slowest(outcomes: readonly Outcome[], part: number): number {
  const sorted = outcomes.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}

/** `28 %`. Only all is `100 %`, and only none is `0 %`. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100)
  if (rounded === 100 && share < 1) return '99.9 %'
  return rounded === 0 && share > 0 ? '0.1 %' : `${rounded} %`
}

/** `0.4 s`, `12 ms`. */
export function duration(ms: number): string {
  if (ms >= 995) return `${(ms / 1000).toFixed(1)} s`
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`
}
