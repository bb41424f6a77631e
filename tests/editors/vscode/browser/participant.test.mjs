import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { closeAll, inWindow } from './harness.mjs'

after(closeAll)

const env = 'OPENAI_API_KEY=sk-canary-alpha-1111\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=alpha-model\n'
// VS Code's own chat view is on only in these windows.
const options = { settings: { 'chat.disableAIFeatures': false }, folders: { app: { '.qwen/.env': env, 'a.ts': 'const a = 1\n' } } }

async function openChat(window) {
  await window.status('alpha-model')
  await window.command('Chat: Open Chat')
  // The model picker has found Qwen's models.
  await window.page.locator('.chat-input-toolbars', { hasText: 'alpha-model' }).waitFor()
}

async function ask(window, text) {
  const { page } = window
  await page.locator('.interactive-input-editor .monaco-editor').click()
  await page.keyboard.type(text)
  await page.locator('.interactive-input-editor .view-line', { hasText: text.split(' ').pop() }).waitFor()
  // Closes the list of suggestions that typing has opened.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
}

test('@qwen answers in the chat view of VS Code, as it streams', inWindow(options, async (window) => {
  const { page } = window
  await openChat(window)
  await window.ask('/script', { deltas: ['`a` is **one**', ' and stays so'], hold: true, after: [', since it is a `const`.'] })
  await ask(window, '@qwen What is a?')
  const response = page.locator('.interactive-response')
  await response.getByText('and stays so').waitFor()
  assert.doesNotMatch(await response.innerText(), /since it is/)
  await window.ask('/release', {})
  await response.getByText('since it is a').waitFor()
  await window.picture('participant')
  const [request] = (await window.ask('/wait?outcome=done')).body
  assert.deepEqual([request.key, request.model, request.said], ['sk-…1111', 'alpha-model', 'What is a?'])
}))

test('stopping @qwen hangs up on the model', inWindow(options, async (window) => {
  const { page } = window
  await openChat(window)
  await window.ask('/script', { deltas: ['a long story begins'], hold: true })
  await ask(window, '@qwen Tell')
  await page.locator('.interactive-response').getByText('a long story begins').waitFor()
  await page.locator('.chat-execute-toolbar [aria-label^="Cancel"]').first().click()
  assert.equal((await window.ask('/wait?outcome=hungUp')).status, 200)
}))

test('an error of the service reaches the chat view of VS Code in words', inWindow(options, async (window) => {
  await openChat(window)
  await window.ask('/script', { status: 404, body: { error: { message: 'The model does not exist', code: 'model_not_found' } } })
  await ask(window, '@qwen Hello')
  await window.page.locator('.interactive-response .chat-notification-widget, .interactive-response .chat-error, .interactive-response', { hasText: /model/i }).first().waitFor()
}))

test("VS Code's model picker lists the models of this folder's provider", inWindow(options, async (window) => {
  const { page } = window
  await openChat(window)
  await page.locator('.chat-input-toolbars').getByText('alpha-model').click()
  await page.locator('.context-view, .action-widget').getByText('qwen3-coder-flash').first().waitFor()
}))
