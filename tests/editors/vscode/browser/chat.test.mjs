import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inSharedWindow } from './harness.mjs'

const env = (key, model) => `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=${model}\n`
const app = { '.qwen/.env': env('sk-canary-alpha-1111', 'alpha-model'), 'cart.ts': 'export function total(prices: number[]): number {\n  let sum = 0\n  for (const price of prices) sum += price\n  return sum\n}\n' }
const inApp = inSharedWindow({ folders: { app } })

const answer = [
  'The loop adds the prices one by one. `reduce` says the same', ' in one line:\n\n', '```ts\nexport function total(prices: number[]): number {\n',
  '  // An empty cart costs nothing.\n  return prices.reduce((sum, price) => sum + price, 0)\n}\n```\n\n', 'The result ', 'stays a **number**.',
]

test('an answer streams into the chat view, with the file that was attached', inApp(async (window) => {
  await window.status('alpha-model')
  await window.open('cart.ts')
  await window.page.keyboard.press('Control+A')
  await window.command('Qwen: Add Selection to Chat')
  const chat = window.chat()
  await chat.getByRole('button', { name: 'Remove cart.ts:1-5' }).waitFor()
  await window.ask('/script', { deltas: answer.slice(0, 3), hold: true, after: answer.slice(3) })
  await window.send('Can this be shorter?')
  // What has arrived is shown while the rest is still on its way.
  await chat.getByText('The loop adds the prices').waitFor()
  assert.equal(await chat.getByText('stays a').count(), 0)
  assert.equal(await chat.getByRole('button', { name: 'Stop' }).isVisible(), true)
  await window.ask('/release', {})
  await chat.getByText('stays a').waitFor()
  await chat.getByRole('button', { name: 'Send' }).waitFor()
  await window.picture('chat')
  const [request] = (await window.ask('/wait?outcome=done')).body
  assert.equal(request.key, 'sk-…1111')
  assert.match(JSON.stringify(request.body.messages), /for \(const price of prices\)/)
}))

test('Stop hangs up on the model, keeps what had arrived, and the question can be asked again', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { deltas: ['Only the ', 'beginning'], hold: true })
  await window.send('A long story, please')
  const chat = window.chat()
  await chat.getByText('Only the beginning').waitFor()
  await chat.getByRole('button', { name: 'Stop' }).click()
  assert.equal((await window.ask('/wait?outcome=hungUp')).status, 200)
  await chat.locator('.remark', { hasText: 'Stopped.' }).waitFor()
  await chat.getByText('Only the beginning').waitFor()
  await chat.getByRole('button', { name: 'Ask Again' }).click()
  await chat.getByText('you said: A long story, please').waitFor()
  assert.equal(await chat.getByText('Only the beginning').count(), 0)
}))

test('Escape stops as well, and the next question remembers the conversation', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  const chat = window.chat()
  await window.send('First')
  await chat.getByText('you said: First').waitFor()
  await window.ask('/script', { deltas: ['wait'], hold: true })
  await window.send('Second')
  await chat.getByText('wait', { exact: true }).waitFor()
  await window.page.keyboard.press('Escape')
  assert.equal((await window.ask('/wait?outcome=hungUp')).status, 200)
  const [request] = (await window.ask('/wait?said=Second')).body
  const said = request.body.messages.filter(({ role }) => role === 'user').map(({ content }) => JSON.stringify(content))
  assert.equal(said.length, 2)
  assert.match(said[0], /First/)
}))

test('a block of an answer is shown as a change, and applied only when accepted', inApp(async (window) => {
  await window.status('alpha-model')
  await window.open('cart.ts')
  await window.page.keyboard.press('Control+A')
  await window.command('Qwen: Add Selection to Chat')
  await window.ask('/script', { deltas: answer })
  await window.send('Can this be shorter?')
  await window.chat().getByRole('button', { name: 'Apply', exact: true }).click()
  await window.page.locator('.tab', { hasText: 'Qwen proposes' }).waitFor()
  await window.page.locator('.monaco-diff-editor .view-line', { hasText: 'reduce' }).waitFor()
  await window.picture('apply')
  await window.command('Qwen: Apply the Proposal')
  await window.page.locator('.tab', { hasText: 'Qwen proposes' }).waitFor({ state: 'detached' })
  await window.page.locator('.view-line', { hasText: 'reduce' }).waitFor()
  assert.equal(await window.page.locator('.view-line', { hasText: 'let sum = 0' }).count(), 0)
}))

test('a markup trap in an answer stays text', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { deltas: ['<img src=x onerror="document.title=1"><script>document.title=2</script> [x](javascript:alert(1))'] })
  await window.send('trap')
  const chat = window.chat()
  await chat.getByText('alert(1)').waitFor()
  assert.equal(await chat.locator('.answer img, .answer script, .answer a').count(), 0)
}))

test('an error of the service is said in words, with a way on', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { status: 401, body: { error: { message: 'Incorrect API key provided: sk-canary-alpha-1111', code: 'invalid_api_key' } } })
  await window.send('hello')
  const alert = window.chat().getByRole('alert')
  await alert.waitFor()
  assert.doesNotMatch(await alert.innerText(), /sk-canary-alpha/)
  await window.chat().getByRole('button', { name: 'Ask Again' }).waitFor()
}))

test('another model is asked when it is chosen in the view', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  const models = window.chat().getByRole('combobox', { name: 'Model' })
  await models.locator('option', { hasText: 'qwen3-max' }).waitFor({ state: 'attached' })
  await models.selectOption('qwen3-max')
  await window.send('who?')
  await window.chat().getByText('model qwen3-max').waitFor()
}))

test('earlier chats come back after the window is loaded anew', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  await window.send('Remember the milk')
  await window.chat().getByText('you said: Remember the milk').waitFor()
  // The whole answer is kept when the next question can be sent.
  await window.chat().getByRole('button', { name: 'Send' }).waitFor()
  await window.reload()
  await window.status('alpha-model')
  await window.command('Qwen: Earlier Chats')
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Remember the milk' }).click()
  await window.chat().getByText('you said: Remember the milk').waitFor()
}))

test('a question that the window was closed on is kept, with what had arrived or without', inApp(async (window) => {
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat')
  await window.ask('/script', { deltas: ['half an answer'], hold: true })
  await window.send('A question for later')
  await window.chat().getByText('half an answer').waitFor()
  await window.reload()
  await window.status('alpha-model')
  await window.command('Qwen: Earlier Chats')
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'A question for later' }).click()
  await window.chat().locator('.remark', { hasText: 'Stopped.' }).waitFor()
  await window.chat().getByRole('button', { name: 'Ask Again' }).click()
  await window.chat().getByText('you said: A question for later').waitFor()
}))
