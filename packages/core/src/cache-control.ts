/**
 * How long an answer may be used, in milliseconds: `max-age` less `Age` (RFC 9111 sections 4.2.1 and 5.2.2). `no-store` and
 * `no-cache` mean zero; nothing where the answer says nothing, or nothing that can be read.
 */
export function maxAgeMsOf(headers: Headers): number | undefined {
  const directives = (headers.get('cache-control') ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  if (directives.some((directive) => /^no-(?:store|cache)$/.test(directive))) return 0
  const seconds = directives.map((directive) => /^max-age\s*=\s*"?(\d+)"?$/.exec(directive)?.[1]).find(Boolean)
  if (seconds === undefined) return undefined
  const age = /^\d+$/.exec(headers.get('age')?.trim() ?? '')?.[0] ?? '0'
  return Math.max(0, Number(seconds) - Number(age)) * 1000
}

/** `Retry-After` in milliseconds (RFC 9110 section 10.2.3), as seconds or as a date. */
export function retryAfterMsOf(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (!value) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
