// The packages as users get them: built, packed, installed by npm into an empty folder, and used from there.
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const consumers = fileURLToPath(new URL('./install', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const pnpm = join(root, 'node_modules/pnpm/bin/pnpm.cjs')

/** Core, and every adapter. */
const PACKAGES: Readonly<Record<string, string>> = {
  core: 'packages/core',
  ...Object.fromEntries(
    readdirSync(join(root, 'packages/providers')).map((name) => [name, `packages/providers/${name}`] as const),
  ),
}
const POOL = 'eu-west-1_Tarballs1'
const FRONTEND_API = 'clerk.tarballs.example'

/** An empty folder outside the workspace, with the tarballs installed. */
let folder: string
let keys: Server
let environment: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keysource-install-'))
  await buildPackages()
  await installPackages(await packPackages())
  const issued = await issueTokens()
  keys = await serve(issued.jwks)
  environment = {
    ...process.env,
    POOL,
    FRONTEND_API,
    KEYS_ORIGIN: `http://127.0.0.1:${(keys.address() as AddressInfo).port}`,
    COGNITO_TOKEN: issued.cognitoToken,
    CLERK_TOKEN: issued.clerkToken,
    CLERK_JWT_KEY: issued.clerkKey,
  }
})

afterAll(async () => {
  keys?.close()
  await rm(folder, { recursive: true, force: true })
})

async function buildPackages(): Promise<void> {
  const filters = Object.keys(PACKAGES).map((name) => `--filter=@keysource/${name}`)
  await execute(process.execPath, [join(root, 'scripts/turbo.mjs'), 'run', 'build', ...filters], root)
}

async function packPackages(): Promise<string[]> {
  const tarballs = join(folder, 'tarballs')
  await mkdir(tarballs)
  for (const directory of Object.values(PACKAGES)) {
    await execute(process.execPath, [pnpm, 'pack', '--pack-destination', tarballs], join(root, directory))
  }
  return (await readdir(tarballs)).map((name) => join(tarballs, name))
}

async function installPackages(tarballs: readonly string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await execute('npm', ['install', '--no-audit', '--no-fund', ...tarballs], folder)
  await cp(consumers, folder, { recursive: true })
  // the same program, to be compiled to CommonJS
  await cp(join(folder, 'verify.ts'), join(folder, 'verify.cts'))
}

interface Issued {
  readonly cognitoToken: string
  readonly clerkToken: string
  /** The key that Cognito's endpoint serves. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** The key that Clerk's dashboard shows: PEM, without header and footer lines. */
  readonly clerkKey: string
}

async function issueTokens(): Promise<Issued> {
  const cognito = await generateKeyPair('RS256')
  const clerk = await generateKeyPair('RS256')
  const pem = await exportSPKI(clerk.publicKey)
  const sign = (claims: Record<string, unknown>, kid: string, key: CryptoKey): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(key)
  return {
    cognitoToken: await sign(
      {
        iss: `https://cognito-idp.eu-west-1.amazonaws.com/${POOL}`,
        sub: 'cognito-user',
        token_use: 'access',
        client_id: 'app',
        scope: 'reports/read',
      },
      'pool-key',
      cognito.privateKey,
    ),
    clerkToken: await sign(
      {
        iss: `https://${FRONTEND_API}`,
        sub: 'clerk-user',
        sid: 'sess_1',
        azp: 'https://app.example.com',
        sts: 'active',
        v: 2,
      },
      'ins_1',
      clerk.privateKey,
    ),
    jwks: { keys: [{ ...(await exportJWK(cognito.publicKey)), kid: 'pool-key', alg: 'RS256', use: 'sig' }] },
    clerkKey: pem.replace(/-----[^-]+-----|\s/g, ''),
  }
}

/** Cognito's key endpoint. It serves one path and nothing else. */
function serve(jwks: unknown): Promise<Server> {
  const server = createServer((request, response) => {
    const known = request.url === `/${POOL}/.well-known/jwks.json`
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(known ? jwks : {}))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** Runs a program; what it printed is part of the error when it fails. */
async function execute(file: string, args: readonly string[], cwd: string, env = process.env): Promise<string> {
  try {
    const shell = process.platform === 'win32' && file === 'npm'
    return (await run(file, args, { cwd, env, shell, maxBuffer: 1 << 26 })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${file} ${args.join(' ')}: expected exit code 0\n${stdout}\n${stderr}`, { cause: error })
  }
}

const node = async (file: string): Promise<unknown> =>
  JSON.parse(await execute(process.execPath, [file], folder, environment))

const VERIFIED = [
  { provider: 'cognito', subject: 'cognito-user', scopes: ['reports/read'], extra: 'access' },
  { provider: 'clerk', subject: 'clerk-user', scopes: [], extra: 'sess_1' },
  { code: 'SIGNATURE_INVALID', status: 401, isKeysourceError: true },
]

describe('the installed packages verify tokens', () => {
  it('from an ES module', async () => {
    expect(await node('verify.mjs')).toEqual(VERIFIED)
  })

  it('from CommonJS', async () => {
    expect(await node('verify.cjs')).toEqual(VERIFIED)
  })

  it.each([
    ['nodenext', 'verify.ts', 'nodenext'],
    ['nodenext, to CommonJS', 'verify.cts', 'nodenext'],
    ['bundler', 'verify.ts', 'esnext'],
  ])('from TypeScript with moduleResolution %s', async (name, source, module) => {
    const out = name.replaceAll(/\W+/g, '-')
    const resolution = module === 'nodenext' ? 'nodenext' : 'bundler'
    await execute(
      process.execPath,
      [
        ...[tsc, source, '--strict', '--target', 'es2022', '--lib', 'es2022,dom'],
        ...['--module', module, '--moduleResolution', resolution, '--outDir', out],
        ...['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'],
      ],
      folder,
    )
    expect(await node(join(out, source.replace('ts', 'js')))).toEqual(VERIFIED)
  })
})

describe('the installed packages', () => {
  const installed = (name: string): string => join(folder, 'node_modules/@keysource', name)

  it('bring jose and nothing else', async () => {
    const modules = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))
    expect(modules.sort()).toEqual(['@keysource', 'jose'])
    expect((await readdir(installed('.'))).sort()).toEqual(Object.keys(PACKAGES).sort())
    // One of each, as deep as it may be.
    const ours = Object.keys(PACKAGES).map((name) => `node_modules/@keysource/${name}`)
    expect(Object.keys(await lockedPackages()).sort()).toEqual([...ours, 'node_modules/jose'].sort())
  })

  it('run nothing when they are installed', async () => {
    for (const [path, locked] of Object.entries(await lockedPackages())) {
      expect(locked, path).not.toHaveProperty('hasInstallScript')
      const { scripts = {} } = JSON.parse(await readFile(join(folder, path, 'package.json'), 'utf8')) as {
        scripts?: Record<string, string>
      }
      expect(
        Object.keys(scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name)),
        path,
      ).toEqual([])
      expect(await readdir(join(folder, path)), path).not.toContain('binding.gyp') // npm would build it unasked
    }
  })

  it('have no known vulnerability', async () => {
    const { vulnerabilities, error } = await audit()
    if (vulnerabilities) expect(Object.keys(vulnerabilities)).toEqual([])
    else console.log(`npm audit: not asked, as the registry has no audit endpoint (${error})`)
  })

  it.each(Object.keys(PACKAGES))('@keysource/%s holds its build, its source and no more', async (name) => {
    const files = await filesIn(installed(name))
    const allowed =
      /^(package\.json|README\.md|LICENSE|dist\/[\w/-]+\.(c?js|d\.c?ts|c?js\.map|d\.c?ts\.map)|src\/[\w/-]+\.ts)$/
    expect(files.filter((file) => !allowed.test(file) || file.endsWith('.test.ts'))).toEqual([])
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/index.cjs', 'src/index.ts']),
    )
  })

  it.each(Object.keys(PACKAGES))('@keysource/%s has nothing of the workspace in its package.json', async (name) => {
    const manifest = await readFile(join(installed(name), 'package.json'), 'utf8')
    expect(manifest).not.toMatch(/"(workspace|catalog):/)
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
    for (const range of Object.values(dependencies)) expect(range).toMatch(/^\^\d+\.\d+\.\d+$/)
  })

  it.each(Object.keys(PACKAGES))('@keysource/%s has source maps that lead to its source', async (name) => {
    const files = await filesIn(installed(name))
    for (const map of files.filter((file) => file.endsWith('.map'))) {
      const { sources } = JSON.parse(await readFile(join(installed(name), map), 'utf8')) as {
        sources: readonly string[]
      }
      for (const source of sources) expect(files, map).toContain(join('dist', map.slice(5), '..', source))
    }
  })
})

/** What npm installed, by path. */
async function lockedPackages(): Promise<Record<string, { readonly hasInstallScript?: boolean }>> {
  return JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8')).packages
}

interface Audit {
  readonly vulnerabilities?: Readonly<Record<string, unknown>>
  /** Why the registry could not say. */
  readonly error?: string
}

/** What the registry knows of the installed packages. npm ends with 1 where there is something, and where it cannot ask. */
async function audit(): Promise<Audit> {
  const shell = process.platform === 'win32'
  const { stdout } = await run('npm', ['audit', '--json'], { cwd: folder, shell }).catch(
    (error: { readonly stdout: string }) => error,
  )
  const { vulnerabilities, message = '' } = JSON.parse(stdout) as Pick<Audit, 'vulnerabilities'> & { message?: string }
  return vulnerabilities ? { vulnerabilities } : { error: /^\d{3} \w+(?: \w+)*/.exec(message)?.[0] ?? 'no answer' }
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
}

describe('in a browser bundle', () => {
  it('core brings nothing of Node and names no provider', async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: `export * from '@keysource/core'`, resolveDir: folder },
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    })
    const [bundle] = outputFiles
    // what is left to import at run time: `node:` modules would stand here
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
    expect(bundle?.text).not.toMatch(/auth0|okta|cognito|clerk|onelogin|supertokens/i)
    expect(Object.keys(metafile.inputs).filter((file) => file.includes('signature/'))).toEqual([
      expect.stringMatching(/signature\/web\.js$/),
    ])
  })
})
