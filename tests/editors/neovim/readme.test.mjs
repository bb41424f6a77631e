// editors/neovim/README.md, step by step, from an empty HOME: its own snippets are the user's configuration.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Screen } from '../screen.mjs'
import { cache, repository, server, World } from '../world.mjs'
import { command, normal, versions, write } from './person.mjs'

const readme = readFileSync(join(repository, 'editors/neovim/README.md'), 'utf8')

/** The README's blocks of a language, without their indentation. */
const blocks = (language) => [...readme.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\``, 'gm'))]
  .map(([, indent, text]) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))

/** The snippet that has these words, for the clone that the world holds. */
function snippet(world, words) {
  const found = blocks('lua').filter((text) => text.includes(words))
  assert.equal(found.length, 1, words)
  return found[0].replaceAll('/path/to/qwen-language-server', world.path('qwen-language-server'))
}

/** An empty HOME, the server on PATH, a clone of this repository, and a project that has no account. */
async function fresh(t) {
  const world = await World.make(t)
  symlinkSync(server, world.path('bin/qwen-language-server'))
  assert.match(execFileSync('qwen-language-server', ['--version'], { env: world.env, encoding: 'utf8' }), /^qwen-language-server \d/)
  cpSync(join(repository, 'editors/neovim'), world.path('qwen-language-server/editors/neovim'), { recursive: true })
  world.write('app/.git/HEAD', '')
  world.write('app/main.py', 'def add(a, b):\n    return a - b\n')
  return world
}

function start(world, version) {
  return Screen.start(world, [join(cache, 'bin', version), 'main.py'], { cwd: world.path('app'), columns: 140, rows: 40 })
}

/** «Two minutes»: the state, a sign-in, an answer streamed, another stopped. */
async function twoMinutes(world, screen) {
  await screen.shows('Qwen: signed out')
  await command(screen, 'Qwen status')
  await screen.shows('Signed out')
  screen.keys('q')
  await screen.hides('Signed out')
  await command(screen, 'Qwen auth sign-in')
  await screen.shows('WDJB-MJHT')
  await world.post('/approve')
  await screen.shows(/Qwen: coder-model/)
  await screen.hides('WDJB-MJHT')
  await world.post('/script', { deltas: ['streamed '], hold: true, after: ['and whole'] })
  await command(screen, 'Qwen chat')
  await screen.shows('## You')
  await write(screen, 'first')
  await normal(screen)
  screen.keys('Enter')
  await screen.shows('│streamed')
  await screen.shows('answering…')
  await world.post('/release')
  await screen.shows('streamed and whole')
  await screen.shows('coder-model · 12 tokens')
  await world.post('/script', { deltas: ['half of it'], hold: true })
  await write(screen, 'second')
  screen.keys('C-s')
  await screen.shows('half of it')
  screen.keys('C-c')
  await screen.shows('## Qwen stopped')
  await normal(screen)
  assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
  assert.match(screen.text(), /half of it/)
  assert.deepEqual((await world.get('/requests')).map(({ said, outcome }) => [said, outcome]), [['first', 'done'], ['second', 'hungUp']])
  screen.picture('nvim-readme')
}

for (const version of versions) {
  test(`${version}: with nothing but the README’s line: signed in, one answer streamed, one stopped`, async (t) => {
    const world = await fresh(t)
    const line = snippet(world, 'vim.opt.runtimepath:append(\'')
    // The status line is the README's too.
    world.write('home/.config/nvim/init.lua', `${line}\nvim.o.laststatus = 2\n${blocks('lua').at(-1).split('\n').find((text) => text.startsWith('vim.o.statusline'))}\n`)
    const screen = start(world, version)
    await screen.shows('return a - b')
    await twoMinutes(world, screen)
    await command(screen, 'helptags ALL')
    await command(screen, 'help qwen-chat')
    await screen.shows('A chat is a Markdown buffer.')
  })
}

test('nvim-sid: vim.pack clones the plugin, after asking, and it is used', async (t) => {
  const world = await fresh(t)
  const git = (...words) => execFileSync('git', ['-C', world.path('qwen-language-server'), '-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...words], { env: world.env })
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'All')
  world.write('home/.config/nvim/init.lua', snippet(world, 'vim.pack.add'))
  const screen = start(world, 'nvim-sid')
  await screen.shows('install')
  screen.picture('nvim-pack')
  screen.type('y')
  await screen.shows('return a - b')
  await command(screen, 'Qwen status')
  await screen.shows('Signed out')
  screen.keys('q')
  await command(screen, 'help qwen-chat')
  await screen.shows('A chat is a Markdown buffer.')
  await command(screen, 'echo nvim_get_runtime_file("plugin/qwen.lua", 1)')
  await screen.shows('site/pack/core/opt/qwen-language-server/editors/neovim/plugin/qwen.lua')
})

test('the .env of the README is read, but for its placeholder', async (t) => {
  const world = await fresh(t)
  world.write('home/.config/nvim/init.lua', snippet(world, 'vim.opt.runtimepath:append(\''))
  world.write('app/.qwen/.env', blocks('sh')[0].replace('sk-…', 'sk-app-key-0000aaaa'), 0o600)
  const screen = start(world, 'nvim-sid')
  await screen.shows('return a - b')
  await command(screen, 'Qwen status')
  await screen.shows(/Key +sk-…aaaa/)
})

test('the keys of the README are those of a chat', () => {
  const keys = [...readme.matchAll(/^\| `(\S+)`(?:, `(\S+)` while typing)? \|/gm)].flatMap(([, first, second]) => [first, second]).filter(Boolean)
  const defaults = readFileSync(join(repository, 'editors/neovim/lua/qwen/options.lua'), 'utf8').match(/keys = \{(.*)\}/)[1]
  assert.deepEqual(keys, [...defaults.matchAll(/'([^']+)'/g)].map((match) => match[1]))
})
