import { answerOfChild, startChild } from '../child-process.ts'
import { makeCertificate } from './certificate.ts'
import type { EndpointAddress } from './endpoint.ts'

/** One endpoint, and processes that trust its certificate. */
export interface Laboratory {
  readonly endpoint: EndpointAddress
  /** Runs `entry` in a process of its own, with `input`, for its answer. */
  run<Answer>(entry: URL, input: unknown, limitMs: number): Promise<Answer>
}

const START_LIMIT_MS = 30_000

/** Opens a laboratory, works in it and closes it. */
export async function inLaboratory<Result>(work: (laboratory: Laboratory) => Promise<Result>): Promise<Result> {
  const certificate = await makeCertificate()
  const { key, cert, file } = certificate
  const entry = new URL('endpoint-process.ts', import.meta.url)
  const server = startChild<EndpointAddress>({ entry, input: { key, cert }, limitMs: START_LIMIT_MS })
  try {
    const endpoint = await server.answer
    const whole = work({
      endpoint,
      run: (child, input, limitMs) =>
        answerOfChild({ entry: child, input, limitMs, env: { NODE_EXTRA_CA_CERTS: file } }),
    })
    return await Promise.race([whole, server.ended])
  } finally {
    server.stop()
    await certificate.remove()
  }
}
