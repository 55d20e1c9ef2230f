// Mutation testing of what decides about a token; see docs/decisions/0011-mutation-testing.md.
import { fileURLToPath } from 'node:url'

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: [
    'src/{token,claims,key-set,issuer,verification}.ts',
    'src/key-cache/{state,cache,load-keys,held-keys,snapshot,combined}.ts',
  ],
  testRunner: 'vitest',
  // Named by path: Stryker looks for plugins beside itself, and pnpm keeps them apart.
  plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // A busy machine is no kill.
  timeoutMS: 20_000,
  ignorePatterns: ['dist', 'security'],
  tempDirName: '.mutation',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: '.mutation/report.json' },
  thresholds: { high: 95, low: 90, break: 90 },
}
