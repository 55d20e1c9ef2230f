import 'reflect-metadata'
import { createVerifier, type VerifiedToken, type Verifier } from '@keysource/core'
import { oidc } from '@keysource/oidc'
import { callerOf, describeHttpAuth, type HttpRoute, type HttpRouteOptions, startOidc } from '@keysource/testing'
import {
  Controller,
  Get,
  HttpCode,
  type INestApplication,
  Injectable,
  Module,
  Options,
  Post,
  UseGuards,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Field, GraphQLModule, ObjectType, Query, Resolver } from '@nestjs/graphql'
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { Auth, AuthException, Authenticate, AuthGuard, KeysourceModule, Public, Scopes, type TokenOf } from './index.ts'

type Routes = readonly (readonly [path: HttpRoute, options: HttpRouteOptions])[]
const ADAPTERS = { 'nest on express': () => new ExpressAdapter(), 'nest on fastify': () => new FastifyAdapter() }

/** A controller a route, as each has options of its own. */
function controllerOf(path: HttpRoute, options: HttpRouteOptions): new () => object {
  @Controller(path)
  @Authenticate(options)
  class RouteController {
    @Options()
    @HttpCode(204)
    preflight(): void {}

    @Get()
    caller(@Auth() token: VerifiedToken | undefined): object {
      return callerOf(token)
    }

    @Post()
    post(): void {}
  }
  return RouteController
}

function moduleOf(verifier: Verifier<VerifiedToken>, routes: Routes): new () => object {
  @Module({
    imports: [KeysourceModule.forRoot({ verifier, guardAll: true })],
    controllers: routes.map(([path, options]) => controllerOf(path, options)),
  })
  class AppModule {}
  return AppModule
}

async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1')
  return (await app.getUrl()).replace('[::1]', '127.0.0.1')
}

for (const [name, adapter] of Object.entries(ADAPTERS)) {
  describeHttpAuth({
    runner: { describe, it },
    name,
    async start(verifier, routes) {
      const app = await NestFactory.create(moduleOf(verifier, routes), adapter(), { logger: false })
      return { url: await listen(app), close: () => app.close() }
    },
  })
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function issuerAndVerifier() {
  const issuer = await startOidc()
  closing.push(() => issuer.close())
  const verifier = createVerifier({ providers: [oidc({ issuer: issuer.issuer, audience: issuer.audience })] })
  return { issuer, verifier }
}

async function started(
  module: new () => object,
  adapter = 'nest on fastify' as keyof typeof ADAPTERS,
): Promise<string> {
  const app = await NestFactory.create(module, ADAPTERS[adapter](), { logger: false })
  closing.push(() => app.close())
  return listen(app)
}

describe('the module', () => {
  it('takes options from elsewhere, and guards what asks for it', async () => {
    const { issuer, verifier } = await issuerAndVerifier()

    @Injectable()
    class Settings {
      readonly audience = issuer.audience
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    @Controller()
    class OpenController {
      @Get('open')
      open(): string {
        return 'open'
      }
    }
    @Controller()
    @UseGuards(AuthGuard)
    @Scopes('read:reports')
    class GuardedController {
      @Get('me')
      me(@Auth() { subject, provider }: TokenOf<typeof verifier>): object {
        return { subject, provider }
      }

      @Get('admin')
      @Scopes('admin')
      admin(): string {
        return 'admin'
      }

      @Get('health')
      @Public()
      health(): string {
        return 'ok'
      }
    }
    @Module({
      imports: [
        KeysourceModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: ({ audience }: Settings) => ({ verifier, audience }),
        }),
      ],
      controllers: [OpenController, GuardedController],
    })
    class AppModule {}

    const url = await started(AppModule, 'nest on express')
    const headers = { authorization: `Bearer ${await issuer.issueToken({ sub: 'ada' })}` }
    expect((await fetch(`${url}/open`)).status).toBe(200)
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await fetch(`${url}/me`)).status).toBe(401)
    expect(await (await fetch(`${url}/me`, { headers })).json()).toEqual({ subject: 'ada', provider: 'oidc' })
    expect((await fetch(`${url}/admin`, { headers })).headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="admin"',
    )
  })

  it('refuses a wrong option when the application starts, or is written', async () => {
    const { verifier } = await issuerAndVerifier()
    @Module({ imports: [KeysourceModule.forRoot({ verifier, scope: 'a', guardAll: true } as never)] })
    class AppModule {}
    await expect(NestFactory.create(AppModule, { logger: false, abortOnError: false })).rejects.toThrow(/"scope"/)
    expect(() => Scopes('a b')).toThrow(/"scopes"/)
    expect(() => Authenticate({ cookies: 'a' } as never)).toThrow(/"cookies"/)
  })
})

describe('GraphQL', () => {
  it('guards resolvers, with the token as a parameter', async () => {
    const { issuer, verifier } = await issuerAndVerifier()

    @ObjectType()
    class Report {
      @Field(() => String)
      readonly title!: string
    }
    @Resolver(() => Report)
    class ReportResolver {
      @Query(() => Report)
      @Scopes('read:reports')
      report(@Auth() token: VerifiedToken): Report {
        return { title: `for ${token.subject}` }
      }

      @Query(() => String)
      @Public()
      health(): string {
        return 'ok'
      }
    }
    @Module({
      imports: [
        KeysourceModule.forRoot({ verifier, guardAll: true }),
        GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true }),
      ],
      providers: [ReportResolver],
    })
    class AppModule {}

    const url = await started(AppModule)
    const ask = async (query: string, jwt?: string) => {
      const headers = { 'content-type': 'application/json', ...(jwt && { authorization: `Bearer ${jwt}` }) }
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
      return (await response.json()) as { data?: object; errors?: readonly { message: string }[] }
    }
    const query = '{ report { title } }'
    expect(await ask('{ health }')).toEqual({ data: { health: 'ok' } })
    expect(await ask(query, await issuer.issueToken({ sub: 'ada' }))).toEqual({
      data: { report: { title: 'for ada' } },
    })
    expect((await ask(query)).errors?.[0]?.message).toBe('Unauthorized')
    expect((await ask(query, await issuer.issueToken({ scope: 'openid' }))).errors?.[0]?.message).toBe('Forbidden')
  })
})

describe('AuthException', () => {
  it('is what a filter gets', async () => {
    const { verifier } = await issuerAndVerifier()
    const guard = new AuthGuard({ verifier }, { getAllAndOverride: () => undefined } as never)
    const context = {
      getType: () => 'http',
      getClass: () => Object,
      getHandler: () => () => {},
      switchToHttp: () => ({ getRequest: () => ({ headers: {} }), getResponse: () => ({}) }),
    }
    const error = await guard.canActivate(context as never).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AuthException)
    expect((error as AuthException).getStatus()).toBe(401)
    expect((error as AuthException).refusal.headers['www-authenticate']).toBe('Bearer')
  })
})
