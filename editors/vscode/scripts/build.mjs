// Bundles the extension and its chat view into dist/.
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
rmSync(here('dist'), { recursive: true, force: true })
const common = { bundle: true, minify: true, sourcemap: false, legalComments: 'linked', logLevel: 'warning' }
await build({ ...common, entryPoints: [here('src/extension.ts')], outfile: here('dist/extension.js'), platform: 'node', format: 'cjs', target: 'node20', external: ['vscode'] })
await build({ ...common, entryPoints: [here('src/webview/main.ts')], outfile: here('dist/chat.js'), platform: 'browser', format: 'iife', target: 'es2022' })
cpSync(here('src/webview/chat.css'), here('dist/chat.css'))
