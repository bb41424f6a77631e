// Chats and chat documents, through vscode-languageserver-protocol.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { World, until } from '../../editors/world.mjs'
import { Buffer } from './buffer.mjs'
import { Editor, KEY } from './editor.mjs'
import * as editors from './editors.mjs'
import { lsp } from './protocol.mjs'

const QUESTION = '## You\n\nWhy 密🙂?\n'
const ask = (content, more = {}) => ({ messages: [{ role: 'user', content }], ...more })

async function inAWorld(t, options, act) {
  const world = await World.make(t)
  world.root('app', KEY)
  await Editor.use(world, options, (editor) => act(editor, world))
}

test('every delta precedes the answer, and together they are the answer', (t) => inAWorld(t, {}, async (editor, world) => {
  const deltas = ['one', '\n', 'two ', '密🙂']
  await world.post('/script', { deltas, reasoning: ['hm'] })
  const seen = []
  editor.connection.onProgress(new lsp.ProgressType(), 'chat-1', (value) => seen.push(value))
  const { message, usage } = await editor.request('qwen/chat', ask('hi', { partialResultToken: 'chat-1' }))
  assert.deepEqual(seen.map(({ content }) => content).filter(Boolean), deltas)
  assert.deepEqual(message, { role: 'assistant', content: deltas.join(''), reasoning: 'hm' })
  assert.equal(usage.totalTokens, 12)
}))

for (const way of ['request', 'progress']) {
  test(`a chat that is cancelled by its ${way} hangs up on the model`, (t) => inAWorld(t, {}, async (editor, world) => {
    await world.post('/script', { deltas: ['Hel'], hold: true })
    const source = new lsp.CancellationTokenSource()
    const params = ask('hi', { workDoneToken: 'work', partialResultToken: 'part' })
    const chat = editor.refused('qwen/chat', params, source.token)
    await editor.progressed('part', ({ content }) => content === 'Hel')
    if (way === 'request') source.cancel()
    else await editor.notify(lsp.WorkDoneProgressCancelNotification.type, { token: 'work' })
    assert.equal((await chat).code, lsp.LSPErrorCodes.RequestCancelled)
    await world.get('/wait?outcome=hungUp')
    await editor.progressed('work', ({ kind }) => kind === 'end')
  }))
}

test('an open document is sent as the editor has it', (t) => inAWorld(t, {}, async (editor, world) => {
  const buffer = await Buffer.open(editor, editor.uri('app/a.rs'), '// 密🙂\nfn main() {}\n', 'rust')
  await buffer.replace('main', 'unsaved🙂')
  await editor.request('qwen/chat', ask('why?', { context: [{ uri: buffer.uri, range: buffer.range('unsaved🙂') }] }))
  const [{ said }] = await world.get('/requests')
  assert.ok(said.includes('\nunsaved🙂\n') && !said.includes('fn'), said)
}))

async function untilAnswered(buffer, turns = 2) {
  while (buffer.text.split('## You').length - 1 < turns) await buffer.answer()
}

for (const [name, capabilities] of Object.entries(editors.all)) {
  // Helix has no lenses, and sends by its command.
  test(`a chat document is sent and its answer grows in it, in ${name}`, (t) => inAWorld(t, { capabilities }, async (editor, world) => {
    await world.post('/script', { deltas: ['Because ', 'it ', 'does 😀.'] })
    const buffer = await Buffer.open(editor, editor.uri('app/why.qwen.md'), `---\nmodel: m1\n---\n\n${QUESTION}`)
    if (capabilities.textDocument.codeLens) {
      const [{ range, command }] = await editor.request(lsp.CodeLensRequest.type, { textDocument: buffer.identifier })
      assert.deepEqual([command.title, range], ['Send to Qwen', buffer.range('## You')])
      await editor.request(lsp.ExecuteCommandRequest.type, { command: command.command, arguments: command.arguments })
    } else {
      await editor.command('qwen.chatSend', { uri: buffer.uri })
    }
    await untilAnswered(buffer)
    assert.equal(buffer.text, `---\nmodel: m1\n---\n\n${QUESTION}\n## Qwen\n\nBecause it does 😀.\n\n## You\n\n\n`)
    const [{ model, said }] = await world.get('/requests')
    assert.deepEqual([model, said], ['m1', 'Why 密🙂?'])
  }))
}

test('typing during an answer makes edits stale and loses nothing', (t) => inAWorld(t, {}, async (editor, world) => {
  await world.post('/script', { deltas: ['Hel'], hold: true, after: ['lo'] })
  const buffer = await Buffer.open(editor, editor.uri('app/why.qwen.md'), `notes: \r\n\r\n${QUESTION.replaceAll('\n', '\r\n')}`)
  await editor.command('qwen.chatSend')
  let typed = 0
  for (let turn = 0; buffer.text.split('## You').length < 3; turn += 1) {
    const stale = turn % 2 === 0
    await until(() => editor.inbox.some(({ method }) => method === 'workspace/applyEdit'), 'an edit')
    if (stale) {
      await buffer.insert({ line: 0, character: 7 + 2 * typed }, '🙂')
      typed += 1
    }
    assert.equal(await buffer.answer(), !stale)
    if (buffer.text.includes('Hel')) await world.post('/release')
  }
  const expected = `notes: ${'🙂'.repeat(typed)}\n\n${QUESTION}\n## Qwen\n\nHello\n\n## You\n\n\n`
  assert.equal(buffer.text, expected.replaceAll('\n', '\r\n'))
}))

test('an answer in a document is cancelled by its progress and says so', (t) => inAWorld(t, {}, async (editor, world) => {
  await world.post('/script', { deltas: ['Half an '], hold: true })
  const buffer = await Buffer.open(editor, editor.uri('app/why.qwen.md'), QUESTION)
  await editor.command('qwen.chatSend', buffer.uri)
  while (!buffer.text.includes('Half an ')) await buffer.answer()
  await editor.notify(lsp.WorkDoneProgressCancelNotification.type, { token: editor.created[0] })
  await untilAnswered(buffer)
  assert.match(buffer.text, /Half an [^]*Cancelled/)
  assert.doesNotMatch(buffer.text, /<!--/)
  await world.get('/wait?outcome=hungUp')
}))

test('a conversation is begun, continued, and its path is told where nothing shows it', (t) => inAWorld(t, {}, async (editor) => {
  const shown = []
  for (const argument of [['why?'], [], [{ prompt: 'other', root: editor.uri('app') }]]) {
    await editor.command('qwen.chat', ...argument)
    const question = await editor.told(lsp.ShowDocumentRequest.type)
    question.answer({ success: true })
    shown.push(question.params.uri)
  }
  assert.ok(shown[0] === shown[1] && shown[1] !== shown[2])
  assert.match(readFileSync(fileURLToPath(shown[0]), 'utf8'), /## You\n\nwhy\?\n/)
  await editor.command('qwen.chat')
  ;(await editor.told(lsp.ShowDocumentRequest.type)).answer({ success: false })
  assert.match(await editor.message(), /\.qwen\.md/)
}))
