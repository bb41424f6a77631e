import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../../../editors/vscode/src/chat/history'
import { ChatSession } from '../../../../editors/vscode/src/chat/session'
import type { ChatDelta, ChatResult } from '../../../../editors/vscode/src/protocol'
import type { Qwen } from '../../../../editors/vscode/src/qwen'

function store(): Store {
  const values = new Map<string, unknown>()
  return { get: <T>(key: string) => values.get(key) as T | undefined, update: async (key, value) => void values.set(key, value) }
}

test('the chat that is open, chosen among the earlier ones, goes on with its answer', async () => {
  let finish: ((result: ChatResult) => void) | undefined
  let stopped = false
  const qwen = {
    roots: { current: { root: 'file:///w' } }, status: undefined, log: { warn: assert.fail },
    chat: (_: object, onDelta: (delta: ChatDelta) => void, token: { onCancellationRequested(stop: () => void): void }) => {
      onDelta({ content: 'half' })
      token.onCancellationRequested(() => (stopped = true))
      return new Promise<ChatResult>((resolve) => (finish = resolve))
    },
  }
  const session = new ChatSession(qwen as unknown as Qwen, store())
  const asked = session.send('why?')
  await new Promise(setImmediate)
  const [listed] = session.history.list(session.root)
  session.openOld(listed?.id ?? '')
  assert.equal(stopped, false)
  finish?.({ root: 'file:///w', method: 'openai', provider: 'OpenAI', model: 'm', requestedModel: 'm', finishReason: 'stop', message: { role: 'assistant', content: 'half and half' } })
  await asked
  assert.deepEqual(session.conversation.turns.map(({ answer, outcome }) => [answer, outcome]), [['half and half', 'done']])
})
