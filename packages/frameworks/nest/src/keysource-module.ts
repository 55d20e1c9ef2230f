import type { DynamicModule, FactoryProvider, ModuleMetadata, Provider } from '@nestjs/common'
import { Module } from '@nestjs/common'
import { APP_GUARD, Reflector } from '@nestjs/core'
import { AuthGuard, KEYSOURCE_OPTIONS, type KeysourceOptions } from './auth-guard.ts'

/** Whether every handler of the application is guarded, or those with `@UseGuards(AuthGuard)`. */
export interface GuardOptions {
  /** Guards every handler that is not `@Public()`. Default `false`. */
  readonly guardAll?: boolean | undefined
}

/** Options of `KeysourceModule.forRootAsync`. */
export interface KeysourceAsyncOptions extends GuardOptions {
  readonly imports?: ModuleMetadata['imports']
  /** What the factory is called with. */
  readonly inject?: FactoryProvider['inject']
  readonly useFactory: (...dependencies: never[]) => KeysourceOptions | Promise<KeysourceOptions>
}

/**
 * Provides {@link AuthGuard} to the whole application.
 *
 * @example
 * ```ts
 * @Module({ imports: [KeysourceModule.forRoot({ verifier, guardAll: true })] })
 * class AppModule {}
 * ```
 */
// biome-ignore lint/complexity/noStaticOnlyClass: a module of NestJS is a class
export class KeysourceModule {
  /** @throws `CONFIG_INVALID` for an unknown or wrong option, when the application starts */
  static forRoot({ guardAll, ...options }: KeysourceOptions & GuardOptions): DynamicModule {
    return moduleOf({ provide: KEYSOURCE_OPTIONS, useValue: options }, { guardAll })
  }

  /** The same with options that come from elsewhere: a configuration service, say. */
  static forRootAsync({ imports, inject, useFactory, guardAll }: KeysourceAsyncOptions): DynamicModule {
    const options: Provider = {
      provide: KEYSOURCE_OPTIONS,
      useFactory: useFactory as FactoryProvider['useFactory'],
      ...(inject && { inject }),
    }
    return { ...moduleOf(options, { guardAll }), ...(imports && { imports }) }
  }
}

Module({})(KeysourceModule)

function moduleOf(options: Provider, { guardAll }: GuardOptions): DynamicModule {
  const guard: Provider = {
    provide: AuthGuard,
    useFactory: (given: KeysourceOptions, reflector: Reflector) => new AuthGuard(given, reflector),
    inject: [KEYSOURCE_OPTIONS, Reflector],
  }
  const everywhere: readonly Provider[] = guardAll ? [{ provide: APP_GUARD, useExisting: AuthGuard }] : []
  return {
    module: KeysourceModule,
    global: true,
    providers: [options, guard, ...everywhere],
    exports: [KEYSOURCE_OPTIONS, AuthGuard],
  }
}
