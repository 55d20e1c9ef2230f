import { preset } from '../../../tooling/tsup.ts'

// An entry for each major of the SDK: whoever has one of them need not install the other.
export default preset({ entry: ['src/index.ts', 'src/sdk.ts', 'src/server.ts'] })
