import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inSharedWindow } from './harness.mjs'

const env = 'OPENAI_API_KEY=sk-canary-alpha-1111\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=alpha-model\n'
// VS Code's own chat view is on only in this window.
const inChat = inSharedWindow({ settings: { 'chat.disableAIFeatures': false }, folders: { app: { '.qwen/.env': env, 'a.ts': 'const a = 1\n' } } })

async function openChat(window) {
  await window.status('alpha-model')
  await window.command('Chat: Open Chat')
  // The model picker has found Qwen's models.
  await window.page.locator('.chat-input-toolbars', { hasText: 'alpha-model' }).waitFor()
}

test('@qwen answers in the chat view of VS Code, as it streams', inChat(async (window) => {
  const { page } = window
  await openChat(window)
  await window.ask('/script', { deltas: ['`a` is **one**', ' and stays so'], hold: true, after: [', since it is a `const`.'] })
  await window.askParticipant('@qwen What is a?')
  const response = page.locator('.interactive-response')
  await response.getByText('and stays so').waitFor()
  assert.doesNotMatch(await response.innerText(), /since it is/)
  await window.ask('/release', {})
  await response.getByText('since it is a').waitFor()
  await window.participantRests()
  await window.picture('participant')
  const [request] = (await window.ask('/wait?outcome=done')).body
  assert.deepEqual([request.key, request.model, request.said], ['sk-…1111', 'alpha-model', 'What is a?'])
}))

test('stopping @qwen hangs up on the model', inChat(async (window) => {
  const { page } = window
  await openChat(window)
  await window.ask('/script', { deltas: ['a long story begins'], hold: true })
  await window.askParticipant('@qwen Tell')
  await page.locator('.interactive-response').getByText('a long story begins').waitFor()
  await page.locator('.chat-execute-toolbar [aria-label^="Cancel"]').first().click()
  assert.equal((await window.ask('/wait?outcome=hungUp')).status, 200)
}))

test('an error of the service reaches the chat view of VS Code in words', inChat(async (window) => {
  await openChat(window)
  await window.ask('/script', { status: 404, body: { error: { message: 'The model does not exist', code: 'model_not_found' } } })
  await window.askParticipant('@qwen Hello')
  const response = window.page.locator('.interactive-response')
  await response.getByText('404: The model does not exist').first().waitFor()
  await response.getByRole('button', { name: 'Choose a model' }).waitFor()
}))

test("a model of this folder's provider, chosen in VS Code's model picker, is the one that is asked", inChat(async (window) => {
  const { page } = window
  await openChat(window)
  await page.locator('.chat-input-toolbars').getByText('alpha-model').click()
  await page.getByPlaceholder('Search models').fill('flash')
  await page.locator('.action-widget .monaco-list-row', { hasText: 'qwen3-coder-flash' }).first().click()
  await page.locator('.chat-input-toolbars', { hasText: 'flash' }).waitFor()
  await window.askParticipant('@qwen Hello')
  await page.locator('.interactive-response').getByText('model qwen3-coder-flash').waitFor()
}))

test("another extension can use Qwen's models, streamed", inChat(async (window) => {
  await window.status('alpha-model')
  await window.ask('/script', { model: 'qwen3-max', deltas: ['for', 'ty-', 'two'] })
  await window.command('Consumer: Ask Qwen')
  await window.toast('got forty-two in 3 parts; 4 tokens').waitFor()
}))

test("another extension's tools reach the model, and their results too", inChat(async (window) => {
  await window.status('alpha-model')
  await window.ask('/script', { toolCalls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":3}' } }] })
  await window.ask('/script', { deltas: ['done'] })
  await window.command('Consumer: Use a Tool')
  await window.toast('called add with {"a":3}, then done').waitFor()
  const [first, second] = (await window.ask('/requests')).body
  assert.equal(first.body.tools[0].function.name, 'add')
  assert.deepEqual(second.body.messages.slice(-2).map(({ role, tool_call_id: id, content }) => [role, id ?? null, content || null]), [
    ['assistant', null, null], ['tool', 'call_1', 'three'],
  ])
}))

test('another extension that stops reading hangs up on the model', inChat(async (window) => {
  await window.status('alpha-model')
  await window.ask('/script', { deltas: ['some'], hold: true })
  await window.command('Consumer: Ask and Stop')
  await window.toast('stopped after some').waitFor()
  assert.equal((await window.ask('/wait?outcome=hungUp')).status, 200)
}))
