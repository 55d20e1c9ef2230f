import { defineConfig, type Options } from 'tsup'

/** The one build of every published package: ESM and CommonJS, each with its types. */
export const preset = (overrides: Options = {}): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    clean: true,
    sourcemap: true,
    treeshake: true,
    ...overrides,
  })
