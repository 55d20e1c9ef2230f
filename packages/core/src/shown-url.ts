import { checksum } from './checksum.ts'

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
