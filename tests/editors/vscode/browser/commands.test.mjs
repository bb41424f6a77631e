import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ITEM, inSharedWindow, inWindow } from './harness.mjs'

const env = 'OPENAI_API_KEY=sk-canary-alpha-1111\nOPENAI_BASE_URL=$API/v1\n'
const named = { '.qwen/.env': `${env}OPENAI_MODEL=alpha-model\n` }
const inApp = inSharedWindow({ folders: { app: { ...named, 'one.txt': 'the first file\n', 'a.py': 'a = 1\n' } } })
const row = (window, text) => window.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first()
const dismiss = (window) => window.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Cancel' }).click()

test('switching to the Qwen sign-in asks for it once; switching back needs nothing', inWindow({ folders: { app: named } }, async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Switch Method')
  await row(window, 'Qwen sign-in').click()
  await dismiss(window)
  await window.status('signing in')
  await window.ask('/approve', {})
  await window.status('coder-model')
  await window.command('Qwen: Switch Method')
  await row(window, 'API key').click()
  await window.status('alpha-model')
}))

test('signing out of Qwen leaves nobody signed in', inWindow({}, async (window) => {
  await window.status('signed out')
  await window.command('Qwen: Sign In')
  await dismiss(window)
  await window.ask('/approve', {})
  await window.status('coder-model')
  const credentials = JSON.parse(readFileSync(join(window.home, '.qwen/oauth_creds.json'), 'utf8'))
  assert.match(credentials.access_token, /^access-standin-/)
  await window.command('Qwen: Sign Out')
  await window.status('signed out')
  await window.toast('Signed out.').waitFor()
  assert.throws(() => readFileSync(join(window.home, '.qwen/oauth_creds.json')), { code: 'ENOENT' })
}))

test('a model that is chosen holds for the folder, from the next question on', inWindow({ folders: { app: { '.qwen/.env': env } } }, async (window) => {
  await window.page.locator(ITEM).filter({ hasText: 'qwen3-coder-plus' }).waitFor()
  await window.command('Qwen: Change Model')
  await row(window, 'qwen3-max').click()
  await window.status('qwen3-max')
  await window.command('Qwen: Open Chat')
  await window.send('who?')
  await window.chat().getByText('model qwen3-max').waitFor()
  assert.equal(JSON.parse(readFileSync(join(window.roots.app, '.vscode/settings.json'), 'utf8'))['qwen.model'], 'qwen3-max')
}))

test('a file is attached by its name, and only files of this folder are offered', inWindow({
  folders: { app: { ...named, 'one.txt': 'the first file\n' }, other: { 'two.txt': 'the second file\n' } },
}, async (window) => {
  const { page } = window
  await window.open('one.txt')
  await window.status('alpha-model (app)')
  await window.command('Qwen: Add File to Chat')
  await row(window, 'one.txt').waitFor()
  assert.equal(await page.locator('.quick-input-list .monaco-list-row', { hasText: 'two.txt' }).count(), 0)
  await row(window, 'one.txt').click()
  await window.chat().getByRole('button', { name: 'Remove one.txt' }).waitFor()
  await window.send('What is in it?')
  const [request] = (await window.ask('/wait?outcome=done')).body
  assert.match(JSON.stringify(request.body.messages), /the first file/)
}))

test('Doctor reports in a terminal, without the key', inWindow({
  // Drawn as text, which a test can read.
  folders: { app: named }, settings: { 'terminal.integrated.gpuAcceleration': 'off' },
}, async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Doctor')
  const rows = window.page.locator('.xterm-rows')
  await rows.getByText('…1111').first().waitFor()
  assert.doesNotMatch((await rows.allInnerTexts()).join('\n'), /canary/)
}))

test('an attached file can be taken away again, and then is not sent', inApp(async (window) => {
  await window.status('alpha-model')
  await window.open('one.txt')
  await window.command('Qwen: Open Chat')
  await window.chat().getByRole('button', { name: 'Attach the Editor or Its Selection' }).click()
  await window.chat().getByRole('button', { name: 'Remove one.txt' }).click()
  await window.send('hello')
  const [request] = (await window.ask('/wait?outcome=done')).body
  assert.doesNotMatch(JSON.stringify(request.body.messages), /the first file/)
}))

test('a block of an answer is inserted at the cursor', inApp(async (window) => {
  const { page } = window
  await window.status('alpha-model')
  await window.open('a.py')
  await page.keyboard.press('Control+End')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { deltas: ['```python\nb = 2\n```'] })
  await window.send('more')
  await window.chat().getByRole('button', { name: 'Insert', exact: true }).click()
  await page.locator('.editor-instance .view-line', { hasText: 'b = 2' }).waitFor()
}))

test('selected code is explained from the editor, unsaved text included', inApp(async (window) => {
  const { page } = window
  await window.status('alpha-model')
  await window.open('a.py')
  await page.keyboard.press('Control+End')
  await page.keyboard.type('unsaved = 42')
  await page.keyboard.press('Shift+Home')
  await window.command('Qwen: Explain Selection')
  await window.chat().getByText('Explain this code.').first().waitFor()
  // Typing has asked for inline completions as well.
  const [request] = (await window.ask('/wait?outcome=done&said=Explain')).body
  assert.match(JSON.stringify(request.body.messages), /unsaved = 42/)
}))

test('the status is a list that says where each value came from, and copies one', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Show Status')
  await row(window, 'Endpoint').filter({ hasText: '.env:2' }).waitFor()
  await row(window, 'Model: alpha-model').click()
  await window.page.waitForFunction(async () => (await navigator.clipboard.readText()) === 'alpha-model')
}))

test('a change that is discarded is not made', inApp(async (window) => {
  const { page } = window
  await window.status('alpha-model')
  await window.open('a.py')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { deltas: ['```python\na = 2\n```'] })
  await window.send('more')
  await window.chat().getByRole('button', { name: 'Apply', exact: true }).click()
  await page.locator('.monaco-diff-editor .view-line', { hasText: 'a = 2' }).waitFor()
  await window.command('Qwen: Discard the Proposal')
  await page.locator('.tab', { hasText: 'Qwen proposes' }).waitFor({ state: 'detached' })
  assert.equal(readFileSync(join(window.roots.app, 'a.py'), 'utf8'), 'a = 1\n')
}))

test('a new chat begins without what was said, and the old one can be deleted', inApp(async (window) => {
  const chat = window.chat()
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  await window.send('First')
  await chat.getByText('you said: First').waitFor()
  await chat.getByRole('button', { name: 'Send' }).waitFor()
  await window.command('Qwen: New Chat')
  await chat.getByText('you said: First').waitFor({ state: 'detached' })
  await window.send('Second')
  const [request] = (await window.ask('/wait?said=Second')).body
  assert.equal(request.body.messages.filter(({ role }) => role === 'user').length, 1)
  await chat.getByText('you said: Second').waitFor()
  await chat.getByRole('button', { name: 'Send' }).waitFor()
  await window.command('Qwen: Earlier Chats')
  await row(window, 'First').hover()
  await row(window, 'First').getByRole('button', { name: 'Delete' }).click()
  await row(window, 'First').waitFor({ state: 'detached' })
  await row(window, 'Second').waitFor()
}))

test('inline completion is turned off for the folder', inWindow({ folders: { app: named } }, async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Turn Inline Completion On or Off')
  await window.toast('Inline completion is off for this folder').waitFor()
  assert.equal(JSON.parse(readFileSync(join(window.roots.app, '.vscode/settings.json'), 'utf8'))['qwen.inlineCompletion.enable'], false)
}))
