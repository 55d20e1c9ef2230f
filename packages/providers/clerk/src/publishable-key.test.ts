import { describe, expect, it } from 'vitest'
import { frontendApiIn } from './publishable-key.ts'

const key = (text: string, prefix = 'pk_test_'): string => `${prefix}${btoa(text)}`

describe('frontendApiIn', () => {
  it.each([
    ['pk_test_YWNtZS1yZXBvcnRzLTQyLmNsZXJrLmFjY291bnRzLmRldiQ=', 'acme-reports-42.clerk.accounts.dev'],
    [key('clerk.acme.example$', 'pk_live_'), 'clerk.acme.example'],
    [key('clerk.acme.example$').replace(/=+$/, ''), 'clerk.acme.example'],
  ])('reads %s', (publishableKey, host) => {
    expect(frontendApiIn(publishableKey)).toBe(host)
  })

  it.each([
    ['nothing', ''],
    ['no base64', 'pk_test_'],
    ['another prefix', key('clerk.acme.example$', 'sk_test_')],
    ['another environment', key('clerk.acme.example$', 'pk_prod_')],
    ['a fourth part', `${key('clerk.acme.example$')}_x`],
    ['a key cut off', key('clerk.acme.example$').slice(0, -4)],
    ['a key cut off to a length that no base64 has', key('clerk.acme.example$').replace(/=+$/, '').slice(0, -1)],
    ['no $', key('clerk.acme.example')],
    ['two $ at the end', key('clerk.acme.example$$')],
    ['a $ in the middle', key('clerk$.acme.example$')],
    ['no dot', key('localhost$')],
    ['a path', key('clerk.acme.example/x$')],
    ['a port', key('clerk.acme.example:8443$')],
    ['another host behind an @', key('clerk.acme.example@evil.example$')],
    ['white space around it', ` ${key('clerk.acme.example$')}\n`],
  ])('finds no host in %s', (_, publishableKey) => {
    expect(frontendApiIn(publishableKey)).toBeUndefined()
  })
})
