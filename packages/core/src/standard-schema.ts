import { isPromise } from './promise.ts'

/**
 * The part of Standard Schema (https://standardschema.dev) that is used here: any library that speaks it (zod, valibot,
 * arktype) can describe a token's claims.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that a schema found wrong, and where. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Whether a value is a Standard Schema. Some libraries' schemas are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<StandardSchema>)['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

/** `address.zip`: where in the value an issue is. */
function pathOf(issue: SchemaIssue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}

/** What a schema says of claims, made one: the value that it returns, or the first issue with its path. */
export type SchemaVerdict = { readonly value: unknown } | { readonly path: string; readonly message: string }

/** Runs a schema over a value. A promise only where the schema makes one. */
export function validate(schema: StandardSchema, value: unknown): SchemaVerdict | Promise<SchemaVerdict> {
  const result = schema['~standard'].validate(value)
  return isPromise(result) ? Promise.resolve(result).then(verdictOf) : verdictOf(result)
}

function verdictOf(result: SchemaResult<unknown>): SchemaVerdict {
  if (result.issues) {
    const [issue] = result.issues
    return { path: issue ? pathOf(issue) : '', message: issue?.message ?? 'an issue without a message' }
  }
  if (Object.hasOwn(result, 'value')) return { value: result.value }
  return { path: '', message: 'neither a value nor an issue from the schema' }
}
