// The README's first steps, from an empty HOME: installed by its command (see ../run), signed in, asked, stopped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inWindow } from './harness.mjs'

const story = ['Once upon a time', ' there was a cursor', ' that blinked', ' and blinked, until somebody typed.']

test('the README leads from nothing to a first answer, and to one that is stopped, in both chat views', inWindow({ settings: { 'chat.disableAIFeatures': false } }, async (window) => {
  const { page } = window
  const chat = window.chat()
  await window.status('signed out')
  await window.command('Qwen: Open Walkthrough')
  await window.opened(async () => {
    const asks = page.locator('.monaco-dialog-box').getByRole('button', { name: 'Open', exact: true })
    // While VS Code still starts, it may open the page without asking.
    const unasked = page.context().waitForEvent('page').catch(() => undefined)
    await page.getByRole('button', { name: 'Sign In', exact: true }).click()
    await Promise.race([asks.click().catch(() => undefined), unasked])
  })
  await window.ask('/approve', {})
  await window.status('coder-model')

  await page.keyboard.press('Control+Alt+q')
  await chat.locator('textarea:focus').waitFor()
  await window.ask('/script', { deltas: story.slice(0, 2), hold: true, after: story.slice(2) })
  await page.keyboard.type('Tell me a story')
  await page.keyboard.press('Enter')
  await chat.getByText('there was a cursor').waitFor()
  await window.picture('newcomer-streaming')
  assert.equal(await chat.getByText('until somebody typed').count(), 0)
  await window.ask('/release', {})
  await chat.getByText('until somebody typed').waitFor()
  await chat.getByRole('button', { name: 'Send' }).waitFor()
  await window.ask('/script', { deltas: story.slice(0, 2), hold: true })
  await page.keyboard.type('Another one')
  await page.keyboard.press('Enter')
  await chat.getByRole('button', { name: 'Stop' }).waitFor()
  await chat.getByText('there was a cursor').nth(1).waitFor()
  await page.keyboard.press('Escape')
  assert.equal((await window.ask('/wait?outcome=hungUp&said=Another')).status, 200)
  await chat.locator('.remark', { hasText: 'Stopped.' }).waitFor()
  await window.picture('newcomer-stopped')

  await window.command('Chat: Open Chat')
  await page.locator('.chat-input-toolbars', { hasText: 'coder-model' }).waitFor()
  await window.ask('/script', { deltas: story.slice(0, 2), hold: true, after: story.slice(2) })
  await window.askParticipant('@qwen Tell me a story')
  const responses = page.locator('.interactive-response')
  await responses.getByText('there was a cursor').waitFor()
  await window.ask('/release', {})
  await responses.getByText('until somebody typed').waitFor()
  await window.ask('/script', { deltas: story.slice(0, 2), hold: true })
  await window.askParticipant('@qwen One more')
  await responses.nth(1).getByText('there was a cursor').waitFor()
  await page.locator('.chat-execute-toolbar [aria-label^="Cancel"]').first().click()
  assert.equal((await window.ask('/wait?outcome=hungUp&said=One')).status, 200)
  await window.picture('newcomer-participant')
}))
