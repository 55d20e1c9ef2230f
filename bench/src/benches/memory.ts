// What a verifier keeps of strangers' tokens, and what many providers cost.
import type { Bench } from '../bench.ts'
import { inLaboratory } from '../faults/laboratory.ts'
import { flags } from '../flags.ts'
import { machine } from '../machine.ts'
import { composition } from '../memory/composition.ts'
import { forgedKids } from '../memory/forged-kids.ts'
import { providersHeap } from '../memory/providers.ts'

export const bench: Bench = {
  about: 'what forged kids leave in the heap, and a thousand providers beside one',
  async run(args) {
    flags(args, {})
    console.log(`${machine()}\n`)
    const flat = await inLaboratory(forgedKids)
    const small = await providersHeap()
    const quick = await composition()
    return flat && small && quick
  },
}
