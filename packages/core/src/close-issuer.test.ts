import { expect, test } from 'vitest'
import { closeIssuer } from './close-issuer.ts'

const AUTH0 = 'https://acme.eu.auth0.com/'
const COGNITO = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E'
const REALM = 'https://id.acme.example/realms/main'

test.each([
  ['a missing slash', 'https://acme.eu.auth0.com', AUTH0, /lacks the slash/],
  ['a slash too many', `${REALM}/`, REALM, /ends in a slash/],
  ['http for https', 'http://id.acme.example/realms/main', REALM, /http, not https/],
  ['no scheme', 'id.acme.example/realms/main', REALM, /scheme/],
  ['capital letters', 'https://ID.acme.example/realms/main', REALM, /capital/],
  ['white space', ` ${REALM}`, REALM, /white space/],
  ['another region', COGNITO.replace('cognito-idp.eu-central-1', 'cognito-idp.us-east-1'), COGNITO, /another region/],
  ['another region of a host name', 'https://acme.us.auth0.com/', AUTH0, /another region/],
  ['another tenant', 'https://other.eu.auth0.com/', AUTH0, /another tenant/],
  ['a custom domain', 'https://login.acme.example/realms/main', REALM, /custom domain/],
  ['another realm', 'https://id.acme.example/realms/other', REALM, /path differs/],
])('%s', (what, found, issuer, difference) => {
  expect(closeIssuer(found, [AUTH0, COGNITO, REALM])).toEqual({
    issuer,
    difference: expect.stringMatching(difference),
    samePlace: !/another|custom/.test(what),
  })
})

test.each(['privy.io', 'https://elsewhere.example', 'https://elsewhere.example/x', ''])(
  '%j is close to none',
  (found) => {
    expect(closeIssuer(found, [AUTH0, COGNITO, REALM])).toBeUndefined()
  },
)

test('the nearest wins, however they are ordered', () => {
  expect(closeIssuer(`${REALM}/`, ['https://id.acme.example/realms/x', REALM])?.issuer).toBe(REALM)
})
