import { defineConfig } from 'vitest/config'
import { ClosingLine } from './tooling/closing-line.ts'
import { VerdictTable } from './tooling/verdict-table.ts'

// Tests run from source, with no build: the condition leads each package's `exports` to its `src`.
const conditions = ['@keysource/source', 'node']

// They build, pack, install, start compilers: after the others, whose timing they would disturb.
const heavy = ['tooling/install.test.ts', 'scripts/new-adapter.test.ts', 'packages/frameworks/next/src/index.test.ts']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    reporters: ['default', new VerdictTable(), new ClosingLine()],
    testTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'source',
          include: ['{packages,apps,bench}/**/{src,test}/**/*.test.ts', '{tooling,scripts}/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/.mutation/**', ...heavy],
        },
      },
      {
        extends: true,
        test: {
          name: 'security',
          include: ['packages/{*,providers/*}/security/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'workspace',
          include: heavy,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
