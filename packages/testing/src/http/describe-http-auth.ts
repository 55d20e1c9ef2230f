import assert from 'node:assert/strict'
import { type IncomingHttpHeaders, request as nodeRequest } from 'node:http'
import type { VerifiedToken, Verifier } from '@keysource/core'
import type { TestRunner } from '../conformance/suite.ts'
import type { HttpServer } from './listen.ts'
import { HTTP_CASES, type HttpCase } from './requests.ts'
import { HTTP_ROUTES, type HttpRoute, type HttpRouteOptions } from './routes.ts'
import { CALLER, type HttpIssuer, type HttpIssuers, startHttpIssuers } from './tokens.ts'

/** What a framework's test brings. */
export interface HttpAuthSuite {
  readonly runner: Pick<TestRunner, 'describe' | 'it'>
  /** `express 5`. */
  readonly name: string
  /**
   * Starts a server with every route, each guarded as its options say. A request that is let through is answered with 200 and
   * {@link callerOf} its token as JSON, `OPTIONS` with 204.
   *
   * @param issuers - what `verifier` is made of, as plain data: a server in another process makes an equal one of it
   */
  readonly start: (
    verifier: Verifier<VerifiedToken>,
    routes: readonly (readonly [path: HttpRoute, options: HttpRouteOptions])[],
    issuers: readonly HttpIssuer[],
  ) => Promise<HttpServer>
  /**
   * Of several `Authorization` headers the server shows the framework the first alone, as Node's `headers` do: nothing behind
   * it can know of the others, and the first decides. Default `false`: several are refused.
   */
  readonly firstHeaderOnly?: boolean
}

/** What a route of the table answers. */
export function callerOf(token: Pick<VerifiedToken, 'subject' | 'provider'> | undefined): object {
  return { subject: token?.subject ?? null, provider: token?.provider ?? null }
}

/**
 * The conformance suite of every framework: one table of requests, and the same status, challenge and body from each.
 *
 * @example
 * ```ts
 * describeHttpAuth({ runner: { describe, it }, name: 'express 5', start: (verifier, routes) => listen(createServer(appOf(verifier, routes))) })
 * ```
 */
export function describeHttpAuth({ runner: { describe, it }, name, start, firstHeaderOnly }: HttpAuthSuite): void {
  let running: Promise<readonly [HttpIssuers, HttpServer]> | undefined
  const server = (): Promise<readonly [HttpIssuers, HttpServer]> => {
    running ??= startHttpIssuers().then(
      async (issuers) => [issuers, await start(issuers.verifier, routesOf(), issuers.facts)] as const,
    )
    return running
  }
  describe(`http: ${name}`, () => {
    for (const { first, ...listed } of HTTP_CASES) {
      const one = firstHeaderOnly && first ? { ...listed, ...first } : listed
      it(`${one.path} ${one.name}: ${one.status}`, async () => {
        const [{ tokens }, { url }] = await server()
        const path = one.path.replace('TOKEN', tokens.good)
        const answer = await send(url + path, one.method ?? 'GET', one.headers?.(tokens) ?? [])
        assert.deepEqual(seen(answer, one), expected(one))
      })
    }
    it('/development tells what is wrong, and nothing of the token', async () => {
      const [{ tokens }, { url }] = await server()
      const { status, text } = await send(`${url}/development`, 'GET', [['authorization', `Bearer ${tokens.expired}`]])
      const { code, detail } = JSON.parse(text)
      assert.deepEqual([status, code], [401, 'TOKEN_EXPIRED'])
      assert.match(detail, /^acme: "exp": expected a time after/)
      assert.ok(!text.includes(tokens.expired.slice(-20)))
    })
    it('stops', async () => {
      const [issuers, running] = await server()
      await running.close()
      await issuers.close()
    })
  })
}

function routesOf(): (readonly [HttpRoute, HttpRouteOptions])[] {
  return Object.entries(HTTP_ROUTES) as [HttpRoute, HttpRouteOptions][]
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** By `node:http`, as `fetch` would join two headers of one name. */
function send(url: string, method: string, lines: readonly (readonly [string, string])[]): Promise<Answer> {
  const headers: Record<string, string[]> = {}
  for (const [name, value] of lines) headers[name] = [...(headers[name] ?? []), value]
  return new Promise((resolve, reject) => {
    const request = nodeRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers: received } = response
        resolve({ status: statusCode, headers: received, text: Buffer.concat(chunks).toString() })
      })
    })
    request.on('error', reject)
    request.end()
  })
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

function expected({ status, challenge, error, caller, method }: HttpCase): object {
  if (status < 300) {
    const body = caller && callerOf(caller === 'nobody' ? undefined : { subject: CALLER, provider: 'acme' })
    return { status, ...(body && { body }) }
  }
  const body = { title: TITLES[status], status, ...(error && { error }) }
  return {
    status,
    ...(challenge !== undefined && { challenge }),
    ...(status === 503 && { retries: true }),
    type: 'application/problem+json',
    ...(method !== 'HEAD' && { body }),
  }
}

function seen({ status, headers, text }: Answer, { caller }: HttpCase): object {
  const { 'www-authenticate': challenge, 'retry-after': retryAfter, 'content-type': type } = headers
  const body = text === '' ? undefined : parsed(text)
  if (status < 300) return { status, ...(caller && { body }) }
  return {
    status,
    ...(challenge !== undefined && { challenge }),
    ...(retryAfter !== undefined && { retries: /^[1-9]\d*$/.test(retryAfter) }),
    type: type?.replace(/;\s*charset=utf-8$/i, ''),
    ...(body !== undefined && { body }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // a framework's own page, say: the comparison shows it
  }
}

/** The table as Markdown, for people. */
export function httpAuthTable(): string {
  const rows = HTTP_CASES.map(({ name, method = 'GET', path, status, challenge, caller }) => {
    const answer = caller === 'nobody' ? 'let through, anonymous' : status < 300 ? 'let through' : ''
    const told = challenge === undefined ? answer : `\`${challenge}\``
    return `| ${name} | ${method} \`${path}\` | ${status} | ${status === 503 ? '`Retry-After`' : told} |`
  })
  return ['| request | to | status | challenge |', '|---|---|---|---|', ...rows, ''].join('\n')
}
