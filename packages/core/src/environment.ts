import { ConfigError } from './errors.ts'

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads environment variables, at the call and never at import. An empty variable counts as one that is not set. */
export interface EnvironmentReader {
  /** The first of these variables that is set. */
  optional(...names: readonly string[]): string | undefined
  /** The first of these that is set. Throws `CONFIG_INVALID` that names them when none is. */
  required(...names: readonly string[]): string
  /** The first of these that is set, split at commas and white space. */
  list(...names: readonly string[]): readonly string[] | undefined
  /** The same. Throws `CONFIG_INVALID` that names them when none is set. */
  requiredList(...names: readonly string[]): readonly string[]
}

/**
 * For an adapter's `fromEnv`: reads the provider's usual variables.
 *
 * @param owner - the adapter's name, for the error
 * @param environment - `process.env` by default; pass the bindings on runtimes that have none
 */
export function readEnvironment(owner: string, environment?: Environment): EnvironmentReader {
  const variables = environment ?? (globalThis as { process?: { env?: Environment } }).process?.env ?? {}
  const optional = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = Object.hasOwn(variables, name) ? variables[name]?.trim() : undefined
      if (value) return value
    }
    return undefined
  }
  const required = (...names: readonly string[]): string => {
    const value = optional(...names)
    if (value !== undefined) return value
    throw new ConfigError(
      'CONFIG_INVALID',
      `${owner}.fromEnv: expected the environment variable ${names.join(' or ')}, which is not set`,
      { subject: names.join(' or '), expected: 'an environment variable', found: 'nothing' },
    )
  }
  return {
    optional,
    required,
    requiredList: (...names) => split(required(...names)),
    list(...names) {
      const value = optional(...names)
      return value === undefined ? undefined : split(value)
    },
  }
}

function split(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter(Boolean)
}
