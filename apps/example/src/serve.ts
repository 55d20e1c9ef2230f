import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Api, Composition } from './composition.ts'
import { composeFrom } from './providers.ts'

/**
 * Serves an API over the providers that the environment configures, until the process is told to stop.
 *
 * @param path - where the API is, below the server's own address
 * @param makeApi - is called with the API's URL, once the port is known
 */
export async function serveApi(path: string, makeApi: (composition: Composition, url: string) => Api): Promise<void> {
  const port = Number(process.env.PORT ?? 3000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`PORT: expected a number from 0 to 65535, got "${process.env.PORT}"`)
    process.exit(1)
  }

  const composition = await composeFrom(process.env)
  let api: Api | undefined
  const fetch = (request: Request): Response | Promise<Response> => (api as Api).app.fetch(request)
  const server = serve({ fetch, port, hostname: '127.0.0.1' }, ({ port: actual }: AddressInfo) => {
    const url = `http://localhost:${actual}${path}`
    api = makeApi(composition, url)
    const names = composition.providers.map(({ name }) => name).join(', ')
    console.log(`Keysource example: ${url}`)
    console.log(
      composition.demo ? `No provider is configured, so local stand-ins serve: ${names}` : `Providers: ${names}`,
    )
    api.verifier.ready().catch((error: Error) => console.warn(error.message)) // served all the same: each token asks again
  })
  server.on('error', (error: Error) => {
    console.error(`The example could not listen on 127.0.0.1:${port}: ${error.message}`)
    process.exit(1)
  })

  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())

  /** Requests that are under way are answered; then everything that holds the process open is let go. */
  async function stop(): Promise<void> {
    if (stopping) return
    stopping = true
    await new Promise((resolve) => server.close(resolve))
    api?.verifier.close()
    await composition.close()
  }
}
