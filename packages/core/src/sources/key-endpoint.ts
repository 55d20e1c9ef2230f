import type { JWK } from 'jose'
import { KeysError } from '../errors.ts'
import type { HttpError } from '../http-client.ts'
import type { KeySource, LoadContext, LoadedKeys } from '../key-source.ts'
import { callback, checkOption, checkOptions, choice } from '../options.ts'
import { printable } from '../printable.ts'
import { isRecord } from '../record.ts'
import { shownUrl, urlId } from '../shown-url.ts'
import { readJson, unexpected } from './jwk-set.ts'
import { freshnessOf, jwkFromPem } from './remote-jwks.ts'

/** Options of {@link keyEndpoint}. */
export interface KeyEndpointOptions {
  /** What the endpoint answers: one JWK, or one public key in PEM. */
  readonly format: 'jwk' | 'pem'
  /** What a `kid` must match as a whole before it is put in a URL. No request is made for another. */
  readonly kidPattern: RegExp
}

/**
 * A service that serves one key at a time, as AWS load balancers do.
 *
 * @param urlOf - the URL of a key. Its `kid` is given percent-encoded, and matches `kidPattern`
 * @throws `CONFIG_INVALID` for a wrong option
 *
 * @example
 * ```ts
 * keyEndpoint((kid) => `https://public-keys.auth.elb.eu-central-1.amazonaws.com/${kid}`, {
 *   format: 'pem',
 *   kidPattern: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/,
 * })
 * ```
 */
export function keyEndpoint(urlOf: (kid: string) => string | URL, options: KeyEndpointOptions): KeySource {
  checkOption('keyEndpoint', 'url', urlOf, { ...callback, expected: 'a function from a kid to a URL' })
  checkOptions('keyEndpoint', options, {
    format: choice('jwk', 'pem'),
    kidPattern: { expected: 'a regular expression', accepts: (value) => value instanceof RegExp },
  })
  const { format, kidPattern } = options
  // Anchored, and without the flags that keep state between calls.
  const whole = new RegExp(`^(?:${kidPattern.source})$`, kidPattern.flags.replace(/[gy]/g, ''))
  const accepts = (kid: string): boolean => whole.test(kid) && kid !== '.' && kid !== '..'
  return Object.freeze({
    id: urlId(String(urlOf('{kid}'))),
    accepts,
    async load(context: LoadContext): Promise<LoadedKeys> {
      const { kid } = context
      if (kid === undefined || !accepts(kid)) {
        throw new KeysError(
          'KEYS_UNAVAILABLE',
          `keyEndpoint: expected a kid that matches ${kidPattern}, found ${printable(kid)}`,
        )
      }
      return loadKey(context, kid, String(urlOf(encodeURIComponent(kid))), format)
    },
  })
}

/** 404 is an answer: there is no such key, or no more. */
async function loadKey({ http }: LoadContext, kid: string, url: string, format: 'jwk' | 'pem'): Promise<LoadedKeys> {
  try {
    const response = await http.request({ url })
    const jwk = format === 'pem' ? await jwkFromPem(await response.text()) : await jwkFromJson(response, shownUrl(url))
    return { ...freshnessOf(response), jwks: { keys: [{ ...jwk, kid }] }, partial: true }
  } catch (error) {
    // Not by instanceof: the client may be of another copy of this package.
    if ((error as Partial<HttpError>).responseStatus === 404) return { jwks: { keys: [] }, partial: true }
    throw error
  }
}

async function jwkFromJson(response: Response, url: string): Promise<JWK> {
  const body = await readJson(response, url)
  if (!isRecord(body)) throw unexpected(url, 'one JWK', body)
  return body as unknown as JWK
}
