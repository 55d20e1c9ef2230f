import fc from 'fast-check'
import { brokenJson, jsonText, type Members, SHAPES } from './json-value.ts'

/** An answer of an endpoint that may be anybody's. */
export interface FuzzedAnswer {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

const headers = fc.dictionary(
  fc.constantFrom('cache-control', 'age', 'etag', 'last-modified', 'retry-after', 'content-type', 'date', 'location'),
  fc.oneof(
    fc.constantFrom(
      'max-age=60',
      'no-store',
      'max-age=1e9',
      '-1',
      '"v1"',
      'text/html',
      'Thu, 01 Jan 1970 00:00:00 GMT',
    ),
    fc.string({ maxLength: 40 }).map((value) => value.trim()),
  ),
  { maxKeys: 3 },
)

/** Mostly 200: another status is refused before its body is read. */
const status = fc.oneof(
  { weight: 12, arbitrary: fc.constant(200) },
  fc.constantFrom(201, 302, 304, 401, 404, 429, 500, 503),
)

/** What an endpoint answers: a body that is meant, or garbage, or far too much. */
export function answer(meant: fc.Arbitrary<string>): fc.Arbitrary<FuzzedAnswer> {
  const huge = fc
    .tuple(fc.constantFrom(...Object.keys(SHAPES)), fc.integer({ min: 1, max: 600_000 }))
    .map(([shape, length]) => SHAPES[shape]?.(length) ?? '')
  const body = fc.oneof(
    { weight: 16, arbitrary: meant },
    { weight: 2, arbitrary: jsonText },
    brokenJson,
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
    huge,
  )
  return fc.record({ body, status, headers })
}

/** The same as a `Response`, which takes a body with some statuses alone. */
export function responseOf({ body, status, headers }: FuzzedAnswer): Response {
  return new Response(status === 304 ? null : body, { status, headers })
}

/** An object's members as JSON, for {@link alteredObject}. */
export function membersOf(value: object): Members {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, JSON.stringify(member)]))
}
