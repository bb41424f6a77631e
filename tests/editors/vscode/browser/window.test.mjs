import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ITEM, inSharedWindow, inWindow } from './harness.mjs'

const env = (key, model) => `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=${model}\n`
const shop = { '.qwen/.env': env('sk-canary-shop-1111', 'shop-model'), 'shop.ts': 'export const shop = 1\n' }
const bank = { '.qwen/.env': env('sk-canary-bank-2222', 'bank-model'), 'bank.ts': 'export const bank = 2\n' }
const inShop = inSharedWindow({ folders: { shop } })

test('the tooltip of the status bar tells the key, the endpoint, and the file and line they came from', inShop(async (window) => {
  const { page } = window
  await window.status('shop-model')
  await page.locator(ITEM).hover()
  const tooltip = page.locator('.monaco-hover:visible')
  await tooltip.getByText('sk-…1111').waitFor()
  const text = await tooltip.innerText()
  assert.match(text, /\.qwen\/\.env:1/)
  assert.match(text, /shop-model/)
  assert.doesNotMatch(text, /canary/)
  await window.picture('status-bar', { clip: { x: 600, y: 480, width: 600, height: 320 } })
}))

test('the menu opens the file that won, at the line of the key', inShop(async (window) => {
  const { page } = window
  await window.status('shop-model')
  await page.locator(ITEM).click()
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Open the file that won' }).waitFor()
  await window.picture('menu')
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Open the file that won' }).click()
  await page.locator('.tab.active', { hasText: '.env' }).waitFor()
}))

test('Restart Server ends the old server and starts one new, however often it is asked for', inShop(async (window) => {
  await window.status('shop-model')
  const old = await window.server()
  await window.command('Qwen: Restart Server')
  await window.command('Qwen: Restart Server')
  await window.server(old)
  await window.status('shop-model')
}))

test('two folders of one window use two keys', inWindow({ folders: { shop, bank } }, async (window) => {
  await window.open('bank.ts')
  await window.status('bank-model (bank)')
  await window.command('Qwen: Open Chat')
  await window.send('from the bank')
  await window.chat().getByText('key sk-…2222').waitFor()
  await window.open('shop.ts')
  await window.status('shop-model (shop)')
  // The other folder's conversation is not shown here.
  await window.chat().getByText('key sk-…2222').waitFor({ state: 'detached' })
  await window.send('from the shop')
  await window.chat().getByText('key sk-…1111').waitFor()
  await window.picture('two-folders')
  const asked = (await window.ask('/requests')).body.map(({ key, model, said }) => `${key} ${model} ${said}`)
  assert.deepEqual(asked, ['sk-…2222 bank-model from the bank', 'sk-…1111 shop-model from the shop'])
  await window.chat().getByRole('combobox', { name: 'Folder' }).selectOption({ label: 'bank' })
  await window.status('bank-model (bank)')
  await window.chat().getByText('key sk-…2222').waitFor()
}))

test('an edited .env holds at once, without a restart', inWindow({ folders: { shop } }, async (window) => {
  await window.status('shop-model')
  const before = await window.server()
  await window.edit('shop/.qwen/.env', env('sk-canary-shop-1111', 'watched-model'), () => window.status('watched-model'))
  // From now on the file is watched, and one edit is enough.
  window.write('shop/.qwen/.env', env('sk-canary-next-3333', 'next-model'))
  await window.status('next-model')
  await window.command('Qwen: Open Chat')
  await window.send('who?')
  await window.chat().getByText('key sk-…3333').waitFor()
  assert.deepEqual(window.servers(), [before])
}))

test('a killed server is started again once, and VS Code says so', inWindow({ folders: { shop } }, async (window) => {
  await window.status('shop-model')
  const first = await window.server()
  process.kill(first, 'SIGKILL')
  await window.toast('It was started again').waitFor()
  const second = await window.server(first)
  // Only the second server can say this: the first ended before the file was written.
  await window.edit('shop/.qwen/.env', env('sk-canary-shop-1111', 'second-model'), () => window.status('second-model'))
  process.kill(second, 'SIGKILL')
  await window.toast('It was not restarted').waitFor()
  await window.status('stopped')
  await window.noServer()
  await window.picture('stopped')
  await window.toast('It was not restarted').getByRole('button', { name: 'Restart' }).click()
  await window.status('second-model')
  await window.server(first, second)
}))

test('an answer that a crash cut off is not left running', inWindow({ folders: { shop } }, async (window) => {
  await window.status('shop-model')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { deltas: ['half an answer'], hold: true })
  await window.send('a question')
  await window.chat().getByText('half an answer').waitFor()
  process.kill(await window.server(), 'SIGKILL')
  await window.chat().getByRole('button', { name: 'Ask Again' }).click()
  await window.chat().getByText('you said: a question').waitFor()
}))

test('without a server VS Code says what to do, with a button that leads to the setting', inWindow({ folders: { shop }, bundled: false }, async (window) => {
  const { page } = window
  await window.status('no server')
  await window.toast('was not found').waitFor()
  await window.command('Qwen: Open Chat')
  await window.chat().getByRole('button', { name: 'Set Path' }).waitFor()
  await window.picture('no-server')
  await window.toast('was not found').getByRole('button', { name: 'Set Path' }).click()
  await page.locator('.settings-editor').getByText('Server: Path').first().waitFor()
}))

test('a package without a server uses the one on PATH', inWindow({ folders: { shop }, bundled: false, onPath: dirname(process.env.QWEN_LANGUAGE_SERVER) }, async (window) => {
  await window.status('shop-model')
  await window.server()
}))

test('a setting that names no program is told by its name', inWindow({ folders: { shop }, settings: { 'qwen.server.path': '/nowhere/qls' } }, async (window) => {
  await window.status('no server')
  await window.toast('names /nowhere/qls').waitFor()
}))

const folder = mkdtempSync(join(tmpdir(), 'qwen-hang-'))
after(() => rmSync(folder, { recursive: true }))
const hanging = join(folder, 'hangs-once')
writeFileSync(hanging, `#!/bin/sh\nmkdir '${folder}/hung' && exec sleep 600\nexec '${process.env.QWEN_LANGUAGE_SERVER}' "$@"\n`, { mode: 0o755 })

test('a server that hangs while it starts is replaced, and called no crash', inWindow({ folders: { shop }, settings: { 'qwen.server.path': hanging } }, async (window) => {
  await window.status('starting')
  await window.command('Qwen: Restart Server')
  await window.status('shop-model')
  // The old one is killed two seconds after it was given up; only then could it be taken for crashed.
  await pause(4000)
  assert.deepEqual(await window.page.locator('.notification-list-item-message').allInnerTexts(), [])
}))

test('closing the window ends its server', inWindow({ folders: { shop } }, async (window) => {
  await window.status('shop-model')
  await window.server()
  const closed = window.page.waitForEvent('close')
  await window.page.close({ runBeforeUnload: true })
  await closed
  await window.noServer()
}))
