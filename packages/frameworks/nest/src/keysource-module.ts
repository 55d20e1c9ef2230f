import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata, type Provider } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { AuthGuard, KEYSOURCE_OPTIONS, type KeysourceOptions } from './auth-guard.ts'

/** Whether every handler of the application is guarded, or those that ask for it. */
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
// biome-ignore lint/complexity/noStaticOnlyClass: NestJS takes a class as a module, and `forRoot` is by convention its static method
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
  const everywhere: readonly Provider[] = guardAll ? [{ provide: APP_GUARD, useExisting: AuthGuard }] : []
  return {
    module: KeysourceModule,
    global: true,
    providers: [options, AuthGuard, ...everywhere],
    exports: [KEYSOURCE_OPTIONS, AuthGuard],
  }
}
