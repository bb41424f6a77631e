import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inSharedWindow, inWindow } from './harness.mjs'

const SIGN_IN_PAGE = 'https://signin.qwen.invalid/authorize?user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c'

const inSignedOut = inSharedWindow({})

test('a first start says how to begin: in the status bar, the chat view and the walkthrough', inSignedOut(async (window) => {
  const { page } = window
  await window.status('signed out')
  await window.command('Qwen: Open Chat')
  await window.chat().getByRole('button', { name: 'Sign in with Qwen' }).waitFor()
  await window.chat().getByRole('button', { name: 'Set an API Key' }).waitFor()
  await window.command('Qwen: Open Walkthrough')
  await page.getByRole('button', { name: /Sign in with Qwen/ }).first().waitFor()
  await page.getByText('Or set an API key').first().waitFor()
  await window.picture('walkthrough')
}))

test('a refused sign-in says so', inSignedOut(async (window) => {
  await window.status('signed out')
  await window.command('Qwen: Sign In')
  await window.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Cancel' }).click()
  await window.status('signing in')
  await window.ask('/deny', {})
  await window.page.locator('.notification-toast .codicon-error').waitFor()
  await window.status('signed out')
}))

test("a sign-in that a command of the server's began leaves the screen when it is refused, and when it is cancelled", inSignedOut(async (window) => {
  const { page } = window
  const begin = async () => {
    await window.status('signed out')
    await window.command('Consumer: Begin a Sign-In')
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Cancel' }).click()
    await window.toast('WDJB-MJHT. 15 min left').waitFor()
    await window.status('signing in')
  }
  await begin()
  await window.ask('/deny', {})
  await window.toast('enter the code').waitFor({ state: 'detached' })
  await begin()
  await window.command('Qwen: Show Menu')
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Cancel signing in' }).click()
  await window.status('signed out')
  await window.toast('enter the code').waitFor({ state: 'detached' })
}))

test('signing in shows the code, opens the page byte for byte, and ends signed in', inWindow({}, async (window) => {
  const { page } = window
  await window.status('signed out')
  await window.command('Qwen: Open Chat')
  await window.chat().getByRole('button', { name: 'Sign in with Qwen' }).click()
  await window.chat().getByText('WDJB-MJHT', { exact: true }).waitFor()
  await window.toast('enter the code WDJB-MJHT').waitFor()
  const dialog = page.locator('.monaco-dialog-box')
  await dialog.getByText('signin.qwen.invalid').first().waitFor()
  await window.picture('sign-in')
  assert.deepEqual(await window.opened(() => dialog.getByRole('button', { name: 'Open', exact: true }).click()), [SIGN_IN_PAGE])
  await window.status('signing in')
  assert.equal((await window.ask('/approve', {})).status, 200)
  await window.status('coder-model')
  await window.toast('Signed in to Qwen').waitFor()
  await window.toast('enter the code').waitFor({ state: 'detached' })
  await window.chat().getByRole('textbox', { name: 'Message to Qwen' }).waitFor()
  assert.equal(await window.chat().getByText('WDJB-MJHT').count(), 0)
}))

test('a sign-in can be cancelled from the menu, and begun again', inWindow({}, async (window) => {
  const { page } = window
  await window.status('signed out')
  await window.command('Qwen: Sign In')
  await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Cancel' }).click()
  await window.status('signing in')
  await window.toast('enter the code').getByRole('button', { name: 'Copy Address' }).or(window.toast('enter the code').locator('a', { hasText: 'Copy Address' })).click()
  await page.waitForFunction(async (address) => (await navigator.clipboard.readText()) === address, SIGN_IN_PAGE)
  await window.command('Qwen: Show Menu')
  const entry = (text) => page.locator('.quick-input-list .monaco-list-row', { hasText: text })
  // The page that was not let open brings no second notification.
  assert.equal(await page.locator('.notification-toast', { hasText: 'enter the code' }).count(), 1)
  await entry('Copy the code WDJB-MJHT').click()
  await page.waitForFunction(async () => (await navigator.clipboard.readText()) === 'WDJB-MJHT')
  await window.command('Qwen: Show Menu')
  await entry('Cancel signing in').click()
  await window.status('signed out')
  await window.toast('The sign-in was cancelled').waitFor()
  await window.command('Qwen: Sign In')
  await window.status('signing in')
}))

test('a key goes from the password box to the server, and into no setting', inWindow({}, async (window) => {
  const { page } = window
  await window.status('signed out')
  await window.command('Qwen: Set API Key')
  const box = page.locator('.quick-input-widget input').first()
  await page.getByText('It is kept in the keyring').waitFor()
  assert.equal(await box.getAttribute('type'), 'password')
  await box.fill('sk-canary-typed-7777')
  await box.press('Enter')
  await page.getByText('The address of the API').waitFor()
  await box.fill(`${window.api}/v1`)
  await box.press('Enter')
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Memory' }).click()
  await window.toast('Key sk-…7777 is set').waitFor()
  await window.command('Qwen: Open Chat')
  const message = window.chat().getByRole('textbox', { name: 'Message to Qwen' })
  await message.fill('hello')
  await message.press('Enter')
  await window.chat().getByText('key sk-…7777').waitFor()
  assert.doesNotMatch(readFileSync(join(window.home, '.data/User/settings.json'), 'utf8'), /7777/)
}))

test("the user's key is held back from an endpoint that only the project names, until it is trusted", inWindow({
  folders: { app: { '.env': 'OPENAI_BASE_URL=https://stranger.example/v1\nOPENAI_MODEL=project-model\n' } },
  environment: { OPENAI_API_KEY: 'sk-canary-mine-8888' },
}, async (window) => {
  const { page } = window
  await window.status('key held back')
  await window.command('Qwen: Open Chat')
  await window.chat().getByRole('button', { name: 'Trust the Endpoint' }).click()
  const dialog = page.locator('.monaco-dialog-box')
  await dialog.getByText('Send your key to https://stranger.example/v1?').waitFor()
  await window.picture('trust')
  await dialog.getByRole('button', { name: 'Until the Server Ends' }).click()
  await window.status('project-model')
  await window.chat().getByText('stranger.example · sk-…8888').waitFor()
}))
