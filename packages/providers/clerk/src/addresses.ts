import { isHostName, type OptionRule, secureUrl } from '@keysource/core'

/** Where the Backend API lives: nothing but `/v1/jwks` is put behind it. */
export const apiUrlRule: OptionRule = {
  expected: 'an https URL (plain http only on localhost) without a query, such as "https://api.clerk.com"',
  accepts: (value) => typeof value === 'string' && secureUrl(value)?.search === '' && !value.endsWith('?'),
}

/** An origin as browsers send it (RFC 6454 section 6.1), browser extensions and apps too. */
export const originRule: OptionRule = {
  expected: 'an origin, scheme and host without a path, such as "https://app.example.com"',
  accepts: (value) => typeof value === 'string' && originOf(value) === value,
  suggest: (value) => {
    if (typeof value !== 'string') return undefined
    return originOf(value.trim()) ?? (isHostName(value) ? `https://${value}` : undefined)
  },
}

function originOf(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined
  const { protocol, host, origin } = new URL(value)
  if (host === '') return undefined
  // Schemes that URLs know nothing of have the origin "null".
  return origin === 'null' ? `${protocol}//${host}` : origin
}
