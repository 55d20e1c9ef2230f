import type { Provider, Verifier } from '@keysource/core'

/** The providers of this API, and what has to be closed when it stops. */
export interface Composition {
  readonly providers: readonly Provider[]
  /** With stand-ins only: leads the providers' real hosts to them. */
  readonly fetch?: typeof globalThis.fetch
  /** With stand-ins only. */
  readonly demo?: DemoTokens
  close(): Promise<void>
}

/** Makes tokens for trying the API out. */
export interface DemoTokens {
  /** A fresh token, or nothing for a provider that is not there. */
  issueToken(provider: string): Promise<string | undefined>
}

/** What is served over a composition, and the verifier that guards it. */
export interface Api {
  readonly app: { fetch(request: Request): Response | Promise<Response> }
  readonly verifier: Pick<Verifier, 'ready' | 'close'>
}
