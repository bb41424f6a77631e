import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inSharedWindow, inWindow } from './harness.mjs'

const env = 'OPENAI_API_KEY=sk-canary-alpha-1111\nOPENAI_BASE_URL=$API/v1\nOPENAI_MODEL=alpha-model\n'
const app = { '.qwen/.env': env, 'cart.ts': 'export const total = (prices: number[]) => prices.reduce((a, b) => a + b, 0)\n' }
const inApp = inSharedWindow({ folders: { app } })

const answer = [
  'A **cart** without prices costs `0`, see [the page](https://docs.example/cart):\n\n',
  '```ts\n// Sums up, and never fails.\nexport class Cart {\n  total(prices: number[]): string {\n    return `${prices.length} items` + "!" + 42\n  }\n}\n```\n\n',
  '```html\n<p class="price">free</p>\n```\n\n```diff\n- old\n+ new\n```\n\n```bash\necho "$HOME"\n```\n\n```json\n{ "cart": true }\n```\n\n```md\n# Title\n> quote\n```\n\n',
  '> A quotation.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n',
]

/** VS Code's own name of a theme, the name in its list, and the picture's. */
const themes = [
  ['Dark Modern', 'Dark Modern', 'dark'], ['Light Modern', 'Light Modern', 'light'],
  ['Default High Contrast', 'Dark High Contrast', 'high-contrast'], ['Default High Contrast Light', 'Light High Contrast', 'high-contrast-light'],
]

test('every text of the chat view stands out from its ground, in dark, light and high contrast', inWindow({ folders: { app } }, async (window) => {
  const chat = window.chat()
  const inEachTheme = async (look) => {
    for (const [id, listed, name] of themes) {
      await window.theme(listed)
      await chat.locator(`body[data-vscode-theme-id="${id}"]`).waitFor()
      await look(name)
      // WCAG 2.2 §1.4.3: 4.5 to 1 for text of this size.
      const pale = (await chat.locator('body').evaluate(contrasts)).filter(({ ratio }) => ratio < 4.5)
      assert.deepEqual(pale, [], listed)
    }
  }
  await window.status('alpha-model')
  await window.open('cart.ts')
  await window.command('Qwen: Open Chat')
  await chat.getByRole('button', { name: 'Attach the Editor or Its Selection' }).click()
  await chat.getByRole('button', { name: 'Remove cart.ts' }).waitFor()
  await window.ask('/script', { reasoning: ['A cart is a list.'], deltas: answer.slice(0, 2) })
  await window.send('What does an empty cart cost?')
  await chat.getByText('Sums up').waitFor()
  await chat.getByRole('button', { name: 'Send' }).waitFor()
  await inEachTheme((name) => window.picture(`theme-${name}`))
  await window.ask('/script', { deltas: answer.slice(2) })
  await window.send('What else is there?')
  await chat.getByText('A quotation.').waitFor()
  await window.ask('/script', { status: 401, body: { error: { message: 'Incorrect API key provided', code: 'invalid_api_key' } } })
  await window.send('And now?')
  await chat.getByRole('alert').waitFor()
  await chat.getByRole('button', { name: 'Attach the Editor or Its Selection' }).click()
  await chat.getByRole('button', { name: 'Remove cart.ts' }).waitFor()
  // The end of the conversation stays in sight though the box grew by the chip.
  await chat.locator('main').evaluate(async (log) => {
    while (log.scrollHeight - log.scrollTop - log.clientHeight > 1) await new Promise((next) => { requestAnimationFrame(next) })
  })
  await inEachTheme((name) => window.picture(`theme-${name}-error`))
}))

/** Runs in the view: each visible text, and how its colour stands out from what is behind it. */
function contrasts(body) {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const over = (ground, colour) => {
    context.clearRect(0, 0, 1, 1)
    context.fillStyle = colour
    context.fillRect(0, 0, 1, 1)
    const [r, g, b, alpha] = context.getImageData(0, 0, 1, 1).data
    return [r, g, b].map((value, at) => ground[at] + (value - ground[at]) * (alpha / 255))
  }
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const side = getComputedStyle(document.documentElement).getPropertyValue('--vscode-sideBar-background')
  const groundOf = (element) => {
    const ground = element.parentElement ? groundOf(element.parentElement) : over([0, 0, 0], side)
    return over(ground, getComputedStyle(element).backgroundColor)
  }
  const found = []
  const look = (element, text, colour) => {
    const ground = groundOf(element)
    const [a, b] = [light(over(ground, colour)), light(ground)]
    found.push({ text: text.trim().slice(0, 40), element: `${element.tagName}.${element.className}`, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) })
  }
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const text = walker.currentNode.textContent
    if (text.trim() === '' || element.closest('.only-read, option, script') || !element.checkVisibility()) continue
    look(element, text, getComputedStyle(element).color)
  }
  for (const field of document.querySelectorAll('select, textarea')) if (field.checkVisibility()) look(field, field.value, getComputedStyle(field).color)
  const box = document.querySelector('textarea')
  look(box, box.placeholder, getComputedStyle(box, '::placeholder').color)
  return found
}

test('the keyboard alone asks, stops, asks again, copies, and never loses its place', inApp(async (window) => {
  const { keyboard } = window.page
  const chat = window.chat()
  const press = async (...keys) => { for (const key of keys) await keyboard.press(key) }
  const focused = (selector) => chat.locator(`${selector}:focus`).waitFor()
  await window.status('alpha-model')
  await press('Control+Alt+q')
  await focused('textarea')
  await window.ask('/script', { deltas: ['```ts\nconst a = 1\n```\n'], hold: true })
  await keyboard.type('A long story')
  await press('Enter')
  await chat.getByText('const a = 1').waitFor()
  // Past the two buttons that attach something and the list of models.
  await press('Tab', 'Tab', 'Tab', 'Tab')
  await focused('button.stop')
  await press('Enter')
  assert.equal((await window.ask('/wait?outcome=hungUp')).status, 200)
  await chat.locator('.remark', { hasText: 'Stopped.' }).waitFor()
  await focused('textarea')
  await press('Shift+Tab')
  await chat.getByRole('button', { name: 'Ask Again' }).and(chat.locator(':focus')).waitFor()
  await press('Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab', 'Shift+Tab')
  await chat.getByRole('button', { name: 'Copy', exact: true }).and(chat.locator(':focus')).waitFor()
  await press('Enter')
  await chat.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' })
  assert.equal(await window.page.evaluate(() => navigator.clipboard.readText()), 'const a = 1\n')
  await press('Tab', 'Tab', 'Tab', 'Tab', 'Tab')
  await chat.getByRole('button', { name: 'Ask Again' }).and(chat.locator(':focus')).waitFor()
  await press('Enter')
  await chat.getByText('you said: A long story').waitFor()
  await focused('textarea')
}))

const spoken = `- document:
  - banner: Local server · sk-…1111
  - log "Conversation":
    - article:
      - region "You":
        - heading "You" [level=2]
        - paragraph: What is it?
        - list:
          - listitem:
            - button "cart.ts"
      - region "Qwen":
        - heading "Qwen alpha-model · Local server · sk-…1111" [level=2]
        - paragraph: A cart.
        - figure "ts Copy Insert Apply":
          - text: ts
          - button "Copy"
          - button "Insert"
          - button "Apply"
          - code: const a = 1
        - button "Copy Answer"
        - button "Ask Again"
  - contentinfo:
    - textbox "Message to Qwen":
      - /placeholder: Ask Qwen. Enter sends, Shift+Enter begins a new line.
    - button "Attach a File"
    - button "Attach the Editor or Its Selection"
    - combobox "Model":
      - option "alpha-model" [selected]
      - option "qwen3-coder-plus"
      - option "qwen3-coder-flash"
      - option "qwen3-max"
    - button "Send"
  - status: Qwen has answered`

test('a screen reader is told what everything is, and when an answer begins and ends', inApp(async (window) => {
  await window.status('alpha-model')
  await window.open('cart.ts')
  await window.command('Qwen: Open Chat')
  const chat = window.chat()
  await chat.getByRole('button', { name: 'Attach the Editor or Its Selection' }).click()
  await chat.getByRole('button', { name: 'Remove cart.ts' }).waitFor()
  const said = (text) => chat.getByRole('status').filter({ hasText: text }).waitFor({ state: 'attached' })
  await window.ask('/script', { deltas: ['A cart.\n\n```ts\nconst a = 1\n```'], hold: true })
  await window.send('What is it?')
  await chat.getByText('A cart.').waitFor()
  await said('Qwen is answering')
  assert.equal(await chat.getByRole('log').getAttribute('aria-busy'), 'true')
  await window.ask('/release', {})
  await said('Qwen has answered')
  await chat.getByRole('combobox', { name: 'Model' }).locator('option', { hasText: 'qwen3-max' }).waitFor({ state: 'attached' })
  assert.equal(await chat.locator('body').ariaSnapshot(), spoken)
  await window.ask('/script', { deltas: ['Half'], hold: true })
  await window.send('More')
  await chat.getByText('Half').waitFor()
  await window.page.keyboard.press('Escape')
  await said('Stopped.')
}))

test('the keyboard alone begins a sign-in in the chat view', inWindow({}, async (window) => {
  const { page } = window
  await window.status('signed out')
  await page.keyboard.press('Control+Alt+q')
  await window.chat().getByRole('button', { name: 'Sign in with Qwen' }).and(window.chat().locator(':focus')).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Cancel' }).waitFor()
  await page.keyboard.press('Escape')
  await window.status('signing in')
  await page.keyboard.press('Control+Alt+q')
  await window.chat().getByRole('button', { name: 'Open Page' }).and(window.chat().locator(':focus')).waitFor()
  await window.ask('/approve', {})
  await window.status('coder-model')
  await page.keyboard.press('Control+Alt+q')
  await window.chat().locator('textarea:focus').waitFor()
}))
