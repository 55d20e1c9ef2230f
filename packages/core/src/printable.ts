/**
 * Text from a token, a header or an option, made fit for an error message: one line, quoted, bounded.
 *
 * Values come from strangers. Control characters would forge log lines, and a long value would carry a whole token.
 */
export function printable(value: unknown, maxLength = 80): string {
  const text = typeof value === 'string' ? quoted(value, maxLength) : described(value, maxLength)
  // Quotes and the sign that something was left out; escapes may have made it longer all the same.
  return text.length <= maxLength + 3 ? text : `${text.slice(0, maxLength + 1)}…${typeof value === 'string' ? '"' : ''}`
}

/** `"a", "b" or "c"`: the values that would have been accepted. */
export function oneOf(values: Iterable<string>, most = 8): string {
  const all = [...values]
  const shown = all.slice(0, most).map((value) => printable(value))
  if (all.length > most) return `${shown.join(', ')} or one of ${all.length - most} more`
  if (shown.length < 2) return shown.join('')
  return `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`
}

function quoted(text: string, maxLength: number): string {
  const clipped = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return JSON.stringify(clipped).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function described(value: unknown, maxLength: number): string {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) {
    if (value.length > 0 && value.length <= 8 && value.every((item) => typeof item === 'string')) {
      return `[${value.map((item) => quoted(item, maxLength)).join(', ')}]`
    }
    return `an array of ${value.length}`
  }
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}
