import type { EndpointAddress } from './endpoint.ts'

/** One row for one library: what its process is told. */
export interface Trial {
  readonly row: string
  readonly subject: string
  readonly endpoint: EndpointAddress
  /** Names its issuer at the endpoint. */
  readonly session: string
}
