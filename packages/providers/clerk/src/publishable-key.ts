import { isHostName } from '@keysource/core'

// Base64 has no "_", so that there are exactly three parts.
const PUBLISHABLE_KEY = /^pk_(?:test|live)_([A-Za-z0-9+/]+={0,2})$/

/**
 * The Frontend API's host in a publishable key, or nothing where the key is damaged: after `pk_test_` or `pk_live_`
 * stands the base64 of the host and one `$`.
 *
 * @example
 * ```ts
 * frontendApiIn('pk_test_YWNtZS1yZXBvcnRzLTQyLmNsZXJrLmFjY291bnRzLmRldiQ=') // 'acme-reports-42.clerk.accounts.dev'
 * ```
 */
export function frontendApiIn(publishableKey: string): string | undefined {
  const [, encoded] = PUBLISHABLE_KEY.exec(publishableKey) ?? []
  const text = encoded === undefined ? undefined : decoded(encoded)
  if (!text?.endsWith('$')) return undefined
  const host = text.slice(0, -1)
  return isHostName(host) ? host : undefined
}

function decoded(base64: string): string | undefined {
  try {
    return atob(base64)
  } catch {
    return undefined // a number of characters that no text has: cut off while it was copied
  }
}
