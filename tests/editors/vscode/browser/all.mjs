// All tests in one process: what a browser has compiled is not compiled again for each file.
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { closeAll } from './harness.mjs'

after(closeAll)

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.mjs')).sort()) {
  // A file that cannot be read to its end has tests that nobody would miss.
  await import(`./${file}`).catch((error) => test(`${file} can be loaded`, () => { throw error }))
}
