import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Where the public test vectors are: `KEYSOURCE_VECTORS`, or a folder beside the repository. They are other people's, so
 * they are read there and never copied in. Nothing where there are none.
 */
export function vectorFolder(): string | undefined {
  const folder = process.env.KEYSOURCE_VECTORS || fileURLToPath(new URL('../../shared/vectors/', import.meta.url))
  return existsSync(folder) ? folder : undefined
}

/** Whoever names a folder wants the vectors run: then it is a failure where there is none. */
export function vectorsAreRequired(): boolean {
  return Boolean(process.env.KEYSOURCE_VECTORS)
}

/** What a run without the folder says, on one line. */
export const VECTORS_LEFT_OUT: string =
  'left out: the public test vectors. To run them, point KEYSOURCE_VECTORS at a folder with wycheproof/ ' +
  '(github.com/C2SP/wycheproof, testvectors_v1), cookbook/ (github.com/ietf-jose/cookbook) and rfc7515/ (RFC 7515 appendix A)'
