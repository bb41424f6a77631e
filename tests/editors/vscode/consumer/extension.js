// Uses Qwen's models as any other extension would, and says in messages what it got.
const { rmSync } = require('node:fs')
const { join } = require('node:path')
const vscode = require('vscode')

const tool = { name: 'add', description: 'Adds', inputSchema: { type: 'object', properties: { a: { type: 'number' } } } }

async function say(run) {
  try {
    void vscode.window.showInformationMessage(await run())
  } catch (error) {
    void vscode.window.showErrorMessage(`consumer: ${error.name} ${error.code} ${error.message}`)
  }
}

/** VS Code asks a provider for its models anew when they change, which takes a moment. */
async function modelNamed(id) {
  for (;;) {
    const changed = new Promise((resolve) => {
      const listener = vscode.lm.onDidChangeChatModels(() => resolve(listener.dispose()))
    })
    const model = (await vscode.lm.selectChatModels({ vendor: 'qwen' })).find((each) => each.id === id)
    if (model) return model
    await changed
  }
}

exports.activate = ({ subscriptions }) => {
  const user = vscode.LanguageModelChatMessage.User
  const assistant = vscode.LanguageModelChatMessage.Assistant
  subscriptions.push(
    vscode.commands.registerCommand('consumer.ask', () => say(async () => {
      const model = await modelNamed('qwen3-max')
      const response = await model.sendRequest([user('What is it?')])
      let text = ''
      let parts = 0
      for await (const part of response.text) {
        text += part
        parts += 1
      }
      return `got ${text} in ${parts} parts; ${await model.countTokens('some words')} tokens`
    })),
    vscode.commands.registerCommand('consumer.tool', () => say(async () => {
      const model = await modelNamed('alpha-model')
      const asked = user('Add')
      const first = await model.sendRequest([asked], { tools: [tool] })
      const calls = []
      for await (const part of first.stream) if (part instanceof vscode.LanguageModelToolCallPart) calls.push(part)
      const result = user([new vscode.LanguageModelToolResultPart(calls[0].callId, [new vscode.LanguageModelTextPart('three')])])
      const second = await model.sendRequest([asked, assistant(calls), result], { tools: [tool] })
      let text = ''
      for await (const part of second.text) text += part
      return `called ${calls[0].name} with ${JSON.stringify(calls[0].input)}, then ${text}`
    })),
    vscode.commands.registerCommand('consumer.stop', () => say(async () => {
      const stop = new vscode.CancellationTokenSource()
      const response = await (await modelNamed('alpha-model')).sendRequest([user('Long')], {}, stop.token)
      for await (const part of response.text) {
        stop.cancel()
        return `stopped after ${part}`
      }
      return 'nothing came'
    })),
    // For the next test in the same window. The file that asked for it is gone when it is done.
    vscode.commands.registerCommand('consumer.putAway', async () => {
      for (const document of vscode.workspace.textDocuments.filter(({ isDirty }) => isDirty)) {
        await vscode.window.showTextDocument(document)
        await vscode.commands.executeCommand('workbench.action.files.revert')
      }
      const commands = ['workbench.action.closeAllEditors', 'qwenls.newChat', 'workbench.view.explorer']
      if (!vscode.workspace.getConfiguration('chat').get('disableAIFeatures')) commands.push('workbench.action.chat.newChat')
      for (const command of [...commands, 'notifications.clearAll']) await vscode.commands.executeCommand(command)
      rmSync(join(process.env.HOME, 'put-away'))
    }),
    // The server's own command, as a code action runs it.
    vscode.commands.registerCommand('consumer.signIn', () => say(() => vscode.commands.executeCommand('qwen.signIn'))),
  )
}
