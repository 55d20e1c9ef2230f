import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { JWK } from '../src/index.ts'
import type { Signer } from '../test/loopback-issuer.ts'

/** A private JWK of a vector, to sign with; nothing where it is none that can sign. */
export function importSigner(jwk: JWK): Signer | undefined {
  if (jwk.d === undefined || jwk.alg === undefined || jwk.kid === undefined) return undefined
  const privateKey = createPrivateKey({ format: 'jwk', key: jwk as never })
  const publicKey = createPublicKey(privateKey)
  return { alg: jwk.alg as Signer['alg'], kid: jwk.kid, privateKey, publicKey, jwk }
}

const SMALL_PRIMES = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  53n,
  61n,
  71n,
  73n,
  79n,
  97n,
  103n,
  107n,
  109n,
  127n,
  151n,
  157n,
]

/** CVE-2017-15361: primes of one maker's chips are powers of 65537 modulo many small primes, and so are their products. */
export function isRoca({ n }: JWK): boolean {
  if (typeof n !== 'string' || n === '') return false
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex') || '0'}`)
  return SMALL_PRIMES.every((prime) => powersOf(65537n, prime).has(modulus % prime))
}

function powersOf(base: bigint, prime: bigint): ReadonlySet<bigint> {
  const powers = new Set<bigint>()
  for (let power = 1n; !powers.has(power); power = (power * base) % prime) powers.add(power)
  return powers
}
