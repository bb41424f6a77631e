// Environment files and the synchronization of documents, through vscode-languageserver-protocol.
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import test from 'node:test'
import { World, until } from '../../editors/world.mjs'
import { Buffer } from './buffer.mjs'
import { Editor, KEY } from './editor.mjs'
import * as editors from './editors.mjs'
import { lsp } from './protocol.mjs'

const { diagnostic, ...without } = editors.vscode.textDocument
const pushed = { ...editors.vscode, textDocument: without }
const ways = { ...editors.all, 'a client that does not pull': pushed }

/** A root in a repository, with a key in a file that git does not ignore. */
async function inARepository(t, options, act) {
  const world = await World.make(t)
  world.write('app/.git/HEAD', '')
  world.write('app/.env', `OPENAI_API_KEY=${KEY}\n`, options.mode ?? 0o600)
  await Editor.use(world, options, (editor) => act(editor, world))
}

const openEnv = (editor, text) => Buffer.open(editor, editor.uri('app/.env'), text, 'dotenv')

/** The codes of what is wrong with this version, by the way that the client has. */
async function problems(editor, buffer, capabilities) {
  if (capabilities.textDocument.diagnostic) {
    const { items } = await editor.request(lsp.DocumentDiagnosticRequest.type, { textDocument: buffer.identifier, identifier: 'qwen' })
    return items
  }
  for (;;) {
    const { uri, version, diagnostics } = await editor.told(lsp.PublishDiagnosticsNotification.type)
    assert.equal(uri, buffer.uri)
    if (version === buffer.document.version) return diagnostics
  }
}

for (const [name, capabilities] of Object.entries(ways)) {
  test(`problems are told while the user types and gone with the file, in ${name}`, (t) => inARepository(t, { capabilities }, async (editor) => {
    const codes = async () => (await problems(editor, buffer, capabilities)).map(({ code }) => code)
    const buffer = await openEnv(editor, `OPENAI_API_KEY=${KEY}\n密🙂 no line\nOPENAI_BASE_URL="x.example"\n`)
    const [, malformed] = await problems(editor, buffer, capabilities)
    assert.deepEqual([malformed.code, malformed.range], ['malformedLine', buffer.range('密🙂 no line')])
    await buffer.replace('密🙂 no line\n', '')
    assert.deepEqual(await codes(), ['notIgnored', 'badUrl'])
    await buffer.replace('x.example', 'https://x.example/v1')
    assert.deepEqual(await codes(), ['notIgnored'])
    await editor.notify(lsp.DidCloseTextDocumentNotification.type, { textDocument: buffer.identifier })
    if (capabilities.textDocument.diagnostic) assert.deepEqual(await codes(), [])
    else assert.deepEqual(await editor.told(lsp.PublishDiagnosticsNotification.type), { uri: buffer.uri, diagnostics: [] })
  }))

  test(`a file has a hover, completions and a lens or a hint, in ${name}`, (t) => inARepository(t, { capabilities }, async (editor) => {
    const buffer = await openEnv(editor, `# 密🙂\nOPENAI_API_KEY=${KEY}\nOPENAI_MODEL=\n`)
    await problems(editor, buffer, capabilities)
    const at = (position) => ({ textDocument: buffer.identifier, position })
    const { contents } = await editor.request(lsp.HoverRequest.type, at(buffer.position(KEY)))
    assert.ok(contents.value.includes('`sk-…cdef`'))
    for (const [line, character, expected] of [[2, 13, 'qwen3-coder-plus'], [3, 0, 'OPENAI_BASE_URL=']]) {
      const [{ textEdit }] = await editor.request(lsp.CompletionRequest.type, at({ line, character }))
      assert.equal(textEdit.newText, expected)
    }
    const range = { start: { line: 0, character: 0 }, end: buffer.end() }
    const said = capabilities.textDocument.codeLens
      ? (await editor.request(lsp.CodeLensRequest.type, { textDocument: buffer.identifier }))[0].command.title
      : (await editor.request(lsp.InlayHintRequest.type, { textDocument: buffer.identifier, range }))[0].label
    assert.match(said, /^Used by app/)
  }))
}

test('a file that others and git can see is made safe by its actions', (t) => inARepository(t, { mode: 0o644 }, async (editor, world) => {
  const buffer = await openEnv(editor, `OPENAI_API_KEY=${KEY}\n`)
  const list = async () => {
    const params = { textDocument: buffer.identifier, range: buffer.range('OPENAI_API_KEY'), context: { diagnostics: [] } }
    return new Map((await editor.request(lsp.CodeActionRequest.type, params)).map((action) => [action.title, action]))
  }
  const { command } = (await list()).get('Make this file private (chmod 600)')
  assert.equal(await editor.command(command.command, ...command.arguments), null)
  assert.match(await editor.message(), /is private now/)
  assert.equal(statSync(world.path('app/.env')).mode & 0o777, 0o600)
  await until(() => editor.refreshes > 0, 'a refresh of the diagnostics')
  const [create, edit] = (await list()).get('Add this file to .gitignore').edit.documentChanges
  assert.ok(lsp.CreateFile.is(create) && lsp.TextDocumentEdit.is(edit))
  // The editor does as it is told, and saves.
  world.write('app/.gitignore', edit.edits[0].newText)
  await editor.notify(lsp.DidSaveTextDocumentNotification.type, { textDocument: buffer.identifier })
  assert.deepEqual(await problems(editor, buffer, editors.vscode), [])
}))

test('a key is tested, and stays in its file where there is no keyring', async (t) => {
  const world = await World.make(t)
  world.root('app', KEY)
  await Editor.use(world, {}, async (editor) => {
    const uri = editor.uri('app/.qwen/.env')
    await Buffer.open(editor, uri, world.read('app/.qwen/.env'), 'dotenv')
    for (const argument of [[], [uri], [{ textDocument: { uri }, name: 'OPENAI_API_KEY' }]]) {
      await editor.command('qwen.env.testKey', ...argument)
      assert.match(await editor.message(), /works/)
    }
    await editor.command('qwen.env.moveKeyToKeyring')
    assert.match(await editor.message(), /keyring/)
  })
})

test('the text of an untitled document is followed through changes in parts and as a whole', async (t) => {
  const world = await World.make(t)
  world.root('app', KEY)
  await Editor.use(world, {}, async (editor) => {
    const buffer = await Buffer.open(editor, 'untitled:Untitled-1', '密🙂 one\r\ntwo\r\n', 'plaintext')
    const sent = async () => {
      await editor.request('qwen/chat', { root: editor.uri('app'), messages: [{ role: 'user', content: '?' }], context: [{ uri: buffer.uri }] })
      return (await world.get('/requests')).at(-1).said
    }
    await buffer.change([{ range: buffer.range('🙂'), newText: 'é' }, { range: { start: { line: 1, character: 0 }, end: { line: 90, character: 90 } }, newText: '🙂end' }])
    assert.ok((await sent()).includes(`\n${buffer.text}\n`))
    const textDocument = { uri: buffer.uri, version: 3 }
    await editor.notify(lsp.DidChangeTextDocumentNotification.type, { textDocument, contentChanges: [{ text: 'whole 密🙂' }] })
    assert.ok((await sent()).includes('\nwhole 密🙂\n'))
  })
})

test('notebooks are ignored without an error', async (t) => {
  const world = await World.make(t)
  world.root('app', KEY)
  await Editor.use(world, {}, async (editor) => {
    assert.equal(editor.initialized.capabilities.notebookDocumentSync, undefined)
    const uri = editor.uri('app/n.ipynb')
    const cell = { uri: `vscode-notebook-cell:${uri.slice(7)}#W0`, languageId: 'python', version: 1, text: 'print(1)\n' }
    const notebookDocument = { uri, notebookType: 'jupyter-notebook', version: 1, cells: [{ kind: lsp.NotebookCellKind.Code, document: cell.uri }] }
    await editor.notify(lsp.DidOpenNotebookDocumentNotification.type, { notebookDocument, cellTextDocuments: [cell] })
    await editor.notify(lsp.DidCloseNotebookDocumentNotification.type, { notebookDocument: { uri }, cellTextDocuments: [{ uri: cell.uri }] })
    await editor.notify(lsp.DidOpenTextDocumentNotification.type, { textDocument: cell })
    const position = { line: 0, character: 1 }
    assert.equal(await editor.request(lsp.HoverRequest.type, { textDocument: { uri: cell.uri }, position }), null)
  })
})
