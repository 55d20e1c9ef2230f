/** A URL as errors and events may show it: its query may hold a key, its user part a password. */
export function shownUrl(url: string | URL): string {
  return String(url)
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/@]*@/, '//')
}

/** Names what is behind a URL, and tells two queries apart without showing them. */
export function urlId(url: string): string {
  const query = /\?([^#]*)/.exec(url)?.[1]
  return query ? `${shownUrl(url)}?~${checksum(query)}` : shownUrl(url)
}

/** FNV-1a, 32 bits: a name, and no protection. */
function checksum(text: string): string {
  let sum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  return (sum >>> 0).toString(16).padStart(8, '0')
}
