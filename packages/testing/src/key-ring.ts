import { type Algorithm, ConfigError } from '@keysource/core'
import type { JWK } from 'jose'
import { type KeyPair, keyPairsHere } from './key-pairs.ts'

/** One signing key. Its material is made when it is first needed, its `kid` stands from the beginning. */
export interface SigningKey {
  readonly kid: string
  readonly alg: Algorithm
  /** Signs what is issued now, or has done so. The other keys wait for their turn. */
  readonly status: 'current' | 'next' | 'previous'
  pair(): Promise<KeyPair>
}

/** What a provider signs with one key at a time: Cognito has one for access tokens and one for ID tokens. */
export interface KeySlot {
  readonly name: string
  readonly alg: Algorithm
  readonly newKid: () => string
  /** The key that comes next is published before it signs. */
  readonly announcesNext?: boolean
  /** Its keys are never published. */
  readonly unpublished?: boolean
  /** Stays as it is when the provider rotates its keys. */
  readonly fixed?: boolean
}

/** The keys of one stand-in. */
export interface KeyRing {
  current(slot: string): SigningKey
  /** A key that was ever in the ring, withdrawn or not. */
  find(kid: string): SigningKey | undefined
  published(): readonly SigningKey[]
  /** Gives the slot another signing key, or every slot that is not fixed. */
  rotate(slot?: string, alg?: Algorithm): void
  withdraw(kid: string): void
  /** A key that is never published, to forge with. */
  forgingPair(alg: Algorithm): Promise<KeyPair>
}

interface Held extends SigningKey {
  readonly slot: KeySlot
  status: SigningKey['status']
  published: boolean
}

// Far from the numbers that rotations use up.
const FORGING_INDEX = 1_000_000

/** The keys of a stand-in, one signing key a slot. */
export function keyRing(slots: readonly KeySlot[]): KeyRing {
  const pairs = keyPairsHere()
  const held: Held[] = []
  let made = 0

  const add = (slot: KeySlot, status: SigningKey['status'], alg: Algorithm = slot.alg): void => {
    const index = made++
    held.push({ kid: slot.newKid(), alg, status, slot, published: !slot.unpublished, pair: () => pairs.at(alg, index) })
  }
  const inSlot = (slot: KeySlot, status: SigningKey['status']): Held | undefined =>
    held.find((key) => key.slot === slot && key.status === status)

  const turn = (slot: KeySlot, alg?: Algorithm): void => {
    const [current, next] = [inSlot(slot, 'current'), inSlot(slot, 'next')]
    if (current) current.status = 'previous'
    if (next && alg === undefined) next.status = 'current'
    else add(slot, 'current', alg)
    if (slot.announcesNext && !inSlot(slot, 'next')) add(slot, 'next')
  }
  for (const slot of slots) turn(slot)

  return {
    current: (name) =>
      found(
        held.find((key) => key.slot.name === name && key.status === 'current'),
        name,
        held,
      ),
    find: (kid) => held.find((key) => key.kid === kid),
    published: () => held.filter((key) => key.published),
    rotate(name, alg) {
      for (const slot of slots) if (name === undefined ? !slot.fixed : slot.name === name) turn(slot, alg)
    },
    withdraw(kid) {
      found(
        held.find((key) => key.kid === kid && key.published),
        kid,
        held,
      ).published = false
    },
    forgingPair: (alg) => pairs.at(alg, FORGING_INDEX),
  }
}

function found(key: Held | undefined, wanted: string, held: readonly Held[]): Held {
  if (key) return key
  const kids = held.filter((one) => one.published).map((one) => one.kid)
  throw new ConfigError(
    'CONFIG_INVALID',
    `the stand-in publishes no key "${wanted}", it has ${kids.join(', ') || 'none'}`,
  )
}

/** The public half as a JWK with nothing but the material and the `kid`: each provider adds the members it has. */
export async function publicJwk(key: SigningKey): Promise<JWK> {
  const { publicKey } = await key.pair()
  return { ...(publicKey.export({ format: 'jwk' }) as JWK), kid: key.kid }
}

/** The public half as PEM, SubjectPublicKeyInfo. */
export async function publicPem(key: SigningKey): Promise<string> {
  const { publicKey } = await key.pair()
  return publicKey.export({ format: 'pem', type: 'spki' }).toString()
}
