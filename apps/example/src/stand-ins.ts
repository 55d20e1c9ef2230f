import { auth0 } from '@keysource/auth0'
import { clerk } from '@keysource/clerk'
import { cognito } from '@keysource/cognito'
import { oidc } from '@keysource/oidc'
import { okta } from '@keysource/okta'
import { onelogin } from '@keysource/onelogin'
import { supertokens } from '@keysource/supertokens'
import {
  routeFetch,
  type StandIn,
  startAuth0,
  startClerk,
  startCognito,
  startOidc,
  startOkta,
  startOneLogin,
  startSuperTokens,
} from '@keysource/testing'
import type { Composition } from './composition.ts'

/** One local stand-in a provider, and the adapters configured for them exactly as they would be in production. */
export async function composeStandIns(): Promise<Composition> {
  const [oidcServer, auth0Server, oktaServer, cognitoServer, clerkServer, oneLoginServer, superTokensServer] =
    await Promise.all([
      startOidc({ issuer: 'https://id.acme.example' }),
      startAuth0(),
      startOkta(),
      startCognito(),
      startClerk(),
      startOneLogin(),
      startSuperTokens(),
    ])
  const providers = [
    oidc({ issuer: oidcServer.issuer, audience: oidcServer.audience }),
    auth0({ domain: auth0Server.domain, audience: auth0Server.audience }),
    okta({ domain: oktaServer.domain, audience: oktaServer.audience }),
    cognito({ userPoolId: cognitoServer.userPoolId, clientId: cognitoServer.clientId, tokenUse: 'access' }),
    clerk({ publishableKey: clerkServer.publishableKey, authorizedParties: [clerkServer.authorizedParty] }),
    onelogin({ subdomain: oneLoginServer.subdomain, audience: oneLoginServer.audience }),
    supertokens({ apiDomain: superTokensServer.apiDomain }),
  ]
  const standIns: readonly StandIn[] = [
    oidcServer,
    auth0Server,
    oktaServer,
    cognitoServer,
    clerkServer,
    oneLoginServer,
    superTokensServer,
  ]
  // Their keys are made when they are first needed, which takes a while: not in the time of somebody's request.
  await Promise.all(standIns.map((standIn) => standIn.issueToken()))
  return {
    providers,
    fetch: routeFetch(...standIns),
    demo: {
      issueToken: async (provider) => standIns.find(({ name }) => name === provider)?.issueToken(),
    },
    async close() {
      await Promise.all(standIns.map((standIn) => standIn.close()))
    },
  }
}
