import { test } from 'node:test'
import { inWindow } from './harness.mjs'

const env = 'OPENAI_API_KEY=sk-canary-alpha-1111\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=alpha-model\n'

test('a chat document is a file in which the answer streams', inWindow({ folders: { app: { '.qwen/.env': env } } }, async (window) => {
  const { page } = window
  await window.status('alpha-model')
  await window.command('Qwen: Open Chat Document')
  await page.locator('.tab.active', { hasText: '.qwen.md' }).waitFor()
  await page.locator('.editor-instance .view-line', { hasText: '## You' }).click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type('What is a chat document?')
  await page.locator('.codelens-decoration a', { hasText: 'Send to Qwen' }).click()
  await page.locator('.view-line', { hasText: 'key sk-…1111' }).waitFor()
  await page.locator('.view-line', { hasText: 'you said: What is a chat document?' }).waitFor()
}))
