import { createHmac, sign } from 'node:crypto'
import { forgedToken } from '../faults/issuer.ts'
import type { Random } from '../random.ts'
import type { IssuerKey, IssuerUnderTest } from './issuer-under-test.ts'

/** Makes tokens that must never be accepted, of every usual kind. */
export function forger(issuers: readonly IssuerUnderTest[], random: Random): () => string {
  const all = issuers.flatMap(({ issuer, keys }) => keys.map((key) => ({ issuer, key })))
  function anyone(): { readonly issuer: string; readonly key: IssuerKey } {
    const one = all[Math.floor(random.next() * all.length)]
    if (!one) throw new RangeError('expected at least one key')
    return one
  }
  const kinds: readonly [() => string, ...(() => string)[]] = [
    () => forgedToken(anyone().issuer),
    () => forgedToken(anyone().issuer, anyone().key.kid),
    () => forgedToken('https://stranger.example'),
    () => otherPayload(anyone().key, anyone().issuer),
    () => otherSignature(anyone().key, anyone().key),
    () => unsigned(anyone().key.token()),
    () => signedWithPublicKey(anyone().key),
    () => signedByAnother(anyone(), anyone()),
  ]
  return () => random.pick(kinds)()
}

/** A good signature over other claims. */
function otherPayload(key: IssuerKey, issuer: string): string {
  const [header, , signature] = key.token().split('.')
  const [, payload] = forgedToken(issuer).split('.')
  return `${header}.${payload}.${signature}`
}

function otherSignature(key: IssuerKey, other: IssuerKey): string {
  const [header, payload] = key.token().split('.')
  const donor = key === other ? forgedToken('') : other.token()
  return `${header}.${payload}.${donor.slice(donor.lastIndexOf('.') + 1)}`
}

function unsigned(jwt: string): string {
  const [, payload] = jwt.split('.')
  return `${encoded({ alg: 'none', typ: 'JWT' })}.${payload}.`
}

/** RFC 8725 section 2.1: the public key as the secret of an HMAC. */
function signedWithPublicKey({ kid, jwk, token }: IssuerKey): string {
  const [, payload] = token().split('.')
  const input = `${encoded({ alg: 'HS256', typ: 'JWT', kid })}.${payload}`
  return `${input}.${createHmac('sha256', JSON.stringify(jwk)).update(input).digest('base64url')}`
}

/** One issuer's key under another's name, with the `kid` of either. */
function signedByAnother(
  victim: { readonly issuer: string; readonly key: IssuerKey },
  thief: { readonly issuer: string; readonly key: IssuerKey },
): string {
  if (victim.issuer === thief.issuer) return forgedToken(victim.issuer, thief.key.kid)
  const [header, payload] = victim.key.token().split('.')
  const input = `${header}.${payload}`
  return `${input}.${sign('sha256', Buffer.from(input), thief.key.privateKey).toString('base64url')}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
