// The plugin as a person sees it: Neovim in a terminal, its screen read back.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { survivors } from '../processes.mjs'
import { Screen } from '../screen.mjs'
import { cache, here, repository, until, World } from '../world.mjs'
import { command, versions, write } from './person.mjs'


async function open(t, { version = 'nvim-sid', root = 'app', key = 'sk-app-key-0000aaaa', options = {}, env = {} } = {}) {
  const world = await World.make(t)
  if (key) world.root(root, key)
  else world.write(`${root}/.git/HEAD`, '') && world.write(`${root}/main.py`, 'def add(a, b):\n    return a - b\n')
  const screen = Screen.start(world, [join(cache, 'bin', version), '-u', join(here, 'neovim/init.lua'),
    '-c', "set laststatus=2 statusline=%f\\ %{v:lua.require'qwen'.statusline()}", `${root}/main.py`], {
    cwd: world.dir, columns: 140, rows: 36,
    env: { PLUGIN: join(repository, 'editors/neovim'), QWEN_OPTIONS: JSON.stringify(options), ...env },
  })
  await screen.shows(key ? 'Qwen: qwen3-coder-plus' : 'Qwen: signed out')
  return { world, screen }
}

for (const version of versions) {
  test(`${version}: a person chats, sees the text stream, stops it, and asks on`, async (t) => {
    const { world, screen } = await open(t, { version })
    await world.post('/script', { deltas: ['The first ', 'words'], hold: true })
    await command(screen, 'Qwen chat')
    await screen.shows('## You')
    await write(screen, 'what is this?')
    screen.keys('C-s')
    await screen.shows('The first words')
    const streaming = await screen.shows('answering…')
    assert.match(streaming, /<C-c> stops/)
    screen.picture('nvim-chat-streaming')
    screen.keys('C-c')
    await screen.shows(/## Qwen +stopped/)
    assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
    screen.type('and now?')
    screen.keys('C-s')
    await screen.shows('you said: and now?')
    await screen.shows('qwen3-coder-plus · 12 tokens')
    screen.picture('nvim-chat')
  })
}

for (const version of versions) {
  test(`${version}: typing on while an answer streams loses no letter`, async (t) => {
    const { world, screen } = await open(t, { version })
    const words = Array.from({ length: 60 }, (_, n) => `word${n}\n`)
    await world.post('/script', { deltas: ['begin\n'], hold: true, after: words })
    await command(screen, 'Qwen chat hello')
    await screen.shows('begin')
    screen.keys('G', 'i')
    await screen.shows('-- INSERT --')
    const sentence = 'the quick brown fox jumps over the lazy dog'
    screen.type(sentence.slice(0, 20))
    await world.post('/release')
    for (const letter of sentence.slice(20)) screen.type(letter)
    await screen.shows(sentence)
    screen.keys('Escape')
    await command(screen, 'g/word59/p')
    await screen.shows('word59')
  })
}

for (const version of versions) {
  test(`${version}: a person signs in: the code in a window, the page in the browser, the account in the status line`, async (t) => {
    const { world, screen } = await open(t, { version, key: null })
    await command(screen, 'Qwen auth sign-in')
    await screen.shows('WDJB-MJHT')
    await screen.shows('Sign in to Qwen for app')
    await screen.shows('app/main.py Qwen: sign-in code WDJB-MJHT')
    screen.picture('nvim-sign-in')
    await until(() => world.opened().length === 1, 'the browser')
    assert.deepEqual(world.opened(), ['https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c'])
    await world.post('/approve')
    await screen.hides('WDJB-MJHT')
    await screen.shows(/main\.py Qwen: (?!signed out)/)
  })
}

test('with no browser the address is there to be copied, and Neovim goes on', async (t) => {
  const { world, screen } = await open(t, { key: null, env: { XDG_OPEN_EXIT: '3' } })
  await command(screen, 'Qwen auth sign-in')
  await screen.shows('https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT')
  await until(() => world.opened().length > 0, 'the browser that fails')
  // The server polls on whatever became of the browser; by the second poll it has asked in words as well.
  await until(async () => (await world.get('/device')).polls > 1, 'two polls')
  screen.picture('nvim-no-browser')
  screen.type('u')
  await screen.shows('the address is')
  await world.post('/approve')
  await screen.hides('WDJB-MJHT')
  await screen.shows(/main\.py Qwen: (?!signed out)/)
})

for (const version of versions) {
  test(`${version}: a key is typed blind and never shown`, async (t) => {
    const { world, screen } = await open(t, { version, key: null })
    await command(screen, 'Qwen auth set-key')
    await screen.shows('Endpoint')
    screen.type(`${world.url}/v1`)
    screen.keys('Enter')
    await screen.shows('API key:')
    screen.type('sk-typed-in-the-dark-4321')
    const dark = await screen.shows('*****')
    assert.doesNotMatch(dark, /sk-typed/)
    screen.keys('Enter')
    await screen.shows('Keep the key in')
    screen.type('2')
    screen.keys('Enter')
    await screen.shows('Signed in, API key')
    assert.doesNotMatch(screen.text(), /sk-typed/)
  })
}

test('selected lines go along with a question', async (t) => {
  const { world, screen } = await open(t)
  screen.type('Vj')
  await screen.shows('-- VISUAL LINE --')
  screen.type(':Qwen chat explain')
  await screen.shows(":'<,'>Qwen chat explain")
  screen.keys('Enter')
  await screen.shows('[main.py lines 1 to 2](main.py#L1-L2)')
  await screen.shows('you said:')
  assert.match(JSON.stringify((await world.get('/requests'))[0].body.messages), /return a - b/)
})

test('the status says where each value came from', async (t) => {
  const { screen } = await open(t)
  await command(screen, 'Qwen status')
  const text = await screen.shows('Signed in, API key')
  assert.match(text, /Key +sk-…aaaa +from the project’s file/)
  assert.doesNotMatch(text, /sk-app-key/)
  screen.picture('nvim-status')
})

test('a suggestion appears while typing and the key accepts it', async (t) => {
  const { screen } = await open(t, { options: { inline_completion: true, keys: { accept: '<Tab>' } } })
  screen.type('jS    ')
  await screen.shows('return a + b;')
  screen.keys('Tab', 'Escape')
  await command(screen, 's/return a + b;/accepted/')
  await screen.shows('accepted')
})

test('two roots in one window answer with two keys', async (t) => {
  const { world, screen } = await open(t, { root: 'one', key: 'sk-one-key-000011111', options: { chat: { split: 'below', height: 14 } } })
  world.root('two', 'sk-two-key-000022222', 'qwen3-max')
  await command(screen, 'Qwen chat who answers?')
  await screen.shows('key sk-…1111')
  await command(screen, 'wincmd p')
  await command(screen, 'edit two/main.py')
  await screen.shows('two/main.py Qwen: qwen3-max')
  await command(screen, 'Qwen chat and who here?')
  const text = await screen.shows('key sk-…2222')
  assert.match(text, /Qwen in one[^]*sk-…1111/)
  assert.match(text, /Qwen in two[^]*sk-…2222/)
  screen.picture('nvim-two-roots')
})

test('the windows of a root say that its chat document is being answered, and those of another do not', async (t) => {
  const { world, screen } = await open(t, { root: 'one', key: 'sk-one-key-000011111' })
  world.root('two', 'sk-two-key-000022222', 'qwen3-max')
  world.write('one/talk.qwen.md', '## You\n\nhello\n')
  await command(screen, 'split two/main.py')
  await screen.shows('two/main.py Qwen: qwen3-max')
  await command(screen, 'split one/talk.qwen.md')
  await screen.shows('one/talk.qwen.md Qwen: qwen3-coder-plus')
  await world.post('/script', { deltas: ['half'], hold: true })
  await command(screen, 'Qwen send')
  await screen.shows('half')
  await screen.shows(/one\/talk\.qwen\.md (?:\[\+\] )?Qwen: answering…/)
  assert.match(await screen.shows('one/main.py Qwen: answering…'), /two\/main\.py Qwen: qwen3-max/)
  await world.post('/release')
  await screen.shows('one/main.py Qwen: qwen3-coder-plus')
})

test('quitting leaves no server behind', async (t) => {
  const { world, screen } = await open(t)
  await command(screen, 'qall!')
  await screen.ended()
  await until(() => survivors(world).length === 0, () => `the end of ${survivors(world)}`)
})
