// As a user of CommonJS would write it.
const { clerk } = require('@keysource/clerk')
const { cognito } = require('@keysource/cognito')
const { createVerifier, isKeysourceError } = require('@keysource/core')

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

Promise.all([accepted(COGNITO_TOKEN), accepted(CLERK_TOKEN), refused(swapped)]).then((results) => {
  console.log(JSON.stringify(results))
  verifier.close()
})
