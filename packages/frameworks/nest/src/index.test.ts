import 'reflect-metadata'
import { createVerifier, type VerifiedToken, type Verifier, type VerifyOptions } from '@keysource/core'
import { oidc } from '@keysource/oidc'
import { callerOf, describeHttpAuth, type HttpRoute, type HttpRouteOptions, startOidc } from '@keysource/testing'
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo'
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpCode,
  type INestApplication,
  Injectable,
  Module,
  Options,
  Post,
  UseGuards,
} from '@nestjs/common'
import { APP_FILTER, NestFactory } from '@nestjs/core'
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

describe('what decorators ask', () => {
  /** Answers with what the verifier was asked, which takes any token, without scopes. */
  const verifier = {
    verify: async (_jwt: string, { scopes, audience }: VerifyOptions = {}) => {
      const claims = { asked: { scopes, audience } }
      return { subject: 'ada', scopes: [], provider: 'acme', claims } as unknown as VerifiedToken
    },
  }
  const headers = { authorization: 'Bearer a.b.c' }
  let verified = 0
  const counting = {
    verify: (...call: Parameters<typeof verifier.verify>) => {
      verified += 1
      return verifier.verify(...call)
    },
  }

  @Controller('open')
  @Public()
  class OpenController {
    @Get('scoped')
    @Scopes('admin')
    scoped(@Auth() { claims }: VerifiedToken): object {
      return claims.asked as object
    }

    @Get('public')
    open(@Auth() token: VerifiedToken | undefined): object {
      return { token: token ?? null }
    }
  }
  @Controller('guarded')
  @Scopes('read')
  @Authenticate({ audience: 'https://api.example.com' })
  class GuardedController {
    @Get('admin')
    @Authenticate({ scopes: 'admin' })
    admin(@Auth() { claims }: VerifiedToken): object {
      return claims.asked as object
    }

    @Get('read')
    read(@Auth() { claims }: VerifiedToken): object {
      return claims.asked as object
    }

    @Get('public')
    @Public()
    open(@Auth() token: VerifiedToken | undefined): object {
      return { token: token ?? null }
    }
  }
  @Controller('extended')
  @Authenticate({ cookie: '__session' })
  class ExtendedController extends GuardedController {}
  @Controller('bare')
  class BareController {
    @Get('auth')
    auth(@Auth() _token: VerifiedToken): string {
      return 'taken for granted'
    }
  }
  const controllers = [OpenController, GuardedController, ExtendedController, BareController]

  @Module({ imports: [KeysourceModule.forRoot({ verifier: counting })], controllers })
  class Single {}
  @Module({ imports: [KeysourceModule.forRoot({ verifier: counting, guardAll: true })], controllers })
  class All {}

  const audience = 'https://api.example.com'
  const cases = [
    ['open/scoped', 401, { scopes: ['admin'] }],
    ['open/public', 200, { token: null }],
    ['guarded/admin', 401, { scopes: ['admin'], audience }],
    ['guarded/read', 401, { scopes: ['read'], audience }],
    ['guarded/public', 200, { token: null }],
    ['extended/admin', 401, { scopes: ['admin'], audience }],
    ['extended/read', 401, { scopes: ['read'], audience }],
  ] as const

  for (const [name, module] of Object.entries({ 'by its own guard': Single, 'with guardAll': All })) {
    it(`holds ${name}, and each call is verified once`, async () => {
      const url = await started(module, 'nest on express')
      for (const [path, anonymous, asked] of cases) {
        expect([path, (await fetch(`${url}/${path}`)).status]).toEqual([path, anonymous])
        verified = 0
        const response = await fetch(`${url}/${path}`, { headers })
        expect([path, response.status, await response.json()]).toEqual([path, 200, asked])
        expect([path, verified]).toEqual([path, anonymous === 200 ? 0 : 1])
      }
    })
  }

  it('throws where a handler takes a token and nobody looked for one', async () => {
    const url = await started(Single, 'nest on express')
    expect((await fetch(`${url}/bare/auth`, { headers })).status).toBe(500)
    const guarded = await started(All, 'nest on express')
    expect((await fetch(`${guarded}/bare/auth`, { headers })).status).toBe(200)
  })

  it('refuses decorators that contradict each other', () => {
    const decorated = (...decorators: readonly ClassDecorator[]) => {
      return () => {
        class Contradictory {}
        for (const decorate of decorators) decorate(Contradictory)
      }
    }
    expect(decorated(Public(), Scopes('a'))).toThrow(/@Public\(\).*Contradictory|Contradictory.*@Public\(\)/)
    expect(decorated(Authenticate({ cookie: 'a' }), Public())).toThrow(/@Public\(\)/)
    expect(decorated(Scopes('a'), Scopes('b'))).toThrow(/"scopes"/)
    expect(decorated(Authenticate({ scopes: 'a' }), Scopes('b'))).toThrow(/"scopes"/)
    expect(decorated(Authenticate({ cookie: 'a' }), Scopes('b'))).not.toThrow()
    expect(decorated(Public(), Public())).not.toThrow()
  })
})

const DRIVERS = {
  'mercurius on fastify': {
    adapter: 'nest on fastify',
    graphql: () => GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true }),
  },
  'apollo on express': {
    adapter: 'nest on express',
    graphql: () =>
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        includeStacktraceInErrorResponses: false,
      }),
  },
} as const

describe.each(Object.entries(DRIVERS))('GraphQL: %s', (_name, { adapter, graphql }) => {
  it('guards resolvers, with the token as a parameter, and tells what HTTP would say', async () => {
    const { issuer, verifier } = await issuerAndVerifier()

    @ObjectType()
    class Report {
      @Field(() => String)
      readonly title!: string
    }
    @Resolver(() => Report)
    class ReportResolver {
      @Query(() => Report, { nullable: true })
      @Scopes('read:reports')
      report(@Auth() token: VerifiedToken): Report {
        return { title: `for ${token.subject}` }
      }

      @Query(() => String)
      @Public()
      health(@Auth() token: VerifiedToken | undefined): string {
        return token ? 'known' : 'ok'
      }
    }
    @Module({
      imports: [KeysourceModule.forRoot({ verifier, guardAll: true }), graphql()],
      providers: [ReportResolver],
    })
    class AppModule {}

    const url = await started(AppModule, adapter)
    const ask = async (query: string, jwt?: string) => {
      const headers = { 'content-type': 'application/json', ...(jwt && { authorization: `Bearer ${jwt}` }) }
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
      type Answer = { data?: object; errors?: readonly { message: string; extensions?: object }[] }
      const { data, errors } = (await response.json()) as Answer
      const error = errors?.[0] && { message: errors[0].message, extensions: errors[0].extensions }
      return { status: response.status, data, ...(error && { error }) }
    }
    const query = '{ health report { title } }'
    expect(await ask('{ health }')).toEqual({ status: 200, data: { health: 'ok' } })
    expect(await ask(query, await issuer.issueToken({ sub: 'ada' }))).toEqual({
      status: 200,
      data: { health: 'ok', report: { title: 'for ada' } },
    })
    const refused = { status: 200, data: { health: 'ok', report: null } }
    expect(await ask(query)).toEqual({
      ...refused,
      error: {
        message: 'Unauthorized',
        extensions: {
          code: 'UNAUTHENTICATED',
          problem: { title: 'Unauthorized', status: 401 },
          challenge: 'Bearer',
        },
      },
    })
    expect(await ask(query, await issuer.issueToken({ scope: 'openid' }))).toEqual({
      ...refused,
      error: {
        message: 'Forbidden',
        extensions: {
          code: 'FORBIDDEN',
          problem: { title: 'Forbidden', status: 403, error: 'insufficient_scope' },
          challenge: 'Bearer error="insufficient_scope", scope="read:reports"',
        },
      },
    })
  })
})

describe('AuthException', () => {
  for (const adapter of Object.keys(ADAPTERS) as (keyof typeof ADAPTERS)[]) {
    it(`is answered by a filter of the application that wants it, ${adapter}`, async () => {
      const verifier = { verify: async () => ({}) as VerifiedToken }

      @Catch()
      class Everything implements ExceptionFilter {
        catch(error: AuthException, host: ArgumentsHost): void {
          const body = { own: error.getStatus() }
          const response = host.switchToHttp().getResponse()
          if (adapter === 'nest on express') response.status(418).json(body)
          else response.status(418).type('application/json').send(body)
        }
      }
      @Controller()
      class OneController {
        @Get()
        one(): string {
          return 'one'
        }
      }
      @Module({
        imports: [KeysourceModule.forRoot({ verifier, guardAll: true })],
        controllers: [OneController],
        providers: [{ provide: APP_FILTER, useClass: Everything }],
      })
      class AppModule {}

      const response = await fetch(await started(AppModule, adapter))
      expect([response.status, await response.json()]).toEqual([418, { own: 401 }])
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
    })
  }

  it('is what a filter gets', async () => {
    const { verifier } = await issuerAndVerifier()
    const guard = new AuthGuard({ verifier })
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
