import { Agent, request } from 'node:http'
import type { SessionChange, SessionCounts } from './session.ts'

/** The endpoint as one session sees it. */
export interface EndpointControl {
  /** Changes how the session is answered. Resolves when it holds. */
  set(change: SessionChange): Promise<SessionCounts>
  /** What was received up to now. */
  counts(): Promise<SessionCounts>
}

const PATIENCE_MS = 10_000

/** Steers a session. By node:http, so that the `fetch` of those that are measured is left alone. */
export function endpointControl(control: string, session: string): EndpointControl {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const url = `${control}/${session}`
  return {
    set: (change) => call(agent, url, 'PUT', JSON.stringify(change)),
    counts: () => call(agent, url, 'GET', undefined),
  }
}

function call(agent: Agent, url: string, method: string, body: string | undefined): Promise<SessionCounts> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`the endpoint's control: expected 200, found ${response.statusCode}: ${text}`))
      })
    })
    outgoing.on('error', reject)
    outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)))
    outgoing.end(body)
  })
}
