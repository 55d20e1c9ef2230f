import { ConfigError } from './errors.ts'
import { printable } from './printable.ts'
import { isRecord } from './record.ts'

/** What `aud` must hold: one of these (RFC 7519 section 4.1.3). */
export type Audience = string | readonly string[] | Unchecked

const UNCHECKED: unique symbol = Symbol.for('@keysource/core.unchecked')

/** A check that was left out on purpose, with the reason. */
export interface Unchecked {
  readonly [UNCHECKED]: true
  readonly why: string
}

/**
 * Stands where a check is left out, with the reason in words: `audience: unchecked('tokens of this issuer have no aud')`.
 * A token that was meant for another API then passes this one (RFC 8725 section 3.9): make sure that something else
 * tells them apart.
 *
 * @param why - the reason, for whoever reads the configuration next
 * @throws `CONFIG_INVALID` without a reason
 */
export function unchecked(why: string): Unchecked {
  return Object.freeze({ [UNCHECKED]: true as const, why: reason('unchecked', why) })
}

/** Whether a check was left out on purpose. */
export function isUnchecked(value: unknown): value is Unchecked {
  return isRecord(value) && Object.hasOwn(value, UNCHECKED)
}

/** A reason is words: `unchecked(true)` and `unchecked('')` say nothing to the next reader. */
export function reason(owner: string, why: unknown): string {
  if (typeof why === 'string' && why.trim() !== '') return why
  throw new ConfigError('CONFIG_INVALID', `${owner}(why): expected a reason in words, got ${printable(why)}`, {
    subject: 'why',
    expected: 'a reason in words',
    found: printable(why),
  })
}
