import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Qwen } from '../../../../editors/vscode/src/qwen'
import { CloseAction, type LanguageClient, State, clients } from './stub/languageclient'
import { env, said } from './stub/vscode'

const log = { info: () => undefined, warn: () => undefined, error: () => undefined, show: () => undefined }

/** The extension's side of a server that has just been started. */
function started(): { qwen: Qwen; client: LanguageClient } {
  const qwen = new Qwen({ extensionPath: '/nowhere' } as never, log as never)
  void qwen.start()
  const client = clients.at(-1)
  assert.ok(client)
  said.length = 0
  return { qwen, client }
}

test('the end of a server that was given up is no crash, and starts no other', () => {
  const { qwen, client } = started()
  void qwen.stop()
  assert.equal(client.closed(), CloseAction.DoNotRestart)
  assert.deepEqual(said, [])
})

test('a server that ends by itself is started again once', () => {
  const { client } = started()
  client.become(State.Running)
  assert.deepEqual([client.closed(), client.closed()], [CloseAction.Restart, CloseAction.DoNotRestart])
  assert.deepEqual(said.map((text) => text.split('. ')[1]), ['It was started again.', 'It was not restarted.'])
})

test('an external page is answered for at once, whatever the user says to it, and its address is not touched', async () => {
  const { client } = started()
  const opened: string[] = []
  env.openExternal = (address) => {
    opened.push(address)
    return new Promise(() => undefined)
  }
  const uri = 'https://signin.qwen.invalid/authorize?state=a%2Bb%3D%26c'
  assert.deepEqual(await client.showDocument({ uri, external: true }), { success: true })
  assert.deepEqual(opened, [uri])
})
