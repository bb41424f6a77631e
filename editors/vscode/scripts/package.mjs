// Makes a .vsix. With a server it is for one platform:
//   node scripts/package.mjs --target linux-x64 --server ../../target/release/qwen-language-server [--out FILE]
// Without one it is for every platform, and finds the server on PATH or by `qwen.server.path`.
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createVSIX } from '@vscode/vsce'

const { values: options } = parseArgs({ options: { target: { type: 'string' }, server: { type: 'string' }, out: { type: 'string' } } })
if ((options.target === undefined) !== (options.server === undefined)) throw new Error('--target and --server belong together')
const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

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
await createVSIX({
  cwd: here('.'), packagePath, dependencies: false, allowMissingRepository: true, rewriteRelativeLinks: false,
  ...(options.target ? { target: options.target } : {}),
})
rmSync(here('bin'), { recursive: true, force: true })
