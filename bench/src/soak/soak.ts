import type { Laboratory } from '../faults/laboratory.ts'
export async function soak(_l: Laboratory, _s: number, _seed: number): Promise<boolean> {
  return false
}
