// One row for one library, in a process of its own: its memory and its hanging requests do not reach the next.
import { answerToParent, inputFromParent } from '../child-process.ts'
import { endpointControl } from './control.ts'
import { AUDIENCE } from './issuer.ts'
import type { Finding } from './rows/row.ts'
import { ROWS } from './rows.ts'
import { issuerOf, jwksUriOf } from './session.ts'
import { SUBJECTS } from './subjects.ts'
import type { Trial } from './trial.ts'

answerToParent(await measured(await inputFromParent<Trial>()))

async function measured(trial: Trial): Promise<Finding> {
  const row = ROWS.find(({ id }) => id === trial.row)
  const subject = SUBJECTS.find(({ name }) => name === trial.subject)
  if (!row || !subject) throw new RangeError(`expected a row and a library, found ${trial.row} and ${trial.subject}`)
  const issuer = issuerOf(trial.endpoint.origin, trial.session)
  const target = { issuer, audience: AUDIENCE, jwksUri: jwksUriOf(issuer) }
  try {
    const endpoint = endpointControl(trial.endpoint.control, trial.session)
    return await row.measure({ issuer, endpoint, start: () => subject.start(target) })
  } catch (error) {
    return { text: `could not be measured: ${(error as Error).message}`, meets: false }
  }
}
