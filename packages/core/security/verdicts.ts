import type { TestContext } from 'vitest'

/** Cases that ran in one test, and what became of them. */
export interface VerdictCount {
  /** `attacks`, or the name of a set of vectors. */
  readonly suite: string
  readonly engine: string
  readonly ran: number
  readonly mustRefuse: number
  readonly mustAccept: number
  readonly wronglyAccepted: number
  readonly wronglyRefused: number
  /** Why cases were held to another verdict than the published one, and how many were. */
  readonly byRule?: Readonly<Record<string, number>>
}

declare module 'vitest' {
  interface TaskMeta {
    /** For the table at the end of a run. */
    verdicts?: VerdictCount[]
  }
}

/** What must become of a case, and what did. A case that may go either way is counted as run. */
export interface Verdict {
  readonly mustBe: 'accepted' | 'refused' | 'either'
  readonly accepted: boolean
  /** The rule by which another verdict than the published one is expected. */
  readonly why?: string | undefined
}

/** Counts cases for the table at the end of the run. */
export function countVerdicts(
  { task }: Pick<TestContext, 'task'>,
  suite: string,
  engine: string,
  verdicts: readonly Verdict[],
): void {
  const count = (mustBe: Verdict['mustBe'], accepted?: boolean): number =>
    verdicts.filter((one) => one.mustBe === mustBe && (accepted === undefined || one.accepted === accepted)).length
  const byRule: Record<string, number> = {}
  for (const { why } of verdicts) if (why !== undefined) byRule[why] = (byRule[why] ?? 0) + 1
  const earlier = task.meta.verdicts ?? []
  task.meta.verdicts = [
    ...earlier,
    {
      suite,
      engine,
      ran: verdicts.length,
      mustRefuse: count('refused'),
      mustAccept: count('accepted'),
      wronglyAccepted: count('refused', true),
      wronglyRefused: count('accepted', false),
      byRule,
    },
  ]
}
