import { type EndpointControl, endpointControl } from '../faults/control.ts'
import type { EndpointAddress } from '../faults/endpoint.ts'
import { type SigningKey, signingKey, tokensOf } from '../faults/issuer.ts'
import { inTurn } from '../faults/load.ts'
import { issuerOf } from '../faults/session.ts'

/** One of the ten issuers: all the keys that it will ever have, made before the clock runs. */
export interface IssuerUnderTest {
  readonly name: string
  readonly issuer: string
  readonly endpoint: EndpointControl
  readonly keys: readonly IssuerKey[]
}

/** A key, and good tokens of it in turn. */
export interface IssuerKey extends SigningKey {
  token(): string
}

const KEYS = 4
const TOKENS = 20

/** Makes an issuer with a session of its own at the endpoint. */
export function issuerUnderTest(endpoint: EndpointAddress, name: string): IssuerUnderTest {
  const issuer = issuerOf(endpoint.origin, name)
  const keys = Array.from({ length: KEYS }, (_, at) => {
    const key = signingKey(`${name}-key-${at}`)
    return { ...key, token: inTurn(tokensOf(key, issuer, TOKENS)) }
  })
  return { name, issuer, endpoint: endpointControl(endpoint.control, name), keys }
}
