// Checks, or with --write makes, the Lua files' layout. stylua's own binaries are not in a registry; its library is.
//   node stylua.mjs [--write] FOLDER...
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cache } from '../world.mjs'

const { Config, IndentType, LuaVersion, OutputVerification, QuoteStyle, formatCode } =
  createRequire(join(cache, 'stylua/'))('@johnnymorganz/stylua')

/** The options of `editors/neovim/stylua.toml`, which people's own stylua reads. */
function config() {
  const made = Config.new()
  made.column_width = 120
  made.indent_type = IndentType.Spaces
  made.indent_width = 2
  made.quote_style = QuoteStyle.AutoPreferSingle
  made.syntax = LuaVersion.LuaJIT
  return made
}

/** The Lua files below the folders whose layout is not stylua's. */
export function unformatted(folders, write = false) {
  const found = []
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.lua'))) {
      const path = join(folder, name)
      const text = readFileSync(path, 'utf8')
      const formatted = formatCode(text, config(), undefined, OutputVerification.None)
      if (formatted === text) continue
      found.push(path)
      if (write) writeFileSync(path, formatted)
    }
  }
  return found
}

if (process.argv[1] === import.meta.filename) {
  const write = process.argv.includes('--write')
  const found = unformatted(process.argv.slice(2).filter((word) => word !== '--write'), write)
  console.log(found.join('\n'))
  process.exitCode = found.length > 0 && !write ? 1 : 0
}
