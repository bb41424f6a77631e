// Each test of the spec files, in a Neovim of its own.
import { spawn } from 'node:child_process'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cache, here, repository, until, World } from '../world.mjs'
import { survivors } from '../processes.mjs'
import { versions } from './person.mjs'

const specs = join(here, 'neovim/specs')

// The keys that the specs use; none may be found in anything that Neovim or the server writes by itself.
const canaries = ['sk-canary-typed-1234567890']

function run(world, version, spec, name, options) {
  return new Promise((done) => {
    const child = spawn(join(cache, 'bin', version), ['--headless', '-u', join(here, 'neovim/init.lua'), '-c', `luafile ${join(here, 'neovim/harness.lua')}`], {
      cwd: world.home,
      env: { ...world.env, PLUGIN: join(repository, 'editors/neovim'), SPEC: spec, TEST: name, QWEN_OPTIONS: options ?? '{}' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 40000,
    })
    let output = ''
    child.stdout.on('data', (data) => { output += data })
    child.stderr.on('data', (data) => { output += data })
    child.on('exit', (code, signal) => done({ code: code ?? signal, output }))
  })
}

for (const file of readdirSync(specs).filter((name) => name.endsWith('.lua'))) {
  const text = readFileSync(join(specs, file), 'utf8')
  // A spec may say which Neovim it needs, and which options it is for, in the comment above a test.
  for (const [, note, name] of text.matchAll(/(?:^-- (needs .*)\n)?^test\('(.+)', function/gm)) {
    const options = note?.match(/options (\{.*\})/)?.[1]
    for (const version of versions) {
      if (note?.includes('0.12') && version !== 'nvim-sid') continue
      test(`${version}: ${name}`, async (t) => {
        const world = await World.make(t)
        const { code, output } = await run(world, version, join(specs, file), name, options)
        assert.equal(code, 0, output + world.read('home/.local/state/nvim/lsp.log').slice(-3000))
        await until(() => survivors(world).length === 0, () => `the end of ${survivors(world)}`)
        const log = world.read('home/.local/state/nvim/lsp.log')
        for (const canary of canaries) assert.ok(!log.includes(canary), 'a key is in Neovim’s log')
      })
    }
  }
}
