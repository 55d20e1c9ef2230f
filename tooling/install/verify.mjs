// As a user of JavaScript with ES modules would write it.
import { clerk } from '@keysource/clerk'
import { cognito } from '@keysource/cognito'
import { createVerifier, isKeysourceError } from '@keysource/core'

const { POOL, FRONTEND_API, KEYS_ORIGIN, COGNITO_TOKEN, CLERK_TOKEN, CLERK_JWT_KEY } = process.env

const verifier = createVerifier({
  providers: [
    cognito({ userPoolId: POOL, clientId: 'app', tokenUse: 'access' }),
    clerk({ jwtKey: CLERK_JWT_KEY, frontendApi: FRONTEND_API, authorizedParties: ['https://app.example.com'] }),
  ],
  fetch: (input, init) => fetch(new URL(new URL(String(input)).pathname, KEYS_ORIGIN), init),
})

async function accepted(jwt) {
  const { provider, subject, scopes, claims } = await verifier.verify(jwt)
  return { provider, subject, scopes, extra: provider === 'cognito' ? claims.token_use : claims.sid }
}

async function refused(jwt) {
  try {
    return await accepted(jwt)
  } catch (error) {
    return { code: error.code, status: error.status, isKeysourceError: isKeysourceError(error) }
  }
}

const swapped = `${CLERK_TOKEN.slice(0, CLERK_TOKEN.lastIndexOf('.'))}${COGNITO_TOKEN.slice(COGNITO_TOKEN.lastIndexOf('.'))}`

console.log(JSON.stringify([await accepted(COGNITO_TOKEN), await accepted(CLERK_TOKEN), await refused(swapped)]))
verifier.close()
