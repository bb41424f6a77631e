// Helix with the configuration that the README gives, its screen read back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { survivors } from '../processes.mjs'
import { until } from '../world.mjs'
import { action, app, ask, command, installed, menu, send, start, status } from './helix.mjs'

const page = 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c'

test('the status of a root with a key is one sentence at the bottom', async (t) => {
  const { screen } = await app(t)
  assert.match(screen.text(), /app: qwen3-coder-plus at Local server, with the key sk-…aaaa from `OPENAI_API_KEY` in \S+app\/\.qwen\/\.env line 1/)
  assert.doesNotMatch(screen.text(), /sk-app-key/)
  screen.picture('helix-status')
})

test('a person signs in: the browser gets the page unchanged, and the account is said', async (t) => {
  const { world, screen } = await app(t, { withKey: false })
  await menu(screen, 'i', 'qwen.signIn')
  await until(() => world.opened().length > 0, () => `the browser:\n${screen.text()}`)
  assert.deepEqual(world.opened(), [page])
  await screen.shows(`open ${page} and enter the code WDJB-MJHT`)
  screen.picture('helix-sign-in')
  await world.post('/approve')
  await screen.shows('signed in to Qwen — app: coder-model at Qwen')
  screen.picture('helix-signed-in')
})

test('a sign-in is a code action too, and may be approved and undone', async (t) => {
  const { world, screen } = await app(t, { withKey: false })
  await action(screen, 'sign in', 'helix-code-actions-signed-out')
  await screen.shows(`open ${page} and enter the code WDJB-MJHT`)
  await world.post('/approve')
  await screen.shows('signed in to Qwen — app: coder-model at Qwen')
  await menu(screen, 'o', 'qwen.signOut')
  // Helix has one line, and the last message is the one that it shows.
  await screen.shows('deleted from this machine')
  await status(screen, /no account is configured/)
})

test('a refused sign-in is said in words', async (t) => {
  const { world, screen } = await app(t, { withKey: false })
  await menu(screen, 'i', 'qwen.signIn')
  await screen.shows('WDJB-MJHT')
  await world.post('/deny')
  await screen.shows('the sign-in was refused in the browser')
})

// Helix answers «shown» before the opener has run, and then covers the address with its own error. The server says the
// address again a second after that answer, and then each minute: the limit is too short for the countdown to do it.
test('with no browser the address and the code are soon back on the screen', async (t) => {
  const { world, screen } = await app(t, { withKey: false, env: { XDG_OPEN_EXIT: '3' } })
  await menu(screen, 'i', 'qwen.signIn')
  await until(() => world.opened().length > 0, () => `the browser:\n${screen.text()}`)
  await screen.shows('Opening URL in external program failed')
  await screen.shows(`open ${page} and enter the code WDJB-MJHT`, 30000)
  screen.picture('helix-no-browser')
})

test('two roots in one Helix have two keys, in their status and in their chats', async (t) => {
  const world = await installed(t)
  world.write('.git/HEAD', '')
  for (const [name, key] of [['one', 'sk-one-key-000011111'], ['two', 'sk-two-key-000022222']]) {
    world.root(name, key)
    world.write(`${name}/talk.qwen.md`, `## You\n\nwho answers in ${name}?\n`)
  }
  const screen = await start(world, 'one/talk.qwen.md')
  const ofThisFile = 'lsp-workspace-command qwen.status {"textDocument":{"uri":"file://%{current_working_directory}/%{buffer_name}"}}'
  await status(screen, /1111/)
  await menu(screen, 'Enter', 'qwen.chatSend')
  await screen.shows('key sk-…1111**, **model qwen3-coder-plus**, you said: who answers in one?')
  command(screen, 'vsplit two/talk.qwen.md')
  await screen.shows('two/talk.qwen.md  ')
  command(screen, ofThisFile)
  await screen.shows(/two: qwen3-coder-plus at .*sk-…2222/)
  await menu(screen, 'Enter', 'qwen.chatSend')
  await screen.shows('key sk-…2222**, **model qwen3-coder-plus**')
  screen.picture('helix-two-roots')
  command(screen, 'buffer-previous')
  command(screen, ofThisFile)
  await screen.shows(/one: qwen3-coder-plus at .*sk-…1111/)
  const keys = (await world.get('/requests')).map(({ key, said }) => [key, said])
  assert.deepEqual(keys, [['sk-…1111', 'who answers in one?'], ['sk-…2222', 'who answers in two?']])
})

test('choosing another model is a menu', async (t) => {
  const { screen } = await app(t)
  await menu(screen, 'm', 'qwen.setModel')
  await screen.shows('qwen3-max')
  screen.picture('helix-models')
  screen.keys('Down', 'Down', 'Enter')
  const [, model] = (await screen.shows(/`qwen3-(?:coder-flash|max)` is asked from now on/)).match(/`(.*)` is asked/)
  await status(screen, new RegExp(`app: ${model} at`))
})

test('quitting, even abruptly, leaves no server behind', async (t) => {
  const { world, screen } = await app(t)
  command(screen, 'q!')
  await screen.ended()
  await until(() => survivors(world).length === 0, () => `the end of ${survivors(world)}`)
})

test('a Helix that is killed leaves no server behind', async (t) => {
  const { world, screen } = await app(t)
  assert.ok(survivors(world).some((line) => line.includes('qwen-language-server')))
  process.kill(screen.pid, 'SIGKILL')
  await until(() => survivors(world).length === 0, () => `the end of ${survivors(world)}`)
})

test('a key that is changed outside Helix is the one that is used', async (t) => {
  const { world, screen } = await app(t)
  world.root('app', 'sk-app-key-0000bbbb')
  await status(screen, /sk-…bbbb/)
})

test('an argument is JSON after the name', async (t) => {
  const { screen } = await app(t)
  command(screen, 'lsp-workspace-command qwen.setModel "qwen3-max"')
  await screen.shows('`qwen3-max` is asked from now on')
})

// Helix shows an error response nowhere else, as the README says.
test('a wrong argument is said in Helix’s log, and Helix goes on', async (t) => {
  const { screen } = await app(t)
  command(screen, 'lsp-workspace-command qwen.setModel {"modell":"x"}')
  command(screen, 'lsp-workspace-command qwen.setModel "qwen3-max"')
  await screen.shows('`qwen3-max` is asked from now on')
  command(screen, 'log-open')
  await screen.shows('qwen <- InvalidParams: unknown field')
})

test('a project’s endpoint gets the user’s key after the user has said so', async (t) => {
  const { screen } = await app(t, {
    withKey: false, file: '.qwen/.env', files: { '.qwen/.env': 'OPENAI_BASE_URL=https://models.invalid/v1\n' },
    env: { OPENAI_API_KEY: 'sk-user-own-key-0000cccc' },
  })
  await status(screen, /not sent to\s+https:\/\/models\.invalid/)
  await menu(screen, 't', 'qwen.trustEndpoint')
  await screen.shows('Trust it')
  screen.picture('helix-trust')
  // «Cancel» is preselected.
  screen.keys('Down', 'Enter')
  await screen.shows(/models\.invalid\S* is trusted for this folder/)
})

test('a question is sent from a chat document and answered in it', async (t) => {
  const { screen } = await app(t)
  await ask(screen, 'hello from helix')
  await screen.shows('you said: hello from helix')
  screen.picture('helix-chat')
})

test('an answer is stopped by a key, what came is kept, and the next question goes on from there', async (t) => {
  const { world, screen } = await app(t)
  await world.post('/script', { deltas: ['half an ', 'answer'], hold: true })
  await ask(screen, 'hello')
  await screen.shows('half an answer<!-- qwen is answering')
  screen.picture('helix-chat-streaming')
  await menu(screen, 'x', 'qwen.chatStop')
  assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
  await screen.hides('qwen is answering')
  await screen.shows(/half an answer\s*$/m)
  screen.picture('helix-chat-stopped')
  await send(screen, 'and now?')
  await screen.shows('you said: and now?')
  const [, { role, content }] = (await world.get('/requests'))[1].body.messages
  assert.equal(role, 'assistant')
  assert.match(content, /^half an answer$/m)
})

test('an answer is stopped by deleting its marker too', async (t) => {
  const { world, screen } = await app(t)
  await world.post('/script', { deltas: ['half an ', 'answer'], hold: true })
  await ask(screen, 'hello')
  await screen.shows('half an answer<!-- qwen is answering')
  screen.type('/qwen is answering')
  screen.keys('Enter')
  screen.type('xd')
  assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
  await screen.hides('qwen is answering')
})

test('a wrong line of an .env file is marked, and a code action mends it', async (t) => {
  const { screen } = await app(t, { withKey: false, file: '.env', files: {
    '.env': 'OPENAI_API_KEY=sk-app-key-0000aaaa\nOPENAI_BASE_ULR=https://x.invalid/v1\n', '.gitignore': '.env\n' } })
  await screen.shows('this name is not read by anybody; did you mean `OPENAI_BASE_URL`?')
  screen.picture('helix-env')
  screen.keys('j', 'Space', 'a')
  await screen.shows('Rename it to OPENAI_BASE_URL')
  screen.keys('Enter')
  await screen.shows('OPENAI_BASE_URL=https://x.invalid/v1')
  await screen.hides('is not read by anybody')
})

test('a code action on a selection rewrites it', async (t) => {
  const { world, screen } = await app(t)
  await world.post('/script', { deltas: ['def add(a, b):  # ', 'the sum'] })
  screen.type('x')
  await action(screen, 'document', 'helix-code-actions')
  await screen.shows('def add(a, b):  # the sum')
})
