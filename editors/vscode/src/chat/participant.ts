/** `@qwen` in VS Code's own Chat view. */
import * as vscode from 'vscode'
import { commandOf, failureOf } from '../errors'
import type { ChatParams, Message } from '../protocol'
import type { Qwen } from '../qwen'
import { VENDOR } from './provider'

const { t } = vscode.l10n
const ID = 'qwenls.qwen'

/** What a slash command asks of the model, in words that it knows best. */
const ORDERS: Record<string, string> = {
  explain: 'Explain the attached code to a colleague who has not seen it.',
  fix: 'Find the mistake in the attached code and give the corrected code in one block.',
  tests: 'Write tests for the attached code, in the test framework that it uses.',
}

export function registerParticipant(qwen: Qwen, icon: vscode.Uri): vscode.Disposable {
  const participant = vscode.chat.createChatParticipant(ID, async (request, context, stream, token) => {
    try {
      const params: ChatParams = {
        ...qwen.roots.current,
        messages: [...pastOf(context), { role: 'user', content: promptOf(request) }],
        ...contextOf(request),
        ...(request.model.vendor === VENDOR ? { model: request.model.id } : {}),
      }
      let thought = false
      const result = await qwen.chat(params, ({ content, reasoning }) => {
        if (content !== undefined && content !== '') stream.markdown(content)
        else if (reasoning !== undefined && !thought) {
          thought = true
          stream.progress(t('Thinking…'))
        }
      }, token)
      if (result.model !== result.requestedModel) stream.markdown(`\n\n*${t('{0} answered in place of {1}.', result.model, result.requestedModel)}*`)
      return { metadata: { model: result.model } }
    } catch (error) {
      const failure = failureOf(error)
      if (failure.cancelled) return {}
      const action = commandOf(failure.data)
      if (action) stream.button({ title: action.title, command: action.command, arguments: action.arguments })
      return { errorDetails: { message: failure.message } }
    }
  })
  participant.iconPath = icon
  return participant
}

function promptOf({ command, prompt }: vscode.ChatRequest): string {
  const order = command === undefined ? undefined : ORDERS[command]
  return order === undefined ? prompt : `${order} ${prompt}`.trim()
}

/** Files and selections that the user attached, by their places: the server reads them as the editor has them. */
function contextOf({ references }: vscode.ChatRequest): Pick<ChatParams, 'context'> {
  const context = references.flatMap(({ value }): NonNullable<ChatParams['context']> => {
    if (value instanceof vscode.Uri) return [{ uri: value.toString() }]
    if (value instanceof vscode.Location) {
      const { start, end } = value.range
      return [{ uri: value.uri.toString(), range: { start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character } } }]
    }
    return []
  })
  return context.length > 0 ? { context } : {}
}

function pastOf({ history }: vscode.ChatContext): Message[] {
  return history.flatMap((turn): Message[] => {
    if (turn instanceof vscode.ChatRequestTurn) return [{ role: 'user', content: turn.prompt }]
    const said = turn.response.map((part) => (part instanceof vscode.ChatResponseMarkdownPart ? part.value.value : '')).join('')
    return said === '' ? [] : [{ role: 'assistant', content: said }]
  })
}
