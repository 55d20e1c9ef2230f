/** What every library is told: whose tokens, for whom, and where the keys are. */
export interface SubjectTarget {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
}

/** Resolves for a good token, and rejects otherwise. */
export type Verify = (jwt: string) => Promise<unknown>

/** A library that is measured. */
export interface Subject {
  readonly name: string
  /** The npm packages whose versions are reported. */
  readonly packages: readonly string[]
  /** Makes a verifier with nothing in its cache, as the library's own documentation does. */
  start(target: SubjectTarget): Verify
}

/** How long keys live, where a library has such a setting. */
export const LIFETIME_MS = 2000
/** How often an unknown `kid` may cause a request, where a library has such a setting. */
export const COOLDOWN_MS = 1000
