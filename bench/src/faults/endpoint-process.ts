// The endpoint in a process of its own, so that its work is not done on the event loop that is measured.
import { inputFromParent } from '../child-process.ts'
import { startEndpoint } from './endpoint.ts'

const address = await startEndpoint(await inputFromParent<{ readonly key: string; readonly cert: string }>())
process.send?.(address)
