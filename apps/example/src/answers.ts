import type { VerifiedToken } from '@keysource/core'

/** What this API uses of a token, whatever it came by. */
export type Caller = Pick<
  VerifiedToken,
  'provider' | 'issuer' | 'subject' | 'clientId' | 'scopes' | 'tenant' | 'expiresAt'
>

/** The scope that reports need. */
export const REPORTS = 'read:reports'

/** Who calls. */
export function whoAmI({ provider, issuer, subject, clientId, scopes, tenant, expiresAt }: Caller): Caller {
  return { provider, issuer, subject, clientId, scopes, tenant, expiresAt }
}

/** The reports of a caller who has the scope {@link REPORTS}. */
export function reportsFor({ subject }: Caller): object {
  return { reports: [{ title: 'Keys rotated this week', for: subject }] }
}
