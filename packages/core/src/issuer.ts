import { reason } from './audience.ts'
import type { OptionRule } from './options.ts'
import { isRecord } from './record.ts'

/**
 * The issuers of a provider that has one per tenant: `https://login.example/{tenantid}/v2.0`. The slot in braces takes a
 * GUID and nothing else; the token's `claim` must name the same tenant.
 */
export interface IssuerPattern {
  /** The issuer with one slot in braces. */
  readonly template: string
  /** The claim that must equal what stands in the slot: `tid`. */
  readonly claim: string
  /** The tenants that are let in, or {@link anyTenant} with the reason. */
  readonly allow: readonly string[] | AnyTenant
}

const ANY_TENANT: unique symbol = Symbol.for('@keysource/core.any-tenant')

/** Every tenant is let in, with the reason. */
export interface AnyTenant {
  readonly [ANY_TENANT]: true
  readonly why: string
}

/**
 * Lets every tenant of a multi-tenant provider in: anyone in the world who has an account there. Say why.
 *
 * @throws `CONFIG_INVALID` without a reason
 */
export function anyTenant(why: string): AnyTenant {
  return Object.freeze({ [ANY_TENANT]: true as const, why: reason('anyTenant', why) })
}

/** Whether every tenant is let in. */
export function isAnyTenant(value: unknown): value is AnyTenant {
  return isRecord(value) && Object.hasOwn(value, ANY_TENANT)
}

/** Whether an issuer is a pattern. */
export function isIssuerPattern(issuer: string | readonly string[] | IssuerPattern): issuer is IssuerPattern {
  return typeof issuer === 'object' && !Array.isArray(issuer)
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const SLOT = /\{[^{}]*\}/

/** Reads the tenant out of an issuer, or nothing where it is not one of the pattern's allowed issuers. */
export function tenantReader(pattern: IssuerPattern): (issuer: string) => string | undefined {
  const [before = '', after = ''] = pattern.template.split(SLOT)
  const { allow } = pattern
  const allowed = isAnyTenant(allow) ? undefined : new Set(allow.map((tenant) => tenant.toLowerCase()))
  return (issuer) => {
    if (!issuer.startsWith(before) || !issuer.endsWith(after)) return undefined
    const tenant = issuer.slice(before.length, issuer.length - after.length)
    if (!GUID.test(tenant)) return undefined
    return !allowed || allowed.has(tenant.toLowerCase()) ? tenant : undefined
  }
}

/**
 * One spelling for each tenant of a pattern: as the list has it, or in lower case. GUIDs match in any case, and strangers must
 * not make several tenants of one by how they write it.
 */
export function tenantSpelling({ template, allow }: IssuerPattern): (issuer: string) => string {
  const [before = '', after = ''] = template.split(SLOT)
  const listed = new Map(isAnyTenant(allow) ? [] : allow.map((tenant) => [tenant.toLowerCase(), tenant]))
  return (issuer) => {
    const tenant = issuer.slice(before.length, issuer.length - after.length).toLowerCase()
    return `${before}${listed.get(tenant) ?? tenant}${after}`
  }
}

/**
 * Whether a key that names its issuer may sign for this one. Microsoft's keys carry `issuer`, with or without a slot for
 * the tenant; a key of one tenant never signs for another.
 */
export function keyIssuerFits(keyIssuer: string, issuer: string, tenant: string | undefined): boolean {
  return keyIssuer === issuer || (tenant !== undefined && keyIssuer.replace(SLOT, tenant) === issuer)
}

/** What `issuer` may be. */
export const issuerRule: OptionRule = {
  expected:
    'the exact iss of its tokens, an array of them, or a pattern { template: "https://…/{tenantid}/…", claim, allow: [GUIDs] or anyTenant("why") }',
  accepts: (value) =>
    isIssuer(value) || (Array.isArray(value) && value.length > 0 && value.every(isIssuer)) || isPattern(value),
}

function isIssuer(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value === value.trim()
}

function isPattern(value: unknown): value is IssuerPattern {
  if (!isRecord(value)) return false
  const { template, claim, allow } = value as Partial<IssuerPattern>
  const slots = typeof template === 'string' ? template.split(SLOT).length - 1 : 0
  const tenants = Array.isArray(allow) && allow.length > 0 && allow.every((tenant) => GUID.test(tenant))
  return slots === 1 && typeof claim === 'string' && claim !== '' && (tenants || isAnyTenant(allow))
}
