// Helix with the configuration that the README gives, from an empty HOME, its screen read back.
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { offers } from '../offers.mjs'
import { survivors } from '../processes.mjs'
import { Screen } from '../screen.mjs'
import { cache, repository, server, until, World } from '../world.mjs'

/** A user who has followed the README. */
async function installed(t) {
  const world = await World.make(t)
  mkdirSync(world.path('home/.config/helix'), { recursive: true })
  for (const name of ['languages.toml', 'config.toml']) {
    copyFileSync(join(repository, 'editors/helix', name), world.path('home/.config/helix', name))
  }
  symlinkSync(server, world.path('bin/qwen-language-server'))
  return world
}

async function start(t, world, file, { cwd = world.dir, env = {} } = {}) {
  const screen = Screen.start(world, [join(cache, 'bin/hx'), '-v', file], { cwd, env, columns: 170, rows: 30 })
  // Keys that come before Helix has loaded the file are lost.
  await screen.shows('NOR')
  await screen.shows('Loaded 1 file')
  return screen
}

/** The menu of Space q, then one of its keys. */
async function menu(screen, key, entry) {
  screen.keys('Space')
  await screen.shows('Space')
  screen.keys('q')
  await screen.shows(entry)
  screen.keys(key)
}

/** Asks for the status until it has the words: the server starts while Helix already shows the file. */
async function status(screen, wanted) {
  let asked = 0
  await until(async () => {
    const text = screen.text()
    if (wanted.test(text)) return true
    if (asked % 10 === 0) await menu(screen, 's', 'qwen.status')
    asked += 1
    return false
  }, () => `${wanted} on the screen:\n${screen.text()}`)
}

test('the status of a root with a key is one sentence at the bottom', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await screen.shows('return a - b')
  await status(screen, /sk-…aaaa|qwen3-coder-plus/)
  screen.picture('helix-status')
  assert.doesNotMatch(screen.text(), /sk-app-key/)
})

test('a person signs in: the browser gets the page unchanged, and the account is said', async (t) => {
  const world = await installed(t)
  world.write('app/.git/HEAD', '')
  world.write('app/main.py', 'x = 1\n')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await screen.shows('x = 1')
  await status(screen, /sign in|signed out|no account/i)
  await menu(screen, 'i', 'qwen.signIn')
  await until(() => world.opened().length > 0, () => `the browser:\n${screen.text()}`)
  assert.deepEqual(world.opened(), ['https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c'])
  await screen.shows('WDJB-MJHT')
  screen.picture('helix-sign-in')
  await world.post('/approve')
  await screen.shows(/signed in/i)
  screen.picture('helix-signed-in')
})

// Helix answers «shown» before the opener has run, and then covers the progress message with its own error.
const covered = 'the server says the address once, and Helix covers it with its own error'
test('with no browser the address and the code are on the screen', { todo: covered }, async (t) => {
  const world = await installed(t)
  world.write('app/.git/HEAD', '')
  world.write('app/main.py', 'x = 1\n')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app'), env: { XDG_OPEN_EXIT: '3' } })
  await screen.shows('x = 1')
  await status(screen, /sign in|signed out|no account/i)
  await menu(screen, 'i', 'qwen.signIn')
  await screen.shows('WDJB-MJHT')
  await screen.shows('https://signin.qwen.invalid/authorize')
})

test('two roots in one Helix have two keys', async (t) => {
  const world = await installed(t)
  world.write('.git/HEAD', '')
  world.root('one', 'sk-one-key-000011111')
  world.root('two', 'sk-two-key-000022222')
  // As the README says: a folder with .qwen is a root of its own, inside the repository.
  const languages = world.read('home/.config/helix/languages.toml')
  world.write('home/.config/helix/languages.toml', languages.replace('name = "python"', 'name = "python"\nroots = [".qwen"]'))
  const screen = await start(t, world, 'one/main.py')
  await screen.shows('return a - b')
  const ofThisFile = ':lsp-workspace-command qwen.status {"textDocument":{"uri":"file://%{current_working_directory}/%{buffer_name}"}}'
  await status(screen, /1111/)
  screen.type(':open two/main.py')
  screen.keys('Enter')
  await screen.shows('two/main.py  ')
  screen.type(ofThisFile)
  screen.keys('Enter')
  await screen.shows('two: qwen3-coder-plus')
  assert.match(screen.text(), /sk-…2222/)
  screen.type(':buffer-previous')
  screen.keys('Enter')
  await screen.shows('one/main.py  ')
  screen.type(ofThisFile)
  screen.keys('Enter')
  await screen.shows('one: qwen3-coder-plus')
  assert.match(screen.text(), /sk-…1111/)
  screen.picture('helix-two-roots')
})

test('choosing another model is a menu', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa|qwen3-coder-plus/)
  await menu(screen, 'm', 'qwen.setModel')
  await screen.shows('qwen3-max')
  screen.picture('helix-models')
  screen.keys('Down', 'Down', 'Enter')
  const [, model] = (await screen.shows(/`qwen3-(?:coder-flash|max)` is asked from now on/)).match(/`(.*)` is asked/)
  await status(screen, new RegExp(`app: ${model} at`))
})

test('quitting, even abruptly, leaves no server behind', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa|qwen3-coder-plus/)
  screen.type(':q!')
  screen.keys('Enter')
  await screen.ended()
  await until(() => survivors(world).length === 0, () => `the end of ${survivors(world)}`)
})

test('a Helix that is killed leaves no server behind', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa/)
  assert.ok(survivors(world).some((command) => command.includes('qwen-language-server')))
  process.kill(screen.pid, 'SIGKILL')
  await until(() => survivors(world).length === 0, () => `the end of ${survivors(world)}`)
})

test('a key that is changed outside Helix is the one that is used', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa/)
  world.root('app', 'sk-app-key-0000bbbb')
  await status(screen, /sk-…bbbb/)
})

test('an argument is JSON after the name', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa/)
  screen.type(':lsp-workspace-command qwen.setModel "qwen3-max"')
  screen.keys('Enter')
  await screen.shows('`qwen3-max` is asked from now on')
})

const logged = 'Helix keeps an error response for its log, and the server says it nowhere else'
test('a wrong argument is answered where a person sees it', { todo: logged }, async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa/)
  screen.type(':lsp-workspace-command qwen.setModel {"modell":"x"}')
  screen.keys('Enter')
  await screen.shows('unknown field', 3000)
})

test('a project’s endpoint gets the user’s key after the user has said so', async (t) => {
  const world = await installed(t)
  world.write('app/.qwen/.env', 'OPENAI_BASE_URL=https://models.invalid/v1\n', 0o600)
  world.write('app/main.py', 'x = 1\n')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app'), env: { OPENAI_API_KEY: 'sk-user-own-key-0000cccc' } })
  await menu(screen, 't', 'qwen.trustEndpoint')
  await screen.shows('Trust it')
  screen.picture('helix-trust')
  // «Cancel» is preselected.
  screen.keys('Down', 'Enter')
  await screen.shows(/models\.invalid\S* is trusted for this folder/)
})

/** A new chat document of the root, with a question in it. */
async function ask(t, world, question) {
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa|qwen3-coder-plus/)
  await menu(screen, 'c', 'qwen.chat')
  await screen.shows('## You')
  screen.type(`geo${question}`)
  screen.keys('Escape')
  await screen.shows(question)
  await menu(screen, 'Enter', 'qwen.chatSend')
  return screen
}

test('a question is sent from a chat document and answered in it', async (t) => {
  const world = await installed(t)
  const screen = await ask(t, world, 'hello from helix')
  await screen.shows('you said: hello from helix')
  screen.picture('helix-chat')
})

test('an answer is stopped by deleting its marker, and what came is kept', async (t) => {
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  await world.post('/script', { deltas: ['half an ', 'answer'], hold: true })
  const screen = await ask(t, world, 'hello')
  await screen.shows('half an answer')
  screen.picture('helix-chat-streaming')
  await menu(screen, 'x', 'qwen.status')
  assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
  await screen.shows('half an answer')
})

test('a wrong line of an .env file is marked', async (t) => {
  if (!(await offers('diagnosticProvider'))) return t.skip('the server does not offer .env diagnostics yet')
  const world = await installed(t)
  world.write('app/.git/HEAD', '')
  world.write('app/.env', 'OPENAI_API_KEY=sk-app-key-0000aaaa\nOPENAI_BASE_ULR=https://x.invalid/v1\n', 0o600)
  const screen = await start(t, world, '.env', { cwd: world.path('app') })
  await screen.shows('OPENAI_BASE_ULR')
  await screen.shows('OPENAI_BASE_URL')
})

test('code actions are offered on a selection', async (t) => {
  if (!(await offers('codeActionProvider'))) return t.skip('the server does not offer code actions yet')
  const world = await installed(t)
  world.root('app', 'sk-app-key-0000aaaa')
  world.write('app/.git/HEAD', '')
  const screen = await start(t, world, 'main.py', { cwd: world.path('app') })
  await status(screen, /sk-…aaaa|qwen3-coder-plus/)
  screen.type('x')
  screen.keys('Space', 'a')
  await screen.shows(/Qwen: simplify/)
  screen.picture('helix-code-actions')
})
