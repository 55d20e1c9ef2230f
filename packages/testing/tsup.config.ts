import { preset } from '../../tooling/tsup.ts'

const config: ReturnType<typeof preset> = preset({ platform: 'node' })

export default config
