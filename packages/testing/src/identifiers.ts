import { randomBytes } from 'node:crypto'

export const DIGITS = '0123456789'
export const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789'
export const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Random text of the shape that providers use for ids: so many characters of an alphabet. */
export function randomText(length: number, alphabet: string = ALPHANUMERIC): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
}
