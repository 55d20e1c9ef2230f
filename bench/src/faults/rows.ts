import { requestsInFlood, rotationInFlood, unknownIssuers } from './rows/flood.ts'
import { drip, gzipBomb, hugeBody, oddKeys, redirect } from './rows/hostile-body.ts'
import { idleCrowd, idleWithdrawal } from './rows/idle.ts'
import { coldStart, hang, outages, slowRefresh } from './rows/outage.ts'
import { rotation, withdrawal } from './rows/rotation.ts'
import type { Row } from './rows/row.ts'

/** The table, top to bottom. */
export const ROWS: readonly Row[] = [
  rotation,
  rotationInFlood,
  requestsInFlood,
  ...outages,
  hang,
  slowRefresh,
  withdrawal,
  oddKeys,
  hugeBody,
  gzipBomb,
  drip,
  redirect,
  idleCrowd,
  idleWithdrawal,
  coldStart,
  unknownIssuers,
]
