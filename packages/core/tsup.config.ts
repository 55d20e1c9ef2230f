import { preset } from '../../tooling/tsup.ts'

export default preset({
  entry: ['src/index.ts', 'src/node.ts', 'src/signature/node.ts', 'src/signature/web.ts'],
  external: ['#signature'],
})
