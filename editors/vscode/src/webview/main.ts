/** The chat view: draws the state that the extension sends, and says what the user does. */
import type { FromView, ToView, ViewState } from '../chat/wire'
import type { Words } from '../chat/words'
import { button, fill, fillSelect, h, icon } from './dom'
import { Turns } from './turns'

declare function acquireVsCodeApi(): { postMessage(message: FromView): void; getState(): unknown; setState(state: unknown): void }

const api = acquireVsCodeApi()
const words = JSON.parse(document.body.dataset['words'] ?? '{}') as Words
const post = (message: FromView) => api.postMessage(message)

const account = h('span', { class: 'account' })
const root = h('select', { 'aria-label': words.root })
const header = h('header', {}, account, root)
// Read out when it changes: what to do next, or the code of a sign-in.
const notice = h('section', { class: 'notice', role: 'status' })
const welcome = h('section', { class: 'welcome' }, h('h1', {}, words.welcome), h('p', {}, words.hint))
const chips = h('ul', { class: 'chips', 'aria-label': words.attachments })
const input = h('textarea', { rows: '3', placeholder: words.placeholder, 'aria-label': words.message })
const model = h('select', { 'aria-label': words.model })
const attachFile = button('', { class: 'icon', 'aria-label': words.attachFile, title: words.attachFile }, () => post({ type: 'attachFile' }))
const attachEditor = button('', { class: 'icon', 'aria-label': words.attachEditor, title: words.attachEditor }, () => post({ type: 'attachEditor' }))
attachFile.append(icon('M10.5 4.5 5.3 9.7a1.8 1.8 0 0 0 2.5 2.5l5.4-5.4a3 3 0 0 0-4.2-4.2L3.6 8a4.3 4.3 0 0 0 6 6l4.2-4.2'))
attachEditor.append(icon('M2 3.5h12M2 6.5h5M2 9.5h5M2 12.5h12M9.5 6h4.5v4H9.5z'))
const send = button(words.send, { class: 'primary send' }, submit)
const stop = button(words.stop, { class: 'primary stop' }, () => post({ type: 'stop' }))
const composer = h('footer', {}, chips, input, h('div', { class: 'row' }, attachFile, attachEditor, model, send, stop))
// Says when an answer begins and ends; reading out every piece of it would be noise.
const announcer = h('div', { class: 'only-read', role: 'status', 'aria-live': 'polite' })
const say = (text: string) => (announcer.textContent = text)
const turns = new Turns(words, post, say)
document.body.append(header, notice, welcome, turns.element, composer, announcer)

let state: ViewState | undefined
const draft = api.getState()
if (typeof draft === 'string') input.value = draft

function submit(): void {
  const text = input.value
  if (text.trim() === '' || !state?.ready || state.busy) return
  post({ type: 'send', text })
  input.value = ''
  api.setState('')
}

function show(next: ViewState): void {
  const before = state
  const focused = document.activeElement
  state = next
  account.textContent = next.account
  account.title = fill('{0}: {1}', words.account, next.account)
  header.hidden = next.account === '' && next.roots.length < 2
  root.hidden = next.roots.length < 2
  fillSelect(root, next.roots.map(({ uri, name }) => ({ value: uri, text: name })), next.roots.find(({ current }) => current)?.uri ?? '')
  showNotice(next)
  turns.show(next.turns)
  turns.element.hidden = next.turns.length === 0
  welcome.hidden = next.turns.length > 0 || !next.ready
  chips.hidden = next.attachments.length === 0
  chips.replaceChildren(...next.attachments.map((attachment, at) => h('li', {},
    button(attachment.label, { class: 'chip', title: fill(words.open, attachment.label) }, () => post({ type: 'open', attachment })),
    button('×', { class: 'chip', 'aria-label': fill(words.remove, attachment.label), title: fill(words.remove, attachment.label) }, () => {
      post({ type: 'detach', at })
      input.focus()
    }))))
  fillSelect(model, next.models.map(({ id, name }) => ({ value: id, text: name ?? id })), next.model)
  model.hidden = next.models.length === 0
  composer.hidden = !next.ready && next.turns.length === 0
  send.hidden = next.busy
  stop.hidden = !next.busy
  send.disabled = !next.ready
  // Another folder's conversation has not just been answered.
  const same = before?.roots.find(({ current }) => current)?.uri === next.roots.find(({ current }) => current)?.uri
  if (before && same && next.busy !== before.busy) say(next.busy ? words.answering : endOf(next))
  // A button that was pressed and is gone or hidden would leave the keyboard nowhere.
  if (focused && focused !== document.body && !(focused.isConnected && focused.checkVisibility())) focus()
}

/** How the last answer ended. A failure is read out where it stands, as an alert. */
function endOf({ turns: all }: ViewState): string {
  switch (all.at(-1)?.outcome) {
    case 'stopped': return words.stopped
    case 'failed': return ''
    default: return words.answered
  }
}

/** Puts the keyboard into the box, or on the first thing to do where there is no box yet. */
function focus(): void {
  const target = composer.hidden ? notice.querySelector('button') : input
  target?.focus()
}

function showNotice({ notice: said, device }: ViewState): void {
  const content: Node[] = []
  if (said) {
    const actions = said.actions.map(({ title, command }, at) => button(title, { class: at === 0 ? 'primary' : '' }, () => post({ type: 'command', command })))
    content.push(h('p', {}, said.text), h('div', { class: 'buttons' }, ...actions))
  }
  if (device) {
    const run = (title: string, command: string, primary = '') => button(title, { class: primary }, () => post({ type: 'command', command }))
    content.push(
      h('p', {}, words.enterCode), h('p', { class: 'device-code' }, device.code), h('p', { class: 'page' }, device.page),
      h('div', { class: 'buttons' }, run(words.openPage, 'qwenls.signIn.open', 'primary'), run(words.copyCode, 'qwenls.signIn.copyCode'), run(words.cancel, 'qwenls.signIn.cancel')))
  }
  notice.hidden = content.length === 0
  const html = h('div', {}, ...content).innerHTML
  // The same words again would take the focus from a button.
  if (notice.dataset['shown'] === html) return
  notice.dataset['shown'] = html
  notice.replaceChildren(...content)
}

input.addEventListener('input', () => api.setState(input.value))
input.addEventListener('keydown', (event) => {
  // Enter that ends a composition (Chinese, Japanese) chooses a word and sends nothing.
  if (event.isComposing) return
  if (event.key === 'Enter' && !event.shiftKey) {
    event.preventDefault()
    submit()
  }
  if (event.key === 'ArrowUp' && input.value === '') input.value = state?.turns.at(-1)?.question ?? ''
})
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && state?.busy) post({ type: 'stop' })
})
model.addEventListener('change', () => post({ type: 'model', id: model.value }))
root.addEventListener('change', () => post({ type: 'root', uri: root.value }))
window.addEventListener('message', ({ data }: MessageEvent<ToView>) => {
  switch (data.type) {
    case 'state': return show(data.state)
    case 'delta': return turns.append(data.content, data.reasoning)
    case 'focus':
      if (data.prompt !== undefined) input.value = data.prompt
      return focus()
  }
})
post({ type: 'ready' })
