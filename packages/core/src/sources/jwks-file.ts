import { readFile, stat } from 'node:fs/promises'
import { KeysError } from '../errors.ts'
import type { KeySource, LoadContext, LoadedKeys } from '../key-source.ts'
import { checkOption, text } from '../options.ts'
import { jwkSetFrom } from './jwk-set.ts'

/**
 * A key set that was downloaded and stored. It is read again when the file changes.
 *
 * @param path - the file, a JWK Set in JSON
 * @throws `CONFIG_INVALID` for a path that is no text. A file that cannot be read is `KEYS_UNAVAILABLE` at use
 *
 * @example
 * ```ts
 * firstOf(remoteJwks(url), jwksFile('/etc/keysource/id.example.com.json'))
 * ```
 */
export function jwksFile(path: string): KeySource {
  checkOption('jwksFile', 'path', path, text('the path of a file'))
  return Object.freeze({
    local: true,
    id: `file:${path}`,
    load: (context: LoadContext): Promise<LoadedKeys> => loadFile(path, context),
  })
}

async function loadFile(path: string, { previous }: LoadContext): Promise<LoadedKeys> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    const etag = `${mtimeMs}-${size}-${ino}`
    if (previous?.etag === etag) return { ...previous, notModified: true }
    return { jwks: jwkSetFrom(parse(await readFile(path, 'utf8'), path), path), etag, maxAgeMs: 0 }
  } catch (cause) {
    if (cause instanceof KeysError) throw cause
    throw new KeysError('KEYS_UNAVAILABLE', `${path}: expected a file that can be read: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** The parser's own message would repeat what the file holds. */
function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new KeysError('KEYS_UNAVAILABLE', `${path}: expected a JWK Set in JSON, found other text`)
  }
}
