// Commands, the sign-in and accounts, through vscode-languageserver-protocol.
import assert from 'node:assert/strict'
import test from 'node:test'
import { World } from '../../editors/world.mjs'
import { Editor, KEY, OTHER_KEY } from './editor.mjs'
import * as editors from './editors.mjs'
import { lsp } from './protocol.mjs'

const { InvalidParams, MethodNotFound } = lsp.ErrorCodes

async function choose(editor, title) {
  const question = await editor.told(lsp.ShowMessageRequest.type)
  question.answer(question.params.actions.find((action) => action.title === title))
}

for (const [name, capabilities] of Object.entries(editors.all)) {
  test(`every command is useful without an argument and with one, in ${name}`, async (t) => {
    const world = await World.make(t)
    world.root('app', KEY)
    await Editor.use(world, { capabilities }, async (editor) => {
      const root = editor.uri('app')
      for (const argument of [[], [{ root }], [root], [null]]) {
        assert.equal((await editor.command('qwen.status', ...argument)).state, 'signedIn')
        assert.match(await editor.message(), /^app: /)
      }
      assert.equal(await editor.command('qwen.setModel'), null)
      await choose(editor, 'qwen3-max')
      assert.match(await editor.message(), /`qwen3-max` is asked from now on/)
      await editor.command('qwen.setModel', { root, model: 'other' })
      assert.match(await editor.message(), /`other` is asked from now on/)
      await editor.command('qwen.switchAuth')
      await choose(editor, 'API key')
      assert.match(await editor.message(), /switched to API key/)
      await editor.command('qwen.switchAuth', 'openai')
      assert.match(await editor.message(), /switched to API key/)
      for (const argument of [[], [{ enable: true }]]) {
        await editor.command('qwen.toggleInlineCompletion', ...argument)
        await editor.message()
      }
      for (const command of ['qwen.trustEndpoint', 'qwen.chatSend']) {
        await editor.command(command)
        assert.match(await editor.message(), /no endpoint waits|no conversation is open/)
      }
      await editor.command('qwen.signOut')
      await editor.message()
    })
  })
}

test('a wrong argument is an error for every command that is listed', async (t) => {
  const world = await World.make(t)
  world.root('app', KEY)
  await Editor.use(world, {}, async (editor) => {
    const { commands } = editor.initialized.capabilities.executeCommandProvider
    assert.ok(commands.length >= 12)
    for (const command of [...commands, 'qwen.unknown']) {
      for (const args of [[1], [{ nonsense: 1 }], [{}, {}], [{ root: 1 }]]) {
        const { code } = await editor.refused(lsp.ExecuteCommandRequest.type, { command, arguments: args })
        assert.equal(code, InvalidParams, command)
      }
    }
  })
})

for (const [name, capabilities] of Object.entries(editors.all)) {
  test(`the editor opens the page of a sign-in under progress of the server's, in ${name}`, async (t) => {
    const world = await World.make(t)
    await Editor.use(world, { capabilities, folders: ['.'] }, async (editor) => {
      assert.equal(await editor.command('qwen.signIn'), null)
      const question = await editor.told(lsp.ShowDocumentRequest.type)
      assert.match(question.params.uri, /user_code=WDJB-MJHT&client=qwen-code&state=a%2Bb%3D%26c$/)
      question.answer({ success: true })
      await world.post('/approve')
      assert.match(await editor.message(), /signed in to Qwen/)
      assert.equal(editor.created.length, 1)
      assert.ok(editor.progress.get(editor.created[0]).some(({ message }) => message?.includes('WDJB-MJHT')))
      assert.equal((await editor.request('qwen/auth', { action: 'status' })).method, 'qwen-oauth')
    })
  })
}

test('where the editor opens nothing a message has the page, and its button ends the sign-in', async (t) => {
  const world = await World.make(t)
  const notifications = ['qwen/deviceAuthorization']
  await Editor.use(world, { folders: ['.'], qwen: { notifications } }, async (editor) => {
    const signIn = editor.refused('qwen/auth', { action: 'signIn', workDoneToken: 'mine' })
    const { userCode, verificationUri } = await editor.told('qwen/deviceAuthorization')
    ;(await editor.told(lsp.ShowDocumentRequest.type)).refuse(MethodNotFound)
    const question = await editor.told(lsp.ShowMessageRequest.type)
    assert.ok(question.params.message.includes(userCode) && question.params.message.includes(verificationUri))
    question.answer({ title: 'Cancel' })
    assert.equal((await signIn).code, lsp.LSPErrorCodes.RequestCancelled)
    await editor.progressed('mine', ({ kind }) => kind === 'end')
  })
})

for (const way of ['request', 'progress']) {
  test(`a sign-in that is cancelled by its ${way} takes its question back`, async (t) => {
    const world = await World.make(t)
    await Editor.use(world, { folders: ['.'] }, async (editor) => {
      const source = new lsp.CancellationTokenSource()
      const signIn = editor.refused('qwen/auth', { action: 'signIn', workDoneToken: 7 }, source.token)
      const { token } = await editor.told(lsp.ShowDocumentRequest.type)
      const takenBack = new Promise((done) => token.onCancellationRequested(done))
      if (way === 'request') source.cancel()
      else await editor.notify(lsp.WorkDoneProgressCancelNotification.type, { token: 7 })
      assert.equal((await signIn).code, lsp.LSPErrorCodes.RequestCancelled)
      await takenBack
    })
  })
}

test('two folders ask with two keys, and a folder comes and goes', async (t) => {
  const world = await World.make(t)
  world.root('one', KEY)
  world.root('two', OTHER_KEY)
  await Editor.use(world, { folders: ['one'] }, async (editor) => {
    const [one, two] = ['one', 'two'].map((name) => ({ uri: editor.uri(name), name }))
    const change = (event) => editor.notify(lsp.DidChangeWorkspaceFoldersNotification.type, { event })
    await change({ added: [two], removed: [] })
    for (const [{ uri }, key] of [[one, 'sk-…cdef'], [two, 'sk-…dcba']]) {
      assert.equal((await editor.request('qwen/auth', { action: 'status', root: uri })).key, key)
      const chat = { textDocument: { uri: `${uri}/a.rs` }, messages: [{ role: 'user', content: 'hi' }] }
      assert.ok((await editor.request('qwen/chat', chat)).message.content.includes(key))
    }
    assert.equal((await editor.refused('qwen/models', {})).code, InvalidParams)
    await change({ added: [], removed: [one] })
    assert.equal((await editor.request('qwen/auth', { action: 'status' })).root, two.uri)
  })
})

test('a key is set, used, switched to and forgotten', async (t) => {
  const world = await World.make(t)
  await Editor.use(world, { folders: ['.'], qwen: { notifications: ['qwen/authStatusChanged'] } }, async (editor) => {
    const key = { action: 'setKey', apiKey: KEY, baseUrl: `${world.url}/v1`, model: 'm', store: 'memory' }
    const set = await editor.request('qwen/auth', key)
    assert.deepEqual(await editor.told('qwen/authStatusChanged'), set)
    const { models } = await editor.request('qwen/models', {})
    assert.deepEqual(models.filter(({ current }) => current).map(({ id }) => id), ['m'])
    assert.equal((await editor.request('qwen/auth', { action: 'switch', method: 'openai' })).state, 'signedIn')
    await editor.told('qwen/authStatusChanged')
    assert.equal((await editor.request('qwen/auth', { action: 'signOut' })).state, 'signedOut')
    await editor.told('qwen/authStatusChanged')
  })
})
