// Code actions and suggestions, through vscode-languageserver-protocol.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import test from 'node:test'
import { World, until } from '../../editors/world.mjs'
import { Buffer } from './buffer.mjs'
import { Editor, KEY } from './editor.mjs'
import * as editors from './editors.mjs'
import { lsp } from './protocol.mjs'

const CODE = '// 密🙂\r\nfn f() {\r\n    1;\r\n}\r\n'
const ANSWER = '```rust\nfn f() {\n    密🙂()\n}\n```'
const FIM = 'qwen2.5-coder:7b'

async function inAWorld(t, options, act) {
  const world = await World.make(t)
  world.root('app', KEY, options.model)
  await Editor.use(world, options, (editor) => act(editor, world))
}

function list(editor, buffer, needle, context = {}) {
  const params = { textDocument: buffer.identifier, range: buffer.range(needle), context: { diagnostics: [], triggerKind: lsp.CodeActionTriggerKind.Invoked, ...context } }
  return editor.request(lsp.CodeActionRequest.type, params)
}

/** The action of this title. A listing waits for the account for a tenth of a second only, so that a busy machine may list
 * without it; an editor asks again, too. */
async function offered(editor, buffer, needle, title, context) {
  const find = async () => (await list(editor, buffer, needle, context)).find((action) => action.title.startsWith(title))
  return until(find, title)
}

for (const [name, capabilities] of Object.entries(editors.all)) {
  test(`a selection is changed for its version, and annotated where that is shown, in ${name}`, (t) => inAWorld(t, { capabilities }, async (editor, world) => {
    await world.post('/script', { deltas: [ANSWER] })
    const buffer = await Buffer.open(editor, editor.uri('app/src/a.rs'), CODE, 'rust')
    const action = await offered(editor, buffer, 'fn f() {\r\n    1;\r\n}', 'Qwen: simplify')
    assert.deepEqual(await world.get('/requests'), [])
    const { edit } = await editor.request(lsp.CodeActionResolveRequest.type, action)
    const [{ edits: [first] }] = edit.documentChanges
    const annotates = name === 'vscode'
    assert.equal(lsp.AnnotatedTextEdit.is(first), annotates)
    assert.equal(edit.changeAnnotations?.[first.annotationId]?.label, annotates ? 'Qwen: simplify' : undefined)
    assert.ok(await buffer.apply(edit))
    assert.equal(buffer.text, CODE.replace('1;', '密🙂()'))
  }))
}

test('a diagnostic is fixed, and an action for another text is refused', (t) => inAWorld(t, {}, async (editor, world) => {
  await world.post('/script', { deltas: ['```\none\ntwo;\nthree\n```'] })
  const buffer = await Buffer.open(editor, editor.uri('app/src/a.rs'), 'one\ntwo\nthree\n', 'rust')
  const diagnostics = [{ range: buffer.range('two'), message: 'expected `;`', code: 1, source: 'rustc', tags: [1], data: { a: 1 } }]
  const action = await offered(editor, buffer, 'two', 'Qwen: fix', { diagnostics, only: ['quickfix'] })
  assert.deepEqual([action.title, action.diagnostics], ['Qwen: fix: expected `;`', diagnostics])
  const { edit } = await editor.request(lsp.CodeActionResolveRequest.type, action)
  assert.ok(await buffer.apply(edit))
  assert.equal(buffer.text, 'one\ntwo;\nthree\n')
  const { code, message } = await editor.refused(lsp.CodeActionResolveRequest.type, action)
  assert.deepEqual([code, message], [lsp.LSPErrorCodes.ContentModified, 'the text changed; ask again'])
}))

test('the resolving of an action is cancelled and hangs up', (t) => inAWorld(t, {}, async (editor, world) => {
  await world.post('/script', { deltas: ['```\n'], hold: true })
  const buffer = await Buffer.open(editor, editor.uri('app/src/a.rs'), CODE, 'rust')
  const action = await offered(editor, buffer, 'f()', 'Qwen: document', { only: ['refactor.rewrite'] })
  const source = new lsp.CancellationTokenSource()
  const resolved = editor.refused(lsp.CodeActionResolveRequest.type, action, source.token)
  await world.get('/wait?outcome=open')
  source.cancel()
  assert.equal((await resolved).code, lsp.LSPErrorCodes.RequestCancelled)
  await world.get('/wait?outcome=hungUp')
}))

test('a lightbulb shows no command, and a user is offered the explanation', (t) => inAWorld(t, {}, async (editor) => {
  const buffer = await Buffer.open(editor, editor.uri('app/src/a.rs'), CODE, 'rust')
  await offered(editor, buffer, 'f()', 'Qwen: simplify', { triggerKind: lsp.CodeActionTriggerKind.Automatic })
  const automatic = await list(editor, buffer, 'f()', { triggerKind: lsp.CodeActionTriggerKind.Automatic })
  assert.ok(automatic.every(({ kind }) => !kind.startsWith('source')))
  const { command } = await offered(editor, buffer, 'f()', 'Qwen: explain', { only: ['qwen.explain'] })
  await editor.request(lsp.ExecuteCommandRequest.type, { command: command.command, arguments: command.arguments })
  ;(await editor.told(lsp.ShowDocumentRequest.type)).answer({ success: true })
}))

function suggest(editor, buffer, needle, context = {}, ...token) {
  const params = { textDocument: buffer.identifier, position: buffer.position(needle), context: { triggerKind: lsp.InlineCompletionTriggerKind.Invoked, ...context } }
  return editor.request(lsp.InlineCompletionRequest.type, params, ...token)
}

for (const trigger of ['Invoked', 'Automatic']) {
  test(`a suggestion is made at the cursor, ${trigger.toLowerCase()}`, (t) => inAWorld(t, { model: FIM }, async (editor, world) => {
    await world.post('/script', { deltas: ['f("密🙂")'] })
    const buffer = await Buffer.open(editor, editor.uri('app/a.rs'), 'let 密🙂 = 1; x = ;\n', 'rust')
    const at = buffer.position(';\n')
    const { items: [item] } = await suggest(editor, buffer, ';\n', { triggerKind: lsp.InlineCompletionTriggerKind[trigger] })
    assert.deepEqual([item.insertText, item.range], ['f("密🙂")', { start: at, end: at }])
    await buffer.insert(at, 'f(')
    const { items: [rest] } = await suggest(editor, buffer, ';\n', { triggerKind: lsp.InlineCompletionTriggerKind.Automatic })
    assert.equal(rest.insertText, '"密🙂")')
    assert.equal((await world.get('/requests')).length, 1)
  }))
}

test('a suggestion continues what the menu has selected, in its range', (t) => inAWorld(t, { model: FIM }, async (editor, world) => {
  await world.post('/script', { deltas: ['(1)'] })
  const buffer = await Buffer.open(editor, editor.uri('app/a.rs'), 'x.le;\n', 'rust')
  const selectedCompletionInfo = { range: buffer.range('le'), text: 'length' }
  const { items } = await suggest(editor, buffer, ';', { selectedCompletionInfo })
  assert.deepEqual(items.map(({ insertText, range }) => ({ insertText, range })), [{ insertText: 'length(1)', range: buffer.range('le') }])
}))

test('a suggestion that is cancelled hangs up on the model', async (t) => {
  const world = await World.make(t)
  const silent = createServer()
  t.after(() => silent.closeAllConnections() ?? silent.close())
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  world.write('app/.qwen/.env', `OPENAI_API_KEY=${KEY}\nOPENAI_BASE_URL=http://127.0.0.1:${silent.address().port}/v1\nOPENAI_MODEL=${FIM}\n`, 0o600)
  await Editor.use(world, {}, async (editor) => {
    const buffer = await Buffer.open(editor, editor.uri('app/a.rs'), 'x = ;\n', 'rust')
    const source = new lsp.CancellationTokenSource()
    const asked = once(silent, 'request')
    const suggested = suggest(editor, buffer, ';', {}, source.token).catch((error) => error)
    const [{ socket }] = await asked
    const hungUp = once(socket, 'close')
    source.cancel()
    assert.equal((await suggested).code, lsp.LSPErrorCodes.RequestCancelled)
    await hungUp
  })
})

test('the menu has suggestions only where the user wants them there', async (t) => {
  for (const [inMenu, labels] of [[false, []], [true, ['length()']]]) {
    await inAWorld(t, { model: FIM, qwen: { inlineCompletion: { inMenu } } }, async (editor, world) => {
      await world.post('/script', { deltas: ['gth()'] })
      const buffer = await Buffer.open(editor, editor.uri('app/a.rs'), '密🙂.len;\n', 'rust')
      const list = await editor.request(lsp.CompletionRequest.type, { textDocument: buffer.identifier, position: buffer.position(';') })
      assert.deepEqual((list?.items ?? []).map(({ label }) => label), labels)
      if (inMenu) assert.deepEqual(list.items[0].textEdit, { range: buffer.range('len'), newText: 'length()' })
    })
  }
})
