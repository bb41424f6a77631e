// Emacs with the lines that editors/README.md gives, from an empty HOME, its screen read back.
import assert from 'node:assert/strict'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { survivors } from '../processes.mjs'
import { Screen } from '../screen.mjs'
import { repository, server, until, World } from '../world.mjs'

/** The page's first block of Emacs Lisp: what a reader copies. */
function documented() {
  const page = readFileSync(join(repository, 'editors/README.md'), 'utf8')
  return page.match(/```elisp\n([^]*?)```/)[1]
}

/** Emacs as the reader has it, with a file of a root open and the server running. */
async function open(t, { key, env = {} } = {}) {
  const world = await World.make(t)
  world.write('home/.emacs', `(require 'package)\n(package-initialize)\n(setq inhibit-startup-screen t)\n${documented()}`)
  symlinkSync(server, world.path('bin/qwen-language-server'))
  if (key) world.root('app', key)
  world.write('app/.git/HEAD', 'ref: refs/heads/main\n')
  world.write('app/.git/objects/x', '')
  world.write('app/.git/refs/x', '')
  world.write('app/notes.txt', 'a note\n')
  const screen = Screen.start(world, ['emacs', '-nw', 'notes.txt'], { cwd: world.path('app'), env, columns: 170, rows: 24 })
  await screen.shows('a note')
  await run(screen, 'eglot')
  await screen.shows(/Connected!|eglot:/)
  return { world, screen }
}

async function run(screen, name) {
  screen.keys('M-x')
  await screen.shows('M-x')
  screen.type(name)
  await screen.shows(`M-x ${name}`)
  screen.keys('Enter')
}

async function qwen(screen, command) {
  await run(screen, 'qwen')
  await screen.shows('Qwen:')
  screen.type(command)
  screen.keys('Enter')
}

/** Opens a file of the root, and waits until the server has it. */
async function visit(screen, name, sign) {
  screen.keys('C-x', 'C-f')
  await screen.shows('Find file')
  screen.type(name)
  screen.keys('Enter')
  await screen.shows(sign)
  await screen.shows('[eglot:app')
}

test('the status of a root with a key is said in the echo area', async (t) => {
  const { screen } = await open(t, { key: 'sk-app-key-0000aaaa' })
  await qwen(screen, 'qwen.status')
  const text = await screen.shows(/sk-…aaaa/)
  screen.picture('emacs-status')
  assert.doesNotMatch(text, /sk-app-key/)
})

test('a person signs in, with the page and the code on the screen', async (t) => {
  const { world, screen } = await open(t)
  await qwen(screen, 'qwen.signIn')
  await screen.shows('WDJB-MJHT')
  await screen.shows('https://signin.qwen.invalid/authorize')
  screen.picture('emacs-sign-in')
  await world.post('/approve')
  // The question waits in the minibuffer; a person who has approved leaves it.
  screen.keys('C-g')
  await screen.shows(/signed in/i)
})

test('a model is chosen by its name', async (t) => {
  const { screen } = await open(t, { key: 'sk-app-key-0000aaaa' })
  await qwen(screen, 'qwen.setModel')
  await screen.shows('Which model?')
  screen.picture('emacs-models')
  screen.keys('C-a', 'C-k')
  screen.type('qwen3-max')
  screen.keys('Enter')
  await screen.shows('`qwen3-max` is asked from now on')
})

test('a question in a chat document is answered in it', async (t) => {
  const { world, screen } = await open(t, { key: 'sk-app-key-0000aaaa' })
  world.write('app/talk.qwen.md', '## You\n\nhello from emacs\n')
  await visit(screen, 'talk.qwen.md', 'hello from emacs')
  await qwen(screen, 'qwen.chatSend')
  await screen.shows('you said: hello from emacs')
  screen.picture('emacs-chat')
})

test('from an empty HOME by the page alone: signed in, one answer streamed, one stopped', async (t) => {
  const { world, screen } = await open(t)
  await qwen(screen, 'qwen.signIn')
  await screen.shows('WDJB-MJHT')
  await world.post('/approve')
  await screen.shows('signed in to Qwen')
  screen.keys('C-g')
  await screen.hides('Choose an option')
  await visit(screen, 'talk.qwen.md', '(New file)')
  screen.type('## You\n\nfirst')
  await screen.shows('first')
  await world.post('/script', { deltas: ['streamed '], hold: true, after: ['and whole'] })
  await qwen(screen, 'qwen.chatSend')
  await screen.shows('streamed <!-- qwen is answering')
  await world.post('/release')
  await screen.shows('streamed and whole')
  await screen.hides('qwen is answering')
  await world.post('/script', { deltas: ['half of it'], hold: true })
  screen.keys('M->')
  screen.type('second')
  await screen.shows('second')
  await qwen(screen, 'qwen.chatSend')
  await screen.shows('half of it<!-- qwen is answering')
  screen.picture('emacs-chat-streaming')
  await qwen(screen, 'qwen.chatStop')
  assert.equal((await world.get('/wait?outcome=hungUp')).length, 1)
  await screen.hides('qwen is answering')
  await screen.shows('half of it')
  assert.deepEqual((await world.get('/requests')).map(({ said, outcome }) => [said, outcome]), [['first', 'done'], ['second', 'hungUp']])
})

test('quitting leaves no server behind', async (t) => {
  const { world, screen } = await open(t, { key: 'sk-app-key-0000aaaa' })
  screen.keys('C-x', 'C-c')
  await until(async () => {
    if (screen.text().includes('kill them and exit anyway')) screen.type('yes\n')
    return survivors(world).length === 0
  }, () => `the end of ${survivors(world)}:\n${screen.text()}`)
})
