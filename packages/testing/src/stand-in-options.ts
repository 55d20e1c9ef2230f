import { type OptionRule, optional, texts } from '@keysource/core'

/** The options that every stand-in takes. */
export interface StandInOptions {
  /** The scopes of tokens that have any. Default: `['openid', 'read:reports']`. */
  readonly scopes?: readonly string[] | undefined
  /** The `Cache-Control` of key answers, `''` for none. Default: what the provider documents, if anything. */
  readonly cacheControl?: string | undefined
}

/** The rules for {@link StandInOptions}. */
export const standInOptions: Readonly<Record<keyof StandInOptions, OptionRule>> = {
  scopes: optional(texts('an array of scopes')),
  cacheControl: optional({
    expected: 'a Cache-Control header, or "" for none',
    accepts: (value) => typeof value === 'string',
  }),
}

/** The scopes of a stand-in whose user gave none. */
export const USUAL_SCOPES: readonly string[] = Object.freeze(['openid', 'read:reports'])
