// Bundles the extension and its chat view into dist/, with the licences of what is inside.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
rmSync(here('dist'), { recursive: true, force: true })
const common = { absWorkingDir: here('.'), bundle: true, minify: true, legalComments: 'none', logLevel: 'warning', metafile: true }
const builds = await Promise.all([
  build({ ...common, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.js', platform: 'node', format: 'cjs', target: 'node20', external: ['vscode'] }),
  build({ ...common, entryPoints: ['src/webview/main.ts'], outfile: 'dist/chat.js', platform: 'browser', format: 'iife', target: 'es2022' }),
])
cpSync(here('src/webview/chat.css'), here('dist/chat.css'))

const inputs = builds.flatMap(({ metafile }) => Object.keys(metafile.inputs))
// The innermost package that a bundled file is of.
const packages = new Set(inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean))
const notices = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(here(join(folder, 'package.json')), 'utf8'))
  const file = readdirSync(here(folder)).find((each) => /^licen[cs]e/i.test(each))
  return `${name} ${version} (${license})\n\n${file ? readFileSync(here(join(folder, file)), 'utf8').trim() : ''}\n`
})
writeFileSync(here('dist/THIRD-PARTY-NOTICES.txt'), notices.join(`\n${'-'.repeat(80)}\n\n`))
