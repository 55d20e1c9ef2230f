import { type ParseArgsConfig, parseArgs } from 'node:util'

/** Flags of a bench. A wrong one ends the program with a sentence and no stack. */
export function flags<const Config extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Config,
): ReturnType<typeof parseArgs<{ args: string[]; options: Config; strict: true }>>['values'] {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    return fail((error as Error).message)
  }
}

/** A flag that is a number from 1 on. */
export function countFlag(name: string, given: string): number {
  const value = Number(given)
  return Number.isInteger(value) && value > 0
    ? value
    : fail(`--${name}: expected a whole number from 1 on, found ${JSON.stringify(given)}`)
}

/** Ends the program: the command was wrong. */
export function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
