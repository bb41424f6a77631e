import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FileStore } from '../../../../editors/vscode/src/chat/store'
import { withoutParams } from '../../../../editors/vscode/src/server/trace'

test('a trace tells which message passed, and never the key in it', () => {
  const text = "Sending request 'qwen/auth - (3)'.\nParams: {\n  \"apiKey\": \"sk-canary\"\n}"
  assert.equal(withoutParams(text), "Sending request 'qwen/auth - (3)'.")
  assert.equal(withoutParams('{"isLSPMessage":true,"message":{"params":{"apiKey":"sk-canary"}}}'), '')
})

test('conversations are kept in a file that nobody else can read, and are there at the next start', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'qwen-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'deep', 'chats.json')
  const store = new FileStore(path)
  await Promise.all([store.update('a', 1), store.update('b', [2]), store.update('a', 3)])
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { a: 3, b: [2] })
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(new FileStore(path).get('a'), 3)
  chmodSync(path, 0o644)
  new FileStore(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('a history that cannot be read begins anew instead of stopping the extension', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'qwen-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'chats.json')
  writeFileSync(path, '{"a": [1')
  assert.equal(new FileStore(path).get('a'), undefined)
})
