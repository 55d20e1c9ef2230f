import fc from 'fast-check'

// What is put into a token: its own alphabet, and what lenient decoders pass over.
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const FOREIGN = [
  '.',
  '=',
  '+',
  '/',
  ' ',
  '\n',
  '\t',
  '\r\n',
  '\0',
  '%',
  '\u00e9',
  '\u0141',
  '\u{1f511}',
  '\ufeff',
  '~',
  ',',
]

/** One change of a text. Places are fractions, so that they shrink and fit any token. */
export type Mutation = (token: string, others: readonly string[]) => string

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const character = fc.oneof(fc.constantFrom(...ALPHABET), fc.constantFrom(...FOREIGN))

const flip = fc.tuple(place, fc.integer({ min: 1, max: 63 })).map(
  ([at, by]): Mutation =>
    (token) => {
      const index = Math.floor(at * token.length)
      const old = ALPHABET.indexOf(token[index] ?? '')
      return splice(token, index, 1, ALPHABET[(old + by) & 63] ?? '')
    },
)

const insert = fc.tuple(place, fc.array(character, { minLength: 1, maxLength: 5 })).map(
  ([at, added]): Mutation =>
    (token) =>
      splice(token, Math.floor(at * (token.length + 1)), 0, added.join('')),
)

const remove = fc.tuple(place, fc.integer({ min: 1, max: 12 })).map(
  ([at, count]): Mutation =>
    (token) =>
      splice(token, Math.floor(at * token.length), count, ''),
)

const repeat = fc.tuple(place, fc.integer({ min: 1, max: 12 })).map(
  ([at, count]): Mutation =>
    (token) => {
      const index = Math.floor(at * token.length)
      return splice(token, index, 0, token.slice(index, index + count))
    },
)

const cut = place.map(
  (at): Mutation =>
    (token) =>
      token.slice(0, Math.floor(at * token.length)),
)

const arrange = fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }).map(
  (order): Mutation =>
    (token) =>
      order.map((index) => token.split('.')[index] ?? '').join('.'),
)

/** A part of another good token in the place of its own. */
const borrow = fc.tuple(fc.nat(2), fc.nat()).map(
  ([index, from]): Mutation =>
    (token, others) => {
      const other = others[from % others.length]?.split('.') ?? []
      return replacePart(token, index, () => other[index] ?? '')
    },
)

/** Other spellings of the same bytes: padding, the other alphabet, bits that no byte uses, blanks. */
export const respell: fc.Arbitrary<Mutation> = fc.tuple(fc.nat(2), fc.nat(4)).map(
  ([index, how]): Mutation =>
    (token) =>
      replacePart(token, index, (part) => {
        const last = ALPHABET.indexOf(part.at(-1) ?? '')
        const spellings = [
          `${part}=`,
          `${part}==`,
          part.replaceAll('-', '+').replaceAll('_', '/'),
          `${part.slice(0, -1)}${ALPHABET[last ^ 1] ?? ''}`,
          `${part.slice(0, 5)}\n${part.slice(5)}`,
        ]
        return spellings[how] ?? part
      }),
)

/** A bit of what a part decodes to, and the part encoded anew: it stays canonical. */
const bit = fc.tuple(fc.nat(2), place, fc.nat(7)).map(
  ([index, at, shift]): Mutation =>
    (token) =>
      replacePart(token, index, (part) => {
        const bytes = Buffer.from(part, 'base64url')
        const position = Math.floor(at * bytes.length)
        if (bytes.length > 0) bytes[position] = (bytes[position] ?? 0) ^ (1 << shift)
        return bytes.toString('base64url')
      }),
)

const around = fc.constantFrom('Bearer ', ' ', '"', '\ufeff', 'eyJhbGciOiJub25lIn0.', '').chain((before) =>
  fc.constantFrom('', ' ', '"', '.', '\n', '.e30').map(
    (after): Mutation =>
      (token) =>
        before + token + after,
  ),
)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 5, arbitrary: flip },
  { weight: 3, arbitrary: bit },
  { weight: 2, arbitrary: insert },
  { weight: 2, arbitrary: remove },
  { weight: 2, arbitrary: borrow },
  { weight: 2, arbitrary: respell },
  repeat,
  cut,
  arrange,
  around,
)

/** Up to four changes, some of which undo each other. */
export const mutations: fc.Arbitrary<Mutation[]> = fc.array(mutation, { maxLength: 4 })

/** A good token, and what became of it. */
export interface Mutated {
  readonly original: string
  readonly token: string
}

/** Good tokens, changed. */
export function mutated(good: readonly string[]): fc.Arbitrary<Mutated> {
  return fc.tuple(fc.nat(good.length - 1), mutations).map(([index, changes]) => {
    const original = good[index] ?? ''
    return { original, token: changes.reduce((token, change) => change(token, good), original) }
  })
}

const ORDERS: Readonly<Record<number, bigint>> = {
  64: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  96: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
}

/** RFC 7515 lets two signatures stand for one: of an ECDSA signature (r, s), (r, n - s) holds as well. */
export function ecdsaTwin(token: string): string {
  return replacePart(token, 2, (part) => {
    const bytes = Buffer.from(part, 'base64url')
    const order = ORDERS[bytes.length]
    if (order === undefined) return part
    const size = bytes.length / 2
    const twin = (order - BigInt(`0x${bytes.subarray(size).toString('hex')}`)).toString(16).padStart(size * 2, '0')
    return Buffer.concat([bytes.subarray(0, size), Buffer.from(twin, 'hex')]).toString('base64url')
  })
}

function replacePart(token: string, index: number, change: (part: string) => string): string {
  return token
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.')
}

function splice(text: string, at: number, count: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + count)
}
