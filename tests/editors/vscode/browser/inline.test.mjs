import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inWindow } from './harness.mjs'

const env = (key) => `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=qwen3-coder-plus\n`
const app = { '.qwen/.env': env('sk-canary-alpha-1111'), 'sum.py': 'def add(a, b):\n    \n' }

test('a suggestion appears while typing, and Tab accepts it', inWindow({ folders: { app } }, async (window) => {
  const { page } = window
  await window.status('qwen3-coder-plus')
  await window.open('sum.py')
  await page.keyboard.press('Control+End')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('End')
  await window.ask('/script', { deltas: ['eturn a', ' + b'], repeat: true })
  await page.keyboard.type('r')
  const ghost = page.locator('.ghost-text, .ghost-text-decoration').first()
  await ghost.waitFor()
  await window.picture('inline-completion', { clip: { x: 352, y: 30, width: 600, height: 120 } })
  await page.keyboard.press('Tab')
  // The text is longer by what was accepted; a next suggestion may stand there already.
  await page.getByText('Ln 2, Col 17').waitFor()
  await page.locator('.view-line', { hasText: 'return' }).waitFor()
  const [request] = (await window.ask('/requests')).body
  assert.equal(request.key, 'sk-…1111')
}))

test('no suggestion is asked for where the user has turned it off', inWindow({ folders: { app }, settings: { 'qwen.inlineCompletion.enable': false } }, async (window) => {
  const { page } = window
  await window.status('qwen3-coder-plus')
  await window.open('sum.py')
  await page.keyboard.press('Control+End')
  await page.keyboard.type('x = 1')
  // A chat that comes later is answered: by then a suggestion would have been asked for.
  await window.command('Qwen: Open Chat')
  await window.send('later')
  await window.chat().getByText('you said: later').waitFor()
  assert.deepEqual((await window.ask('/requests')).body.map(({ said }) => said), ['later'])
}))
