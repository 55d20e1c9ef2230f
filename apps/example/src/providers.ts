import { auth0 } from '@keysource/auth0'
import { clerk } from '@keysource/clerk'
import { cognito } from '@keysource/cognito'
import type { Environment, Provider } from '@keysource/core'
import { oidc } from '@keysource/oidc'
import { okta } from '@keysource/okta'
import { onelogin } from '@keysource/onelogin'
import { supertokens } from '@keysource/supertokens'
import type { Composition } from './composition.ts'
import { composeStandIns } from './stand-ins.ts'

// Each adapter, and the variable without which it cannot be configured.
const ADAPTERS: readonly (readonly [variable: string, fromEnv: (environment: Environment) => Provider])[] = [
  ['OIDC_ISSUER', (environment) => oidc.fromEnv({}, environment)],
  ['AUTH0_DOMAIN', (environment) => auth0.fromEnv({}, environment)],
  ['OKTA_DOMAIN', (environment) => okta.fromEnv({}, environment)],
  ['COGNITO_USER_POOL_ID', (environment) => cognito.fromEnv({}, environment)],
  ['CLERK_PUBLISHABLE_KEY', (environment) => clerk.fromEnv({}, environment)],
  ['ONELOGIN_SUBDOMAIN', (environment) => onelogin.fromEnv({}, environment)],
  ['SUPERTOKENS_API_DOMAIN', (environment) => supertokens.fromEnv({}, environment)],
]

/**
 * Every provider that the environment configures. With none, local stand-ins of all seven, so that the example runs
 * offline.
 */
export async function composeFrom(environment: Environment): Promise<Composition> {
  const configured = ADAPTERS.filter(([variable]) => environment[variable])
  const providers = configured.map(([, fromEnv]) => fromEnv(environment))
  if (providers.length === 0) return composeStandIns()
  return { providers, close: async () => {} }
}
