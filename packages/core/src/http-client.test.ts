import { connect, createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type Answer,
  errorOf,
  eventLog,
  eventually,
  hang,
  json,
  jwks,
  jwt,
  loopbackServer,
  manualClock,
  provider,
  signer,
  status,
  verdict,
} from '../test/loopback-issuer.ts'
import { createVerifier, HttpError, type HttpRequest, type KeySource, remoteJwks } from './index.ts'

const key = signer()
const token = jwt(key)
const goodBody = JSON.stringify({ keys: [key.jwk] })

/** A verifier over a key URL, its events, and the clock that it goes by. */
function over(url: string, cache: object = {}) {
  const events = eventLog()
  const clock = manualClock()
  const providers = [provider([], { keys: remoteJwks(url) })]
  const verifier = createVerifier({ providers, clock, cache: { timeoutMs: 2000, ...cache }, onEvent: events.onEvent })
  return { verifier, events, clock }
}

/** A source that makes these requests, one after the other, and gives the last answer's keys. */
function asking(...requests: readonly HttpRequest[]): { readonly source: KeySource; readonly answers: Response[] } {
  const answers: Response[] = []
  const source: KeySource = {
    id: 'asking',
    async load({ http }) {
      for (const request of requests) answers.push(await http.request(request))
      return { jwks: JSON.parse(goodBody) }
    },
  }
  return { source, answers }
}

const write =
  (status: number, headers: Record<string, string>, ...chunks: readonly (string | Buffer)[]): Answer =>
  (_request, response) => {
    response.writeHead(status, headers)
    for (const chunk of chunks) response.write(chunk)
    response.end()
  }

describe('an answer', () => {
  const bad: readonly (readonly [name: string, answer: Answer, message: RegExp])[] = [
    ['of status 500', status(500), /expected 200, found 500$/],
    ['of status 404', status(404), /expected 200, found 404$/],
    ['of status 401', status(401), /expected 200, found 401$/],
    ['of status 204', status(204), /expected 200, found 204$/],
    ['of status 201 with keys', write(201, {}, goodBody), /expected 200, found 201$/],
    ['of status 206 with keys', write(206, {}, goodBody), /expected 200, found 206$/],
    ['of status 304 though nothing was held', status(304), /expected 200, as no validator was sent, found 304$/],
    [
      'in HTML',
      write(200, { 'content-type': 'text/html' }, '<html>sign in</html>'),
      /expected JSON, found "text\/html", 20 characters$/,
    ],
    ['that is empty', status(200), /expected JSON/],
    ['cut off in the JSON', write(200, {}, goodBody.slice(0, 50)), /expected JSON/],
    [
      'that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': '5000' })
        response.write(goodBody.slice(0, 50), () => response.destroy())
      },
      /broke off/,
    ],
    ['whose connection breaks', (_, response) => void response.destroy(), /failed: /],
    ['of another shape', json([]), /expected a JWK Set, an object with an array "keys", found an array of 0$/],
    ['of null', json(null), /expected a JWK Set, .* found null$/],
    ['of text', json('keys'), /expected a JWK Set, .* found text$/],
    ['without keys', json({}), /expected a JWK Set/],
    ['with keys of null', json({ keys: null }), /expected a JWK Set/],
    ['with keys that are an object', json({ keys: { 0: key.jwk } }), /expected a JWK Set/],
    ['with no keys', json({ keys: [] }), /expected at least one usable key, found an empty set$/],
    [
      'with no usable key',
      json({ keys: [null, 5] }),
      /expected at least one usable key, found none: the key without a kid is no object but null, and 1 more$/,
    ],
    ['with a private key alone', json({ keys: [{ ...key.jwk, d: 'x' }] }), /is a PRIVATE key/],
  ]
  for (const [name, answer, message] of bad) {
    test(`${name} is a fault of the provider, and replaces nothing`, async () => {
      const server = await loopbackServer(answer)
      const cold = over(server.url)
      const error = await errorOf(() => cold.verifier.verify(token))
      expect(error).toMatchObject({ code: 'KEYS_UNAVAILABLE', kind: 'keys', status: 503, provider: 'acme' })
      expect(error.message).toMatch(message)
      expect(error.retryAfterSec).toBeGreaterThanOrEqual(1)

      server.answer = jwks([key])
      const warm = over(server.url)
      await warm.verifier.verify(token)
      server.answer = answer
      warm.clock.advance(200_000)
      expect(await verdict(() => warm.verifier.verify(jwt(key, { exp: 2e9 }, { kid: 'gone' })))).toMatch(
        /KEYS_UNAVAILABLE|KEY_NOT_FOUND/,
      )
      expect(await verdict(() => warm.verifier.verify(jwt(key, { exp: 2e9 })))).toBe('accepted')
    })
  }

  test('may be of any content type, if it is JSON', async () => {
    const server = await loopbackServer(write(200, { 'content-type': 'text/plain' }, goodBody))
    expect(await verdict(() => over(server.url).verifier.verify(token))).toBe('accepted')
  })
})

describe('a redirect', () => {
  for (const code of [301, 302, 303, 307, 308]) {
    test(`${code} is not followed, and takes no credentials along`, async () => {
      const target = await loopbackServer(jwks([key]))
      const server = await loopbackServer(status(code, { location: `${target.url}?secret=1` }))
      const keys = remoteJwks(server.url, { headers: { authorization: 'Bearer secret' } })
      const verifier = createVerifier({ providers: [provider([], { keys })], clock: manualClock() })
      const error = await errorOf(() => verifier.verify(token))
      expect(error.message).toContain(`found a redirect (${code}) to "${target.origin}", which is not followed`)
      expect(target.requests).toHaveLength(0)
      expect(server.requests).toHaveLength(1)
      expect(server.requests[0]?.headers.authorization).toBe('Bearer secret')
    })
  }

  test('to nowhere is one all the same', async () => {
    const server = await loopbackServer(status(302))
    expect((await errorOf(() => over(server.url).verifier.verify(token))).message).toContain('found a redirect (302)')
  })
})

describe('a body', () => {
  const at = (bytes: number): string => goodBody.padEnd(bytes)
  const cases: readonly (readonly [name: string, answer: Answer, expected: string])[] = [
    ['as long as the limit', write(200, {}, at(2000)), 'accepted'],
    ['a byte longer', write(200, {}, at(2001)), 'KEYS_UNAVAILABLE'],
    ['a byte longer, in pieces', write(200, {}, at(2000), ' '), 'KEYS_UNAVAILABLE'],
    ['longer than it says', rawAnswer(at(2001), 2000), 'accepted'],
    ['small when it is compressed', write(200, { 'content-encoding': 'gzip' }, gzipSync(at(2000))), 'accepted'],
    [
      'large once it is decompressed',
      write(200, { 'content-encoding': 'gzip' }, gzipSync(at(5_000_000))),
      'KEYS_UNAVAILABLE',
    ],
    [
      'longer than the limit in characters, not in bytes',
      write(200, {}, at(1990).replace('{', '{"x":"é",')),
      'accepted',
    ],
    [
      'longer than the limit in bytes, not in characters',
      write(200, {}, JSON.stringify({ x: 'é'.repeat(990), keys: [key.jwk] })),
      'KEYS_UNAVAILABLE',
    ],
  ]
  for (const [name, answer, expected] of cases) {
    test(`${name}: ${expected}`, async () => {
      const server = await loopbackServer(answer)
      const { verifier } = over(server.url, { maxBytes: 2000 })
      const error: unknown = await verifier.verify(token).catch((reason) => reason)
      if (expected === 'accepted') expect(error).not.toBeInstanceOf(Error)
      else expect(error).toMatchObject({ code: expected, message: expect.stringContaining('at most 2000 bytes') })
    })
  }

  test('without end is cut off at the limit, and the connection let go', async () => {
    let sent = 0
    let closed = false
    const server = await loopbackServer((_, response) => {
      const timer = setInterval(() => {
        sent += 10_000
        response.write(' '.repeat(10_000))
      }, 1)
      response.on('close', () => {
        closed = true
        clearInterval(timer)
      })
    })
    expect(await verdict(() => over(server.url, { maxBytes: 50_000 }).verifier.verify(token))).toBe('KEYS_UNAVAILABLE')
    await eventually(() => closed).toBe(true)
    expect(sent).toBeLessThan(5_000_000)
  })

  test('may be 512 KiB, and no more, where nothing else is said', async () => {
    const server = await loopbackServer(write(200, {}, at(524_288)))
    expect(await verdict(() => over(server.url).verifier.verify(token))).toBe('accepted')
    server.answer = write(200, {}, at(524_289))
    expect(await verdict(() => over(server.url).verifier.verify(token))).toBe('KEYS_UNAVAILABLE')
  })
})

/** A body that is longer than its Content-Length says: what is beyond it is not the body. */
function rawAnswer(body: string, length: number): Answer {
  return (_, response) => {
    response.socket?.end(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
    )
  }
}

describe('the deadline of a load', () => {
  const slow: readonly (readonly [name: string, answer: Answer])[] = [
    ['no answer', hang],
    ['headers and no body', (_, response) => void response.writeHead(200).flushHeaders()],
    [
      'a body that drips',
      (_, response) => {
        response.writeHead(200)
        const timer = setInterval(() => response.write(' '), 10)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ]
  for (const [name, answer] of slow) {
    test(`ends ${name}`, async () => {
      const server = await loopbackServer(answer)
      const { verifier } = over(server.url, { timeoutMs: 100 })
      const startedAt = performance.now()
      const error = await errorOf(() => verifier.verify(token))
      expect(performance.now() - startedAt).toBeLessThan(1500)
      expect(error).toMatchObject({
        code: 'KEYS_UNAVAILABLE',
        message: expect.stringContaining('no answer within 100 ms'),
      })
    })
  }

  test('ends a source that does not heed it', async () => {
    const keys: KeySource = { id: 'deaf', load: () => new Promise(() => {}) }
    const verifier = createVerifier({ providers: [provider([], { keys })], cache: { timeoutMs: 50 } })
    expect((await errorOf(() => verifier.verify(token))).message).toContain('no answer within 50 ms')
  })

  test('is one for all requests of a load', async () => {
    const server = await loopbackServer((_, response) => void setTimeout(() => response.end(goodBody), 80))
    const { source } = asking({ url: server.url }, { url: server.url }, { url: server.url })
    const verifier = createVerifier({ providers: [provider([], { keys: source })], cache: { timeoutMs: 150 } })
    expect(await verdict(() => verifier.verify(token))).toBe('KEYS_UNAVAILABLE')
    expect(server.requests.length).toBeLessThan(3)
  })
})

describe('a request', () => {
  const load = (source: KeySource) =>
    verdict(() => createVerifier({ providers: [provider([], { keys: source })], clock: manualClock() }).verify(token))

  test('is refused a fifth time in one load', async () => {
    const server = await loopbackServer(json({}))
    const four = asking(...Array(4).fill({ url: server.url }))
    expect(await load(four.source)).toBe('accepted')
    expect(server.requests).toHaveLength(4)
    const five = asking(...Array(5).fill({ url: server.url }))
    expect(await load(five.source)).toBe('KEYS_UNAVAILABLE')
    expect(server.requests).toHaveLength(8)
  })

  test('is made over https alone, or on this machine', async () => {
    const server = await loopbackServer(json({}))
    const port = new URL(server.origin).port
    for (const url of [server.url, new URL(server.url), `http://localhost:${port}/`]) {
      expect(await load(asking({ url }).source)).toBe('accepted')
    }
    for (const url of [
      'http://id.example/keys',
      `http://127.0.0.1.evil.example:${port}/`,
      `http://user:secret@127.0.0.1:${port}/`,
      'ftp://127.0.0.1/keys',
      'file:///etc/hosts',
      'data:application/json,{"keys":[]}',
      'keys',
      '',
    ]) {
      const verifier = createVerifier({
        providers: [provider([], { keys: asking({ url }).source })],
        clock: manualClock(),
      })
      const { message } = await errorOf(() => verifier.verify(token))
      expect(message).toContain('expected an https URL (plain http only on localhost), found ')
      expect(message).not.toContain('secret')
    }
    expect(server.requests).toHaveLength(3)
  })

  test('carries method, headers and body', async () => {
    const bodies: string[] = []
    const server = await loopbackServer((request, response) => {
      request.setEncoding('utf8').on('data', (chunk) => bodies.push(chunk))
      request.on('end', () => response.end('{}'))
    })
    const { source, answers } = asking({
      method: 'POST',
      url: server.url,
      headers: { 'content-type': 'text/plain' },
      body: 'x=1',
    })
    expect(await load(source)).toBe('accepted')
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'text/plain' },
    })
    expect(bodies).toEqual(['x=1'])
    expect(await answers[0]?.json()).toEqual({})
  })

  test('that fails says with which status, for the source to look at', async () => {
    const server = await loopbackServer(status(429, { 'retry-after': '30' }))
    let seen: unknown
    const source: KeySource = {
      id: 'looking',
      async load({ http }) {
        await http.request({ url: server.url }).catch((error) => {
          seen = error
        })
        return { jwks: JSON.parse(goodBody) }
      },
    }
    expect(await load(source)).toBe('accepted')
    expect(seen).toBeInstanceOf(HttpError)
    expect(seen).toMatchObject({ responseStatus: 429, retryAfterMs: 30_000, status: 503, code: 'KEYS_UNAVAILABLE' })
  })
})

describe('an endpoint that asks for patience', () => {
  for (const [code, header, atLeast] of [
    [429, '30', 30],
    [503, '45', 45],
    [500, '7200', 60],
    [500, undefined, 1],
  ] as const) {
    test(`with ${code} and Retry-After ${header} is left alone for ${atLeast} s`, async () => {
      const server = await loopbackServer(status(code, header === undefined ? {} : { 'retry-after': header }))
      const { verifier, clock } = over(server.url)
      const error = await errorOf(() => verifier.verify(token))
      expect(error.retryAfterSec).toBeGreaterThanOrEqual(atLeast)
      expect(error.retryAfterSec).toBeLessThanOrEqual(atLeast + 1)
      server.answer = jwks([key])
      clock.advance(atLeast * 1000 - 100)
      expect(await verdict(() => verifier.verify(token))).toBe('KEYS_UNAVAILABLE')
      expect(server.requests).toHaveLength(1)
      clock.advance(1500)
      expect(await verdict(() => verifier.verify(token))).toBe('accepted')
      expect(server.requests).toHaveLength(2)
    })
  }
})

test('a port that nobody listens on is a fault of the provider', async () => {
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const { port } = free.address() as { port: number }
  await new Promise((resolve) => free.close(resolve))
  const error = await errorOf(() => over(`http://127.0.0.1:${port}/keys`).verifier.verify(token))
  expect(error.message).toMatch(/GET "http:\/\/127\.0\.0\.1:\d+\/keys" failed: ECONNREFUSED/)
})

test('a server that speaks no HTTP is a fault of the provider', async () => {
  const server = createServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.0\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  expect(await verdict(() => over(`http://127.0.0.1:${port}/`).verifier.verify(token))).toBe('KEYS_UNAVAILABLE')
  connect(port, '127.0.0.1').destroy()
})
