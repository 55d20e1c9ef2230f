import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { httpAuthTable } from '../packages/testing/src/index.ts'

// `-u` writes it.
test('the README of @keysource/http has the table of requests as it is', async () => {
  const file = join(import.meta.dirname, '../packages/frameworks/http/README.md')
  const text = readFileSync(file, 'utf8')
  const table = `<!-- table -->\n${httpAuthTable()}<!-- /table -->`
  await expect(text.replace(/<!-- table -->.*<!-- \/table -->/s, () => table)).toMatchFileSnapshot(file)
})
