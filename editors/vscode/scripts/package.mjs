// Makes a .vsix. With a server it is for one platform:
//   node scripts/package.mjs --target linux-x64 --server ../../target/release/qwen-language-server [--out FILE]
// Without one it is for every platform, and finds the server on PATH or by `qwen.server.path`.
// A program of another platform and a debug build are refused, unless asked for by --other-platform and --debug.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createVSIX } from '@vscode/vsce'
import { objection } from './binary.mjs'

const { values: options } = parseArgs({
  options: {
    target: { type: 'string' }, server: { type: 'string' }, out: { type: 'string' },
    'other-platform': { type: 'boolean' }, debug: { type: 'boolean' },
  },
})
const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

function refuse(why) {
  console.error(`not packed: ${why}`)
  process.exit(1)
}

if ((options.target === undefined) !== (options.server === undefined)) refuse('--target and --server belong together')
if (options.server) {
  const allowed = { otherPlatform: options['other-platform'], debug: options.debug }
  const why = objection(readFileSync(options.server), options.target, resolve(options.server), allowed)
  if (why !== undefined) refuse(why)
}

await import('./build.mjs')
copyFileSync(here('../../LICENSE'), here('LICENSE'))
rmSync(here('bin'), { recursive: true, force: true })
if (options.server) {
  const program = here(options.target.startsWith('win32') ? 'bin/qwen-language-server.exe' : 'bin/qwen-language-server')
  mkdirSync(here('bin'))
  copyFileSync(options.server, program)
  chmodSync(program, 0o755)
}
const packagePath = options.out ?? here(`qwen-language-server${options.target ? `-${options.target}` : ''}.vsix`)
try {
  await createVSIX({
    cwd: here('.'), packagePath, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false,
    ...(options.target ? { target: options.target } : {}),
  })
} finally {
  // The next package may be one without a server.
  rmSync(here('bin'), { recursive: true, force: true })
}
