import { checkScopes } from './claims.ts'
import { storeOf } from './composition.ts'
import type { VerificationKey } from './key-set.ts'
import { frozen, type RememberedToken, type TokenCacheOptions, tokenCache } from './token-cache.ts'
import type { Attempt, VerificationContext } from './verification.ts'
import type { VerifiedToken } from './verified-token.ts'
import { checkVerifyOptions, type VerifyOptions } from './verifier-options.ts'

/** What a verifier knows of tokens that it has verified. */
export interface TokenMemory {
  /** The token, if every check that can come out differently by now still holds. Otherwise it has to be verified again. */
  recall(jwt: unknown, call: VerifyOptions): VerifiedToken | undefined
  /** Keeps a token. What is returned cannot be altered, as the next caller gets the same. */
  keep(jwt: string, attempt: Attempt, key: VerificationKey, token: VerifiedToken): VerifiedToken
}

/** Puts a token cache in front of a verifier. A hit runs the same freshness step as a miss. */
export function tokenMemory(context: VerificationContext, options: TokenCacheOptions): TokenMemory {
  const cache = tokenCache(options)

  /** As the key cache would be asked for this token: a refresh that is due is started, a withdrawn key is gone. */
  function keyHolds(
    { composed, inquiry, key }: RememberedToken,
    nowSec: number,
    call: VerifyOptions,
  ): boolean | 'later' {
    const { kid, alg, issuer, tenant } = inquiry
    const { begun } = context.loads
    const answer = storeOf(composed, issuer).ask({
      kid,
      alg,
      issuer,
      tenant,
      nowSec,
      loadsBefore: begun,
      waitUntil: call.waitUntil,
    })
    if ('wait' in answer) return 'later'
    return 'keys' in answer && answer.keys.includes(key)
  }

  return {
    recall(jwt, call) {
      if (typeof jwt !== 'string' || context.closing.aborted) return undefined
      const known = cache.get(jwt)
      if (!known) return undefined
      checkVerifyOptions(call)
      if (call.provider !== undefined || call.audience !== undefined || call.signal?.aborted) return undefined
      const nowSec = context.clock.now() / 1000
      const holds = nowSec >= known.from && nowSec < known.until && keyHolds(known, nowSec, call)
      if (holds === false) cache.delete(jwt)
      if (holds !== true) return undefined
      const scopes = call.scopes === undefined ? undefined : checkScopes(known.token.scopes, [call.scopes].flat())
      return scopes ? undefined : known.token
    },
    keep(jwt, { inquiry, route }, key, token) {
      const { composed } = route
      const until = token.expiresAt + composed.rules.clockToleranceSec
      cache.set(jwt, { token: frozen(token), key, composed, inquiry, from: inquiry.nowSec, until })
      return token
    },
  }
}
