import { auth0 } from '@keysource/auth0'
import { clerk } from '@keysource/clerk'
import { cognito } from '@keysource/cognito'
import type { Environment, VerifierOptions } from '@keysource/core'
import { oidc } from '@keysource/oidc'
import { okta } from '@keysource/okta'
import { onelogin } from '@keysource/onelogin'
import { supertokens } from '@keysource/supertokens'
import { composeStandIns } from './stand-ins.ts'

/** The providers of this API, and what has to be closed when it stops. */
export interface Composition extends Pick<VerifierOptions<Providers>, 'providers' | 'fetch'> {
  /** With stand-ins only. */
  readonly demo?: DemoTokens | undefined
  close(): Promise<void>
}

/** The union that `verify` returns is made from these. */
export type Providers = readonly ReturnType<(typeof ADAPTERS)[number]['fromEnv']>[]

/** Makes tokens for trying the API out. */
export interface DemoTokens {
  /** A fresh token, or nothing for a provider that is not there. */
  issueToken(provider: string): Promise<string | undefined>
}

// Each adapter, and the variable without which it cannot be configured.
const ADAPTERS = [
  { variable: 'OIDC_ISSUER', fromEnv: (env: Environment) => oidc.fromEnv({}, env) },
  { variable: 'AUTH0_DOMAIN', fromEnv: (env: Environment) => auth0.fromEnv({}, env) },
  { variable: 'OKTA_DOMAIN', fromEnv: (env: Environment) => okta.fromEnv({}, env) },
  { variable: 'COGNITO_USER_POOL_ID', fromEnv: (env: Environment) => cognito.fromEnv({}, env) },
  { variable: 'CLERK_PUBLISHABLE_KEY', fromEnv: (env: Environment) => clerk.fromEnv({}, env) },
  { variable: 'ONELOGIN_SUBDOMAIN', fromEnv: (env: Environment) => onelogin.fromEnv({}, env) },
  { variable: 'SUPERTOKENS_API_DOMAIN', fromEnv: (env: Environment) => supertokens.fromEnv({}, env) },
] as const

/**
 * Every provider that the environment configures. With none, local stand-ins of all seven, so that the example runs
 * offline.
 */
export async function composeFrom(environment: Environment): Promise<Composition> {
  const providers = ADAPTERS.filter(({ variable }) => environment[variable]).map(({ fromEnv }) => fromEnv(environment))
  if (providers.length === 0) return composeStandIns()
  return { providers, close: async () => {} }
}
