import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that listens. */
export interface HttpServer {
  /** `http://127.0.0.1:40123`. */
  readonly url: string
  close(): Promise<void>
}

/** Lets a server of `node:http` listen on loopback, at a port that is free. */
export async function listen(server: Server): Promise<HttpServer> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => void server.close(() => closed())),
  }
}
