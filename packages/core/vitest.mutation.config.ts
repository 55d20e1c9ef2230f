import { relative } from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'
import { BaseSequencer, type TestSpecification, type Vitest } from 'vitest/node'

// What Stryker runs against a mutant, from source as the root's vitest.config.ts has it.
const conditions = ['@keysource/source', 'node']

/**
 * The tests that are about a file, the likeliest to fail first. Every test touches most files, if only to make a verifier: with
 * all of them each survivor would take half a minute, and many mutants would be killed by luck.
 */
const TESTS_OF: Readonly<Record<string, readonly string[]>> = {
  token: ['token', 'verification', 'refusal'],
  claims: ['claims', 'verification', 'issuer', 'explain'],
  'key-set': [
    'key-set',
    'issuer',
    'key-cache/snapshot',
    'explain',
    'verification',
    'key-cache/cache',
    'sources/pem-key',
  ],
  issuer: ['issuer', 'options', 'composition'],
  verification: ['verification', 'claims', 'verifier', 'explain', 'standard-schema', 'composition'],
  'key-cache/state': ['key-cache/state', 'key-cache/cache'],
  'key-cache/cache': [
    'key-cache/cache',
    'key-cache/workers',
    'key-cache/snapshot',
    'sources/key-endpoint',
    'verifier',
    'sources/combine',
  ],
  'key-cache/load-keys': ['key-cache/cache', 'sources/key-endpoint', 'key-set', 'sources/static-jwks', 'http-client'],
  'key-cache/held-keys': ['key-cache/held-keys', 'key-cache/cache', 'sources/key-endpoint', 'key-cache/snapshot'],
  'key-cache/snapshot': ['key-cache/snapshot', 'key-cache/cache'],
  'key-cache/combined': ['sources/combine'],
}

class TestsOfTheMutant extends BaseSequencer {
  readonly #vitest: Vitest

  constructor(vitest: Vitest) {
    super(vitest)
    this.#vitest = vitest
  }

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Stryker names the file of the mutant as `related`; in its first run, all that it mutates.
    const mutated = (this.#vitest.config.related ?? []).map((file) => this.#name(file, '.ts'))
    const wanted = mutated.flatMap((name) => TESTS_OF[name] ?? [])
    const place = ({ moduleId }: TestSpecification): number => wanted.indexOf(this.#name(moduleId, '.test.ts'))
    return files.filter((file) => place(file) >= 0).sort((a, b) => place(a) - place(b))
  }

  #name(file: string, ending: string): string {
    return relative('src', file).replaceAll('\\', '/').slice(0, -ending.length)
  }
}

/**
 * Stryker looks at tests alone: a mutant with which a test file cannot even be read (the verifier that its tables are for cannot
 * be made, say) would count as one that survived.
 */
function unreadableFilesFail(): Plugin {
  return {
    name: 'unreadable-files-fail',
    configureVitest({ vitest }) {
      const start = vitest.start.bind(vitest)
      vitest.start = async (filters) => {
        const result = await start(filters)
        for (const file of vitest.state.getFiles()) {
          if (file.result?.state !== 'fail' || file.tasks.length > 0) continue
          const name = 'can be read'
          const names = { name, fullName: name, fullTestName: name, id: `${file.id}_read` }
          const empty = { meta: {}, annotations: [], artifacts: [], timeout: 0, context: {} as never }
          file.tasks.push({ type: 'test', mode: 'run', ...names, ...empty, suite: file, file, result: file.result })
        }
        return result
      }
    },
  }
}

export default defineConfig({
  plugins: [unreadableFilesFail()],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['src/**/*.test.ts'],
    // Random schedules take too long for every mutant, and kill some by luck.
    exclude: ['**/*.property.test.ts'],
    sequence: { sequencer: TestsOfTheMutant },
    testTimeout: 20_000,
  },
})
