import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newConversation } from '../../../../editors/vscode/src/chat/conversation'
import { pageOf } from '../../../../editors/vscode/src/chat/html'
import { propose } from '../../../../editors/vscode/src/chat/proposal'
import { type Known, viewState } from '../../../../editors/vscode/src/chat/state'
import { viewWords } from '../../../../editors/vscode/src/chat/words'
import { commandOf, failureOf } from '../../../../editors/vscode/src/errors'
import type { AuthStatus } from '../../../../editors/vscode/src/protocol'
import { renderer } from '../../../../editors/vscode/src/webview/markdown'
import { t } from './t'

const render = renderer(viewWords(t))

test('what the model writes never becomes markup of its own', () => {
  for (const evil of ['<script>x()</script>', '<img src=x onerror=y>', '<b onclick=z>', '```html\n<script>x()</script>\n```', '```"><img src=x>\ny\n```']) {
    assert.doesNotMatch(render(evil), /<(script|img|b\b)/, evil)
  }
})

test('a link that runs something is left as text, and a picture is not fetched', () => {
  for (const evil of ['[x](javascript:alert(1))', '[x](vbscript:y)', '[x](data:text/html,y)']) assert.doesNotMatch(render(evil), /href/, evil)
  assert.doesNotMatch(render('![x](https://spy.example/p.png)'), /<img/)
})

test('code is highlighted in a language that is known, with its three buttons', () => {
  const html = render('```js\nconst a = 1\n```')
  assert.match(html, /hljs-keyword/)
  assert.deepEqual([...html.matchAll(/data-act="(\w+)"/g)].map(([, act]) => act), ['copy', 'insert', 'apply'])
  assert.match(render('```nolanguage\n<a>\n```'), /&lt;a&gt;/)
})

test('half a code block, as it streams in, is a code block already', () => {
  assert.match(render('text\n```js\nconst a'), /<pre/)
})

test('the page allows no script but its own, and no connection at all', () => {
  const html = pageOf({ source: 'https://w.example', nonce: 'abc', script: 's.js', style: 's.css', language: 'en', title: 'x', words: { a: '"><script>' } })
  const policy = /content="([^"]*default-src[^"]*)"/.exec(html)?.[1]?.replace(/&#39;/g, "'")
  assert.equal(policy, "default-src 'none'; script-src 'nonce-abc'; style-src https://w.example; font-src https://w.example")
  assert.equal(html.match(/<script/g)?.length, 1)
})

const known = (more: Partial<Known>): Known => ({
  server: 'running', status: undefined, device: undefined, models: [], roots: [], conversation: newConversation('1', 0), attachments: [], busy: false, ...more,
})
const status: AuthStatus = { root: 'file:///w', state: 'signedIn', model: 'm', key: 'sk-…9f3c', provider: { id: 'openai', name: 'OpenAI' }, origins: {}, ignored: [], problems: [] }

test('the view says what to do in every state in which it cannot chat', () => {
  const commands = (more: Partial<Known>) => viewState(known(more), t).notice?.actions.map(({ command }) => command)
  assert.deepEqual(commands({ server: 'missing' }), ['qwenls.setPath', 'qwenls.restart'])
  assert.deepEqual(commands({ server: 'stopped' }), ['qwenls.restart', 'qwenls.showLog'])
  assert.deepEqual(commands({ status: { ...status, state: 'signedOut' } }), ['qwenls.signIn', 'qwenls.setKey'])
  assert.deepEqual(commands({ status: { ...status, state: 'refused' } }), ['qwenls.trustEndpoint', 'qwenls.setKey'])
  assert.equal(commands({ status }), undefined)
})

test('the view shows who answers, and a chosen model that the list lacks', () => {
  const state = viewState(known({ status, models: [{ id: 'a', current: false }] }), t)
  assert.deepEqual([state.ready, state.account, state.model, state.models.map(({ id }) => id)], [true, 'OpenAI · sk-…9f3c', 'm', ['m', 'a']])
})

test('a block replaces what it is for, with the indentation and the line endings of the file', () => {
  const text = 'class A {\r\n  old() {\r\n  }\r\n}\r\n'
  const [start, end] = [text.indexOf('  old'), text.lastIndexOf('}')]
  assert.equal(propose({ text, start, end }, 'fresh() {\n  return 1\n}'), 'class A {\r\n  fresh() {\r\n    return 1\r\n  }\r\n}\r\n')
})

test('a selection within a line stays within its line, and an empty one inserts', () => {
  assert.equal(propose({ text: 'a + b', start: 0, end: 1 }, 'sum(a)\n'), 'sum(a) + b')
  assert.equal(propose({ text: 'ab', start: 1, end: 1 }, 'X'), 'aXb')
})

test('a whole file keeps its last line break', () => {
  assert.equal(propose({ text: 'a\n', start: 0, end: 2 }, 'b'), 'b\n')
})

test("an error's button runs our own command where the server's would ask by plain messages", () => {
  const failure = failureOf({ message: 'no', code: -32803, data: { kind: 'notSignedIn', command: { title: 'Sign in', command: 'qwen.signIn', arguments: [1] } } })
  assert.deepEqual(commandOf(failure.data), { title: 'Sign in', command: 'qwenls.signIn', arguments: [] })
  assert.equal(failureOf({ message: 'x', code: -32800 }).cancelled, true)
  assert.equal(failureOf({ message: 'x', data: 'odd' }).data, undefined)
  assert.equal(failureOf('plain').message, 'plain')
})
