import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

/** The providers that stand-ins are composed of, and those whose tokens have no scopes. */
export const PROVIDERS: readonly string[] = ['oidc', 'auth0', 'okta', 'cognito', 'clerk', 'onelogin', 'supertokens']
export const WITHOUT_SCOPES: readonly string[] = ['clerk', 'supertokens']

/** The example, as a process of its own. */
export interface ExampleProcess {
  readonly server: ChildProcess
  /** `http://localhost:40123`. */
  readonly origin: string
  /** A fresh token of a provider, for trying the example out. */
  demoToken(provider: string): Promise<string>
}

/** Starts an entry of the example as its script does, on a free port, with no provider configured. */
export async function startExample(entry: string): Promise<ExampleProcess> {
  const script = join(import.meta.dirname, '../src', entry)
  const environment = { PATH: process.env.PATH, PORT: '0' }
  const server = spawn(process.execPath, ['--conditions=@keysource/source', '--import', 'tsx', script], {
    env: environment,
  })
  const origin = await new Promise<string>((resolve, reject) => {
    let printed = ''
    server.stdout.on('data', (chunk) => {
      printed += chunk
      const [url] = /http:\/\/localhost:\d+/.exec(printed) ?? []
      if (url) resolve(url)
    })
    server.stderr.on('data', (chunk) => {
      printed += chunk
    })
    server.on('exit', () => reject(new Error(`the server stopped: ${printed}`)))
  })
  const demoToken = async (provider: string): Promise<string> =>
    (await fetch(`${origin}/demo/token/${provider}`)).text()
  return { server, origin, demoToken }
}
