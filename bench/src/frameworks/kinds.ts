/** Each framework with its package, and with `verifier.verify` called by hand. */
export const FRAMEWORKS = ['express', 'fastify'] as const
export const KINDS = ['express', 'express by hand', 'fastify', 'fastify by hand'] as const
export type FrameworkKind = (typeof KINDS)[number]
