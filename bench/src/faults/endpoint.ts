import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server } from 'node:https'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { type AnswerContext, answer, json, setOf } from './answers.ts'
import { newSession, type Session, type SessionChange, type SessionCounts } from './session.ts'

/** Where the parts of the endpoint are. */
export interface EndpointAddress {
  /** The HTTPS endpoint: `/<session>/.well-known/jwks.json`. */
  readonly origin: string
  /** Plain HTTP: `PUT /<session>` changes a session, and every answer has its counts. */
  readonly control: string
}

const CONTROL_IDLE_MS = 600_000
const MAX_SESSIONS = 10_000
const MAX_CHANGE_BYTES = 1_048_576

/** Starts the HTTPS endpoint, the other host that it redirects to, and its control, on loopback. */
export async function startEndpoint(tls: { readonly key: string; readonly cert: string }): Promise<EndpointAddress> {
  const sessions = new Map<string, Session>()

  function sessionOf({ url = '' }: IncomingMessage): Session {
    const name = url.split('/')[1] ?? ''
    const known = sessions.get(name)
    if (known) return known
    if (sessions.size >= MAX_SESSIONS) throw new RangeError(`expected at most ${MAX_SESSIONS} sessions`)
    const session = newSession()
    sessions.set(name, session)
    return session
  }

  const other = createHttpsServer(tls, (request, response) => {
    const session = sessionOf(request)
    session.elsewhere += 1
    json(response, setOf(session))
  })
  const elsewhere = await listening(other)

  const connections = connectionsByPort()

  function contextOf(session: Session, response: ServerResponse, path = ''): AnswerContext {
    const { remotePort } = response.req.socket
    const reset = (): void => connections.reset(remotePort)
    return { session, response, elsewhere: `https://localhost:${elsewhere}${path}`, reset }
  }

  const main = createHttpsServer(tls, (request, response) => {
    const session = sessionOf(request)
    session.requests += 1
    answer(contextOf(session, response, request.url))
  })
  main.on('connection', connections.add)
  const control = createHttpServer((request, response) => {
    const session = sessionOf(request)
    controlled(session, request, response, (held) => answer(contextOf(session, held, held.req.url))).catch(
      (error: Error) => response.writeHead(400).end(error.message),
    )
  })
  // A trial may leave it alone for long.
  control.keepAliveTimeout = CONTROL_IDLE_MS
  return {
    origin: `https://127.0.0.1:${await listening(main)}`,
    control: `http://127.0.0.1:${await listening(control)}`,
  }
}

async function controlled(
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  release: (held: ServerResponse) => void,
): Promise<void> {
  const { keys, answer } = request.method === 'PUT' ? ((await body(request)) as SessionChange) : {}
  if (keys) session.keys = keys
  if (answer) session.answer = answer
  if (session.answer !== 'hang') {
    for (const held of [...session.held]) {
      session.held.delete(held)
      release(held)
    }
  }
  const counts: SessionCounts = { requests: session.requests, elsewhere: session.elsewhere }
  json(response, JSON.stringify(counts))
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > MAX_CHANGE_BYTES) throw new RangeError(`expected a change of at most ${MAX_CHANGE_BYTES} bytes`)
  }
  return JSON.parse(text)
}

/** The TCP connections below TLS: only they can be reset. */
function connectionsByPort(): { add(socket: Socket): void; reset(port: number | undefined): void } {
  const sockets = new Map<number, Socket>()
  return {
    add(socket) {
      const { remotePort } = socket
      if (remotePort === undefined) return
      sockets.set(remotePort, socket)
      socket.once('close', () => sockets.delete(remotePort))
    },
    reset: (port) => sockets.get(port ?? 0)?.resetAndDestroy(),
  }
}

async function listening(server: NetServer | Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
