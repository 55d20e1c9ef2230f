// As a TypeScript user would write it. Compiled as an ES module and as CommonJS, so it has no top-level await.
import { clerk } from '@keysource/clerk'
import { cognito } from '@keysource/cognito'
import { createVerifier, isKeysourceError } from '@keysource/core'

declare const process: { readonly env: Record<string, string> }

const {
  POOL = '',
  FRONTEND_API = '',
  KEYS_ORIGIN,
  COGNITO_TOKEN = '',
  CLERK_TOKEN = '',
  CLERK_JWT_KEY = '',
} = process.env

const verifier = createVerifier({
  providers: [
    cognito({ userPoolId: POOL, clientId: 'app', tokenUse: 'access' }),
    clerk({ jwtKey: CLERK_JWT_KEY, frontendApi: FRONTEND_API, authorizedParties: ['https://app.example.com'] }),
  ],
  fetch: (input, init) => fetch(new URL(new URL(String(input)).pathname, KEYS_ORIGIN), init),
})

async function accepted(jwt: string): Promise<object> {
  const token = await verifier.verify(jwt)
  const { provider, subject, scopes } = token
  // `provider` tells the union apart: each branch sees the claims of its own provider.
  const extra: string | undefined = token.provider === 'cognito' ? token.claims.token_use : token.claims.sid
  return { provider, subject, scopes, extra }
}

async function refused(jwt: string): Promise<object> {
  try {
    return await accepted(jwt)
  } catch (error) {
    if (!isKeysourceError(error)) throw error
    return { code: error.code, status: error.status, isKeysourceError: true }
  }
}

const swapped = `${CLERK_TOKEN.slice(0, CLERK_TOKEN.lastIndexOf('.'))}${COGNITO_TOKEN.slice(COGNITO_TOKEN.lastIndexOf('.'))}`

Promise.all([accepted(COGNITO_TOKEN), accepted(CLERK_TOKEN), refused(swapped)]).then((results) => {
  console.log(JSON.stringify(results))
  verifier.close()
})
