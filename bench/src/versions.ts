import { readFileSync } from 'node:fs'

/** `jose 6.2.18`, for each of these packages. */
export function versionsOf(packages: readonly string[]): readonly string[] {
  return [...new Set(packages)].map((name) => {
    const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url)
    return `${name} ${(JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version}`
  })
}
