import { versionsOf } from '../versions.ts'
import { awsJwtVerify } from './subjects/aws-jwt-verify.ts'
import { getJwks } from './subjects/get-jwks.ts'
import { jose } from './subjects/jose.ts'
import { jwksRsa, jwksRsaFallback } from './subjects/jwks-rsa.ts'
import { keysource } from './subjects/keysource.ts'
import type { Subject } from './subjects/subject.ts'

/** Compared unless others are asked for; Keysource, which has bars to meet, is the last column. */
export const COMPARED: readonly Subject[] = [jose, awsJwtVerify, jwksRsa, getJwks, keysource]

/** All that can be asked for. */
export const SUBJECTS: readonly Subject[] = [...COMPARED, jwksRsaFallback]

/** `jose 6.2.18`, for each package of these libraries. */
export function versions(subjects: readonly Subject[]): readonly string[] {
  return versionsOf(subjects.flatMap(({ packages }) => packages))
}
