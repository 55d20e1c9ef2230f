/** What a file in benches/ exports as `bench`. */
export interface Bench {
  /** One line for the list of benches. */
  readonly about: string
  /** Runs it, prints what it found, and says whether Keysource met its bars. */
  run(args: readonly string[]): Promise<boolean>
}
