import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { VECTORS_LEFT_OUT, vectorFolder, vectorsAreRequired } from '../../../tooling/vector-folder.ts'
import { countVerdicts, type Verdict } from './verdicts.ts'

/** What a set of vectors says of one case. */
export type VectorResult = 'valid' | 'invalid' | 'acceptable'

/** A reason to expect another verdict than the published one, and the cases it is true of: a rule, never a list of numbers. */
export interface Rule<Case> {
  readonly why: string
  readonly expect: Verdict['mustBe']
  readonly applies: (one: Case) => boolean
}

/** A case as this library is held to it. */
export interface Expected {
  readonly mustBe: Verdict['mustBe']
  /** The rule that made it differ from what was published. */
  readonly why: string | undefined
}

/** The published verdict, or that of the first rule that differs from it. */
export function expectedOf<Case>(one: Case, result: VectorResult, rules: readonly Rule<Case>[]): Expected {
  const published = result === 'valid' ? 'accepted' : result === 'invalid' ? 'refused' : 'either'
  const rule = rules.find(({ expect: mustBe, applies }) => mustBe !== published && applies(one))
  return rule ? { mustBe: rule.expect, why: rule.why } : { mustBe: published, why: undefined }
}

/**
 * Tests over files of public vectors, which are read where they are and never copied. Where there are none the tests are
 * skipped, and the run says so; whoever named a folder gets a failure.
 */
export function vectorSuite(
  title: string,
  find: (folder: string) => readonly string[],
  run: (file: string) => void,
): void {
  const folder = vectorFolder()
  const files = folder ? find(folder).filter((file) => existsSync(file)) : []
  describe(title, () => {
    if (files.length > 0) for (const file of files) run(file)
    else if (folder || vectorsAreRequired()) test('the vectors are there', () => expect.fail(VECTORS_LEFT_OUT))
    else test.skip('left out: there is no folder of vectors', () => {})
  })
}

/** A file of Wycheproof, as this folder has it or as the repository does. */
export function wycheproof(folder: string, ...names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const cloned = join(folder, 'wycheproof', 'testvectors_v1', name)
    return existsSync(cloned) ? cloned : join(folder, 'wycheproof', name)
  })
}

/** Every file of Wycheproof with such a name. */
export function wycheproofLike(folder: string, pattern: RegExp): readonly string[] {
  const cloned = join(folder, 'wycheproof', 'testvectors_v1')
  const directory = existsSync(cloned) ? cloned : join(folder, 'wycheproof')
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((name) => pattern.test(name))
    .map((name) => join(directory, name))
}

/** A vector file, which is JSON. */
export function readVectors<Content>(file: string): Content {
  return JSON.parse(readFileSync(file, 'utf8')) as Content
}

/** Counts cases for the table at the end of the run, and fails where one went the wrong way. */
export function judge(
  context: TestContext,
  suite: string,
  engine: string,
  cases: readonly (Expected & { readonly name: string; readonly verdict: string })[],
): void {
  const verdicts = cases.map(({ mustBe, verdict, why }) => ({ mustBe, accepted: verdict === 'accepted', why }))
  countVerdicts(context, suite, engine, verdicts)
  const wrong = cases.filter(({ mustBe, verdict }) => {
    if (/^not a KeysourceError/.test(verdict)) return true
    return mustBe !== 'either' && (mustBe === 'accepted') !== (verdict === 'accepted')
  })
  expect(wrong.map(({ name, mustBe, verdict }) => `${name}: must be ${mustBe}, ${verdict}`)).toEqual([])
}
