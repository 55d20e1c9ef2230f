import { ASYMMETRIC_ALGORITHMS, algorithmFacts } from './algorithms.ts'
import { ConfigError, configInvalid } from './errors.ts'
import { oneOf, printable } from './printable.ts'
import { isRecord } from './record.ts'
import { isStandardSchema } from './standard-schema.ts'

/** How one option is checked. */
export interface OptionRule {
  /** What is expected, in words: `a host name such as "example.auth0.com"`. */
  readonly expected: string
  readonly accepts: (value: unknown) => boolean
  /** May be left out. */
  readonly optional?: boolean
  /** Its value never appears in an error. */
  readonly secret?: boolean
  /** What to write instead, where that can be told from what was given. */
  readonly suggest?: (value: unknown) => string | undefined
}

/**
 * Checks an options object when it is given: each unknown, missing or wrong option is refused in one sentence.
 *
 * @param owner - whose options these are, as the user knows it: `auth0`
 * @param options - what was given
 * @param rules - each option's rule
 * @throws `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * checkOptions('acme', options, { ...adapterOptions, domain: hostName('acme.example.com') })
 * ```
 */
export function checkOptions(owner: string, options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  if (!isRecord(options)) {
    throw configInvalid(owner, 'options', `an object with ${oneOf(requiredNames(rules))}`, printable(options))
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rules, name)) throw unknownOption(owner, name, rules)
  }
  for (const [name, rule] of Object.entries(rules)) checkOption(owner, name, options[name], rule)
}

/** Checks one option's value. An optional one may be `undefined`. */
export function checkOption(owner: string, name: string, value: unknown, rule: OptionRule): void {
  if (value === undefined && rule.optional) return
  if (value !== undefined && rule.accepts(value)) return
  const suggestion = rule.suggest?.(value)
  const expected = suggestion === undefined ? rule.expected : `${rule.expected}: write ${printable(suggestion)}`
  const found =
    rule.secret && value !== undefined
      ? 'another value (not shown, it may be a secret)'
      : printable(withoutSecrets(value))
  throw configInvalid(owner, name, expected, found)
}

/** A URL may hold a password or a key, where it is the wrong one too. What is left out shows as an ellipsis. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'string' || !value.includes('://')) return value
  return value.replace(/:\/\/[^/?#@]*@/, '://…@').replace(/([?#]).+$/s, '$1…')
}

/** The same rule, for an option that may be left out. */
export function optional(rule: OptionRule): OptionRule {
  return { ...rule, optional: true }
}

/** The same rules, for options that may all be left out. */
export function allOptional<Name extends string>(rules: Readonly<Record<Name, OptionRule>>): Record<Name, OptionRule> {
  const entries = Object.entries<OptionRule>(rules).map(([name, rule]) => [name, optional(rule)])
  return Object.fromEntries(entries)
}

/** A string with something in it. */
export function text(expected = 'a non-empty string'): OptionRule {
  return { expected, accepts: isText }
}

/** One string, or several. */
export function textOrTexts(expected = 'a non-empty string or an array of them'): OptionRule {
  return { expected, accepts: (value) => isText(value) || isTexts(value) }
}

/** An array of strings, with at least one. */
export function texts(expected = 'an array of non-empty strings'): OptionRule {
  return { expected, accepts: isTexts }
}

/** A string that is never shown. */
export function secret(expected = 'a non-empty string'): OptionRule {
  return { expected, accepts: isText, secret: true }
}

/** One of these strings. */
export function choice(...values: readonly string[]): OptionRule {
  return { expected: oneOf(values), accepts: (value) => typeof value === 'string' && values.includes(value) }
}

/** A finite number within bounds, both included. */
export function numberWithin(least: number, most: number, unit: string): OptionRule {
  return {
    expected: `a number of ${unit} from ${least} to ${most}`,
    accepts: (value) => typeof value === 'number' && value >= least && value <= most,
  }
}

/** `true` or `false`. */
export const flag: OptionRule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }

/** A function. */
export const callback: OptionRule = { expected: 'a function', accepts: (value) => typeof value === 'function' }

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/

/** A host name in lower case: no scheme, port, path or trailing dot. */
export function hostName(example: string): OptionRule {
  return {
    expected: `a host name in lower case without scheme or path, such as ${printable(example)}`,
    accepts: isHostName,
    suggest: hostNameWithin,
  }
}

/** Whether a value is a host name as {@link hostName} takes it. */
export function isHostName(value: unknown): value is string {
  return typeof value === 'string' && HOST_NAME.test(value)
}

function hostNameWithin(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const host = value
    .trim()
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/[/:?#].*$/s, '')
    .replace(/\.$/, '')
  return isHostName(host) ? host : undefined
}

/** What an issuer or a key URL may be: https, or plain http on this machine; no user name, no fragment. */
export function httpsUrl(example: string): OptionRule {
  return {
    expected: `an https URL (plain http only on localhost) such as ${printable(example)}`,
    accepts: (value) => typeof value === 'string' && secureUrl(value) !== undefined,
  }
}

/** The URL, if requests to it are allowed. */
export function secureUrl(value: string): URL | undefined {
  // `new URL` repairs white space and missing slashes: what is written down should be what is asked for.
  const url = /^https?:\/\/\S+$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined
  if (!url || url.username || url.password || url.hash) return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && isLoopback(url.hostname) ? url : undefined
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/** The allow-list of algorithms. */
export const algorithmList: OptionRule = {
  expected: `an array of asymmetric algorithms (${ASYMMETRIC_ALGORITHMS.join(', ')})`,
  accepts: (value) => isTexts(value) && value.every((name) => algorithmFacts(name) !== undefined),
}

/** The options that every adapter takes, as {@link AdapterOptions} types them. */
export const adapterOptions: Readonly<
  Record<'name' | 'algorithms' | 'typ' | 'clockToleranceSec' | 'requiredClaims' | 'schema', OptionRule>
> = /* @__PURE__ */ allOptional({
  name: {
    expected: 'a name of 1 to 64 letters, digits, ".", "_" or "-"',
    accepts: (value) => typeof value === 'string' && /^[\w.-]{1,64}$/.test(value),
  },
  algorithms: algorithmList,
  typ: textOrTexts('a token type such as "at+jwt", or several'),
  clockToleranceSec: numberWithin(0, 300, 'seconds'),
  requiredClaims: {
    expected: 'an array of claim names',
    accepts: (value) => Array.isArray(value) && value.every(isText),
  },
  schema: { expected: 'a Standard Schema (zod, valibot, arktype)', accepts: isStandardSchema },
})

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText)
}

function unknownOption(owner: string, name: string, rules: Readonly<Record<string, OptionRule>>): ConfigError {
  const expected = `one of ${Object.keys(rules).join(', ')}`
  return new ConfigError('CONFIG_INVALID', `${owner}: unknown option ${printable(name)}, expected ${expected}`, {
    subject: name,
    expected,
    found: printable(name),
  })
}

function requiredNames(rules: Readonly<Record<string, OptionRule>>): string[] {
  const required = Object.keys(rules).filter((name) => !rules[name]?.optional)
  return required.length > 0 ? required : Object.keys(rules)
}
