// The plugin's source, as its tools and its readers see it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { here, repository } from '../world.mjs'
import { unformatted } from './stylua.mjs'

const plugin = join(repository, 'editors/neovim')
const files = readdirSync(plugin, { recursive: true }).filter((name) => name.endsWith('.lua')).map((name) => join(plugin, name))

test('stylua would change nothing', () => {
  assert.deepEqual(unformatted([plugin, join(here, 'neovim')]), [])
})

test('luacheck has nothing to say', () => {
  const { status, stdout } = spawnSync('luacheck', ['-q', '--no-color', '.'], { cwd: plugin, encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})

test('every public function says what it is', () => {
  const silent = []
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n')
    lines.forEach((line, at) => {
      const [, name, given] = line.match(/^(?:function (M[.:]\w+)|M[^ ]* = function)\(?(.*?)\)/) ?? []
      if (given === undefined) return
      let above = at
      while (lines[above - 1]?.startsWith('---')) above -= 1
      const comment = lines.slice(above, at).join('\n')
      const parameters = given.split(',').map((word) => word.trim()).filter((word) => word && !word.startsWith('_') && word !== '...')
      for (const parameter of parameters) {
        if (!new RegExp(`---@param ${parameter}\\?? `).test(comment)) silent.push(`${file}:${at + 1} ${name} ${parameter}`)
      }
      if (!comment) silent.push(`${file}:${at + 1} ${name}`)
    })
  }
  assert.deepEqual(silent, [])
})

test('the help names every option, key, subcommand and function', () => {
  const help = readFileSync(join(plugin, 'doc/qwen.txt'), 'utf8')
  const options = readFileSync(join(plugin, 'lua/qwen/options.lua'), 'utf8')
  const command = readFileSync(join(plugin, 'lua/qwen/command.lua'), 'utf8')
  const auth = readFileSync(join(plugin, 'lua/qwen/auth.lua'), 'utf8')
  const names = [...options.matchAll(/^---@field (\w+)/gm)].map((match) => `${match[1]} = `)
  const subcommands = [...command.match(/local subcommands = \{([^]*?)\n\}/)[1].matchAll(/^ {2}(\w+) = \{/gm)].map((match) => match[1])
  const actions = [...auth.match(/M\.actions = \{(.*)\}/)[1].matchAll(/'([\w-]+)'/g)].map((match) => `auth ${match[1]}`)
  assert.ok(names.length > 12 && subcommands.length > 6 && actions.length === 6)
  for (const wanted of names) assert.ok(help.includes(wanted), wanted)
  const functions = [...readFileSync(join(plugin, 'lua/qwen/init.lua'), 'utf8').matchAll(/^function M\.(\w+)/gm)].map((match) => match[1])
  assert.ok(functions.length > 5)
  for (const name of functions) assert.match(help, new RegExp(`^qwen\\.${name}\\(`, 'm'))
  for (const wanted of [...subcommands, ...actions]) assert.match(help, new RegExp(`:(\\[range\\])?Qwen ${wanted}\\b`))
})

test('server data never reaches a string that Neovim runs', () => {
  for (const file of files) assert.doesNotMatch(readFileSync(file, 'utf8'), /vim\.cmd\([^)]*\.\.|nvim_exec2?\(|loadstring/, file)
})
