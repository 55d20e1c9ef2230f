/** An issuer that is composed, and what tells the token's from it. */
export interface CloseIssuer {
  readonly issuer: string
  readonly difference: string
  /** Both lead to the same place: whatever else is said of it, this is the cause. */
  readonly samePlace: boolean
}

// Strangers send such tokens: what is said to each must not cost more with each issuer that is composed.
const MAX_COMPARED = 100
const MAX_LENGTH = 512

/**
 * The composed issuer that an unknown one was probably meant to be. Issuers are compared as text and never normalised
 * (RFC 7519 section 2), so a slash is enough to make one unknown: this only says so, and lets nothing in.
 */
export function closeIssuer(found: string, issuers: readonly string[]): CloseIssuer | undefined {
  if (found.length > MAX_LENGTH) return undefined
  const compared = issuers.slice(0, MAX_COMPARED)
  for (const differs of [...SPELLINGS, ...PLACES]) {
    for (const issuer of compared) {
      const difference = differs(found, issuer)
      if (difference !== undefined) return { issuer, difference, samePlace: SPELLINGS.includes(differs) }
    }
  }
  return undefined
}

type Difference = (found: string, issuer: string) => string | undefined

// The nearest first.
const SPELLINGS: readonly Difference[] = [
  (found, issuer) => {
    if (found === `${issuer}/`) return 'the token’s ends in a slash'
    return issuer === `${found}/` ? 'the token’s lacks the slash at the end' : undefined
  },
  (found, issuer) => {
    if (withoutScheme(found) !== withoutScheme(issuer)) return undefined
    return found.startsWith('http:') ? 'the token’s is http, not https' : 'the scheme is another'
  },
  (found, issuer) => (found.toLowerCase() === issuer.toLowerCase() ? 'capital letters differ' : undefined),
  (found, issuer) => (found.trim() === issuer ? 'the token’s has white space around it' : undefined),
]

const PLACES: readonly Difference[] = [
  (found, issuer) => {
    const [a, b] = [url(found), url(issuer)]
    if (!a || !b || a.host === b.host || a.pathname !== b.pathname) return undefined
    if (withoutRegion(a.host) === withoutRegion(b.host)) return 'the token’s is of another region'
    if (sameSite(a.host, b.host)) return 'the host differs: another tenant, or a custom domain'
    return a.pathname === '/' ? undefined : 'the host differs: a custom domain, or another region'
  },
  (found, issuer) => {
    const [a, b] = [url(found), url(issuer)]
    if (!a || !b || a.host !== b.host) return undefined
    return 'the path differs: another tenant, realm or pool of the same host'
  },
]

function withoutScheme(issuer: string): string {
  return issuer.replace(/^[a-z]+:\/\//, '').replace(/\/$/, '')
}

function url(issuer: string): URL | undefined {
  return URL.canParse(issuer) ? new URL(issuer) : undefined
}

/** `cognito-idp.eu-central-1.amazonaws.com` and the same of another region, `acme.eu.auth0.com` and `acme.us.auth0.com`. */
function withoutRegion(host: string): string {
  return host.replace(/\.(?:[a-z]{2,4}(?:-[a-z]+)+-\d|eu|us|au|jp|ca|uk|in)\./, '.*.')
}

function sameSite(a: string, b: string): boolean {
  const site = (host: string): string => host.split('.').slice(-2).join('.')
  return site(a) === site(b)
}
