import type { CheckFailure } from './check-failure.ts'
import { closeIssuer } from './close-issuer.ts'
import type { ComposedProvider } from './composition.ts'
import { type KeysError, retold, TokenError } from './errors.ts'
import { warn } from './events.ts'
import { printable } from './printable.ts'
import type { TokenProblem } from './provider.ts'
import type { ParsedToken } from './token.ts'

/** What is known of a token when it is refused. */
export interface RefusalContext {
  readonly composed?: ComposedProvider | undefined
  readonly token?: ParsedToken | undefined
  /** Whom to ask for a hint while it is not known whose token this is. */
  readonly candidates: readonly ComposedProvider[]
}

// Strangers send such tokens: what is said to each must not cost more with each provider that is composed.
const MAX_HINTS_ASKED = 16

/** The error for what a check found: it names the provider, says what was expected and found, and hints at the cause. */
export function refusalOf(failure: CheckFailure, context: RefusalContext): TokenError {
  const { code, subject, expected, found } = failure
  const provider = context.composed?.provider.name
  const message = `${provider ? `${provider}: ` : ''}"${subject}": expected ${expected}, found ${found}`
  const hint = code === 'ISSUER_UNKNOWN' ? issuerHint(failure, context) : hintFor(failure, context)
  return new TokenError(code, message, { provider, subject, expected, found, hint })
}

/** The same fault of the keys, told with the provider that it befell. */
export function unavailableFor(error: KeysError, composed: ComposedProvider): KeysError {
  const { name } = composed.provider
  return retold(error, `${name}: ${error.message}`, { provider: name })
}

/** What the token's provider says of the cause; while the provider is unknown, what any of the composed ones says. */
export function hintFor(failure: CheckFailure, { composed, token, candidates }: RefusalContext): string | undefined {
  const problem: TokenProblem = { ...failure, header: token?.header, claims: token?.claims }
  if (composed) return hintOf(composed, problem)
  const hints = candidates
    .slice(0, MAX_HINTS_ASKED)
    .map((one) => [one.provider.name, hintOf(one, problem)] as const)
    .filter(([, hint]) => hint !== undefined)
  if (hints.length === 0) return undefined
  return candidates.length === 1 ? hints[0]?.[1] : hints.map(([name, hint]) => `${name}: ${hint}`).join(' ')
}

/** An issuer that differs in a slash is unknown, and stays so: the hint says how close it came. */
function issuerHint(failure: CheckFailure, context: RefusalContext): string | undefined {
  const { token, candidates } = context
  const asked = hintFor(failure, context)
  const found = token?.claims.iss
  if (typeof found !== 'string') return asked
  const close = closeIssuer(
    found,
    candidates.slice(0, MAX_HINTS_ASKED).flatMap(({ issuers }) => issuers),
  )
  if (!close || (asked !== undefined && !close.samePlace)) return asked
  const said = `Close to the composed issuer ${printable(close.issuer, 200)}: ${close.difference}.`
  return asked === undefined ? said : `${said} ${asked}`
}

function hintOf({ provider }: ComposedProvider, problem: TokenProblem): string | undefined {
  try {
    return provider.hint?.(problem)
  } catch (error) {
    warn(`the hint of provider "${provider.name}" threw`, error)
    return undefined
  }
}
