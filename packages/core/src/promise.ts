/**
 * Whether this has to be waited for, by what it does. `instanceof Promise` says no to a promise of another realm (what
 * `crypto.subtle` makes on Next's edge runtime) and to a native one where a library has replaced the global (zone.js), and a
 * verdict that is not waited for is no verdict.
 */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === 'function'
}
