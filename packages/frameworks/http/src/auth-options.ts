import {
  allOptional,
  checkOptions,
  flag,
  httpsUrl,
  type OptionRule,
  text,
  textOrTexts,
  type VerifyOptions,
} from '@keysource/core'
import type { TokenPlaces } from './credentials.ts'

/** What is asked of a request. */
export interface AuthOptions extends TokenPlaces, Pick<VerifyOptions, 'provider' | 'audience'> {
  /** Scopes that the token must have, all of them: else 403 with those that are needed. */
  readonly scopes?: string | readonly string[] | undefined
  /** Lets requests without credentials through. A bad token is refused all the same. Default `false`. */
  readonly optional?: boolean | undefined
  /** The `realm` of challenges. */
  readonly realm?: string | undefined
  /** The URL of the protected resource metadata (RFC 9728), for challenges. See {@link protectedResource}. */
  readonly resourceMetadata?: string | undefined
  /** Tells the error's code, message and hint in the answer. Default: whether `NODE_ENV` is `development`. */
  readonly development?: boolean | undefined
}

// What fits between the quotation marks of a challenge (RFC 6749 section 3.3, RFC 9110 section 5.6.4).
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const STANDARD = ['authorization', 'cookie']

/** How each of the {@link AuthOptions} is checked. */
export const authRules: Readonly<Record<keyof AuthOptions, OptionRule>> = /* @__PURE__ */ allOptional({
  scopes: {
    expected: 'a scope such as "reports:read", or an array of them',
    accepts: (value) => (Array.isArray(value) ? value.every(isScope) : isScope(value)),
    suggest: (value) =>
      typeof value === 'string' && value.includes(' ') ? 'an array with one scope an item' : undefined,
  },
  provider: text(),
  audience: textOrTexts(),
  header: {
    expected: 'the name of a header in lower case, other than authorization and cookie',
    accepts: (value) => typeof value === 'string' && FIELD_NAME.test(value) && !STANDARD.includes(value),
  },
  cookie: {
    expected: 'the name of a cookie',
    accepts: (value) => typeof value === 'string' && FIELD_NAME.test(value.toLowerCase()),
  },
  optional: flag,
  realm: {
    expected: 'printable ASCII without quotation marks and backslashes',
    accepts: (value) => typeof value === 'string' && QUOTABLE.test(value),
  },
  resourceMetadata: httpsUrl('https://api.example.com/.well-known/oauth-protected-resource'),
  development: flag,
})

/**
 * Checks what is asked of requests.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkAuthOptions(options: AuthOptions): void {
  checkOptions('auth', options, authRules)
}

/** Where a runtime has no environment, nobody develops on it. */
export function inDevelopment(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return process?.env?.NODE_ENV === 'development'
}

function isScope(value: unknown): boolean {
  return typeof value === 'string' && SCOPE.test(value)
}
