import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
// Below the example's node_modules, as the example depends on every package that a README imports.
const folder = join(root, 'apps/example/node_modules/.readme-examples')

interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}

/** Every `ts` block of a Markdown file. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    code: match[1] ?? '',
  }))
}

function typeCheck(examples: readonly Example[]): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = examples.map(({ file, line, code }) => {
    const name = `${file.replace(/\W+/g, '-')}-${line}.ts`
    // A module, also where it imports nothing, so that no two examples see each other's names.
    writeFileSync(join(folder, name), `${code}\nexport {}\n`)
    return name
  })
  // What the example app does not have.
  const mcp = join(root, 'packages/frameworks/mcp/node_modules/@modelcontextprotocol')
  const paths = {
    zod: [join(root, 'packages/core/node_modules/zod')],
    express: [join(root, 'packages/frameworks/express/node_modules/@types/express')],
    passport: [join(root, 'packages/frameworks/express/node_modules/@types/passport')],
    'passport-jwt': [join(root, 'packages/frameworks/express/node_modules/@types/passport-jwt')],
    fastify: [join(root, 'packages/frameworks/fastify/node_modules/fastify')],
    '@nestjs/*': [join(root, 'packages/frameworks/nest/node_modules/@nestjs/*')],
    'reflect-metadata': [join(root, 'packages/frameworks/nest/node_modules/reflect-metadata')],
    'next/server': [join(root, 'packages/frameworks/next/node_modules/next/server')],
    '@modelcontextprotocol/sdk/*': [join(mcp, 'sdk/dist/esm/*')],
    '@modelcontextprotocol/*': [join(mcp, '*/dist/index.d.mts')],
    ...Object.fromEntries(
      readdirSync(join(root, 'packages/frameworks')).map((name) => [
        `@keysource/${name}`,
        [join(root, 'packages/frameworks', name, 'src/index.ts')],
      ]),
    ),
  }
  const compilerOptions = {
    experimentalDecorators: true,
    isolatedDeclarations: false,
    declaration: false,
    erasableSyntaxOnly: false,
    paths,
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files }),
  )
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

test('every example of a README compiles', { timeout: 120_000 }, () => {
  const pages = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
  const readmes = ['packages', 'packages/providers', 'packages/frameworks']
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}/README.md`))
  const files = ['README.md', ...pages, ...readmes].filter((file) => existsSync(join(root, file)))
  // The MCP SDK declares a `req.auth` of Express, which is another one than ours: no program has both.
  const apart = 'packages/frameworks/mcp/README.md'
  const examples = files.filter((file) => file !== apart).flatMap(examplesIn)
  expect(examples.length).toBeGreaterThan(5)
  expect(typeCheck(examples)).toBe('')
  expect(typeCheck(examplesIn(apart))).toBe('')
})
