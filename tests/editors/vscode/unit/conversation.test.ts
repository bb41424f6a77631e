import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append, ask, finish, labelOf, newConversation, requestOf, takeBack, titleOf } from '../../../../editors/vscode/src/chat/conversation'
import { History, type Store } from '../../../../editors/vscode/src/chat/history'
import type { ChatResult } from '../../../../editors/vscode/src/protocol'

const result = (content: string, more: Partial<ChatResult> = {}): ChatResult => ({
  root: 'file:///w', method: 'openai', provider: 'OpenAI', model: 'm', requestedModel: 'm', finishReason: 'stop', message: { role: 'assistant', content }, ...more,
})
const range = { start: { line: 2, character: 0 }, end: { line: 5, character: 0 } }

test('the deltas make the answer, and the result has the last word', () => {
  const turn = ask(newConversation('1', 0), 'q', [], 0)
  append(turn, { content: 'Hel' })
  append(turn, { content: 'lo', reasoning: 'hm' })
  assert.deepEqual([turn.answer, turn.reasoning, turn.outcome], ['Hello', 'hm', 'running'])
  finish(turn, result('Hello.'))
  assert.deepEqual([turn.answer, turn.outcome, turn.model], ['Hello.', 'done', 'm'])
})

test('a fallback to another model is noted', () => {
  const turn = ask(newConversation('1', 0), 'q', [], 0)
  finish(turn, result('a', { model: 'small', requestedModel: 'big' }))
  assert.deepEqual([turn.model, turn.requestedModel], ['small', 'big'])
})

test('a request tells all that was said; a stopped answer counts as far as it came', () => {
  const conversation = newConversation('1', 0)
  finish(ask(conversation, 'one', [], 0), result('first'))
  const stopped = ask(conversation, 'two', [], 0)
  append(stopped, { content: 'half' })
  stopped.outcome = 'stopped'
  const failed = ask(conversation, 'three', [], 0)
  failed.outcome = 'failed'
  ask(conversation, 'four', [], 0)
  assert.deepEqual(requestOf(conversation).messages, [
    { role: 'user', content: 'one' }, { role: 'assistant', content: 'first' },
    { role: 'user', content: 'two' }, { role: 'assistant', content: 'half' },
    { role: 'user', content: 'three' }, { role: 'user', content: 'four' },
  ])
})

test('attachments of all turns go along, each once, as places and not as text', () => {
  const conversation = newConversation('1', 0)
  const file = { uri: 'file:///w/a.ts', label: 'a.ts' }
  finish(ask(conversation, 'one', [file, { ...file, range, label: 'a.ts:3-5' }], 0), result('x'))
  ask(conversation, 'two', [file], 0)
  assert.deepEqual(requestOf(conversation).context, [{ uri: 'file:///w/a.ts' }, { uri: 'file:///w/a.ts', range }])
})

test('nothing attached and no model chosen leave no empty members', () => {
  const conversation = newConversation('1', 0)
  ask(conversation, 'q', [], 0)
  assert.deepEqual(Object.keys(requestOf(conversation)), ['messages'])
  conversation.model = 'm'
  assert.equal(requestOf(conversation).model, 'm')
})

test('asking again takes the last turn back', () => {
  const conversation = newConversation('1', 0)
  finish(ask(conversation, 'q', [], 0), result('a'))
  assert.equal(takeBack(conversation)?.question, 'q')
  assert.equal(conversation.turns.length, 0)
})

test('a title is the first line, cut between characters', () => {
  assert.equal(titleOf('  one\ntwo'), 'one')
  assert.equal([...titleOf('😀'.repeat(80))].length, 60)
  assert.doesNotMatch(titleOf('😀'.repeat(80)), /[\ud800-\udbff](?![\udc00-\udfff])/)
})

test('a label counts lines from one, and a line of which nothing is selected does not count', () => {
  assert.equal(labelOf('a.ts'), 'a.ts')
  assert.equal(labelOf('a.ts', range), 'a.ts:3-5')
  assert.equal(labelOf('a.ts', { start: { line: 2, character: 1 }, end: { line: 2, character: 4 } }), 'a.ts:3')
})

function memory(): Store & { values: Map<string, unknown> } {
  const values = new Map<string, unknown>()
  return {
    values,
    get: <T>(key: string) => values.get(key) as T | undefined,
    update: async (key, value) => void values.set(key, value),
  }
}

test('each root has its own history, newest first', async () => {
  const history = new History(memory())
  for (const [root, id, time] of [['a', '1', 1], ['a', '2', 2], ['b', '3', 3]] as const) {
    const conversation = newConversation(id, time)
    ask(conversation, id, [], time)
    await history.save(root, conversation)
  }
  assert.deepEqual(history.list('a').map(({ id }) => id), ['2', '1'])
  assert.deepEqual(history.list('b').map(({ id }) => id), ['3'])
  await history.remove('a', '2')
  assert.deepEqual(history.list('a').map(({ id }) => id), ['1'])
})

test('an answer that was cut off by a closed window is stored as stopped, not as running for ever', async () => {
  const history = new History(memory())
  const conversation = newConversation('1', 1)
  const turn = ask(conversation, 'q', [], 1)
  await history.save('a', conversation)
  assert.equal(history.list('a')[0]?.turns[0]?.outcome, 'stopped')
  assert.equal(turn.outcome, 'running')
})

test('an empty conversation is not kept, and fifty are the most', async () => {
  const history = new History(memory())
  await history.save('a', newConversation('0', 0))
  assert.deepEqual(history.list('a'), [])
  for (let at = 1; at <= 60; at += 1) {
    const conversation = newConversation(String(at), at)
    ask(conversation, 'q', [], at)
    await history.save('a', conversation)
  }
  assert.equal(history.list('a').length, 50)
  assert.equal(history.list('a')[49]?.id, '11')
})
