/** Qwen's models in VS Code's model picker (Language Model Chat Provider API), for its Chat view and other extensions. */
import * as vscode from 'vscode'
import { commandOf, failureOf } from '../errors'
import type { ChatParams, Message, Tool, ToolCall } from '../protocol'
import type { Qwen } from '../qwen'

const { t } = vscode.l10n
export const VENDOR = 'qwen'

/** Where the provider does not say: what the smallest of Qwen's coder models takes. */
const CONTEXT_WINDOW = 131_072
const OUTPUT = 8_192

export class Provider implements vscode.LanguageModelChatProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeLanguageModelChatInformation = this.changed.event
  private readonly subscription: vscode.Disposable
  private account = ''

  constructor(private readonly qwen: Qwen) {
    this.subscription = qwen.onDidChange(() => {
      // Only another account can mean other models.
      const { state, baseUrl, key, model } = qwen.status ?? {}
      const account = JSON.stringify([state, baseUrl, key, model])
      if (account !== this.account) this.changed.fire()
      this.account = account
    })
  }

  async provideLanguageModelChatInformation({ silent }: { silent: boolean }, token: vscode.CancellationToken): Promise<vscode.LanguageModelChatInformation[]> {
    if (this.qwen.status?.state !== 'signedIn') {
      if (!silent) await vscode.commands.executeCommand('qwenls.menu')
      return []
    }
    const { provider, key } = this.qwen.status
    try {
      const models = await this.qwen.models(this.qwen.roots.current, token)
      return models.map(({ id, name, contextWindow = CONTEXT_WINDOW }) => ({
        id, name: name ?? id, family: 'qwen', version: '1',
        detail: provider?.name ?? 'Qwen', tooltip: [provider?.name, key].filter((each) => each !== undefined).join(' · '),
        maxInputTokens: Math.max(contextWindow - OUTPUT, OUTPUT), maxOutputTokens: OUTPUT,
        capabilities: { toolCalling: true },
        // Not in the stable types yet; without it, newer editors list the model but leave it out of the picker.
        isUserSelectable: true,
      }))
    } catch (error) {
      this.qwen.log.warn(failureOf(error).message)
      return []
    }
  }

  async provideLanguageModelChatResponse(
    model: vscode.LanguageModelChatInformation,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    options: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const tools = (options.tools ?? []).map(({ name, description, inputSchema }): Tool =>
      ({ type: 'function', function: { name, description, ...(inputSchema ? { parameters: inputSchema } : {}) } }))
    const params: ChatParams = {
      ...this.qwen.roots.current, model: model.id, messages: messages.flatMap(messagesOf),
      ...(tools.length > 0 ? { tools, toolChoice: options.toolMode === vscode.LanguageModelChatToolMode.Required ? 'required' : 'auto' } : {}),
    }
    try {
      const { message } = await this.qwen.chat(params, ({ content }) => {
        if (content !== undefined && content !== '') progress.report(new vscode.LanguageModelTextPart(content))
      }, token)
      for (const { id, function: { name, arguments: input } } of message.toolCalls ?? []) {
        progress.report(new vscode.LanguageModelToolCallPart(id, name, objectOf(input)))
      }
    } catch (error) {
      throw languageModelError(error)
    }
  }

  /** An estimate: the services do not tell their tokenizers. Too many rather than too few. */
  async provideTokenCount(_model: vscode.LanguageModelChatInformation, text: string | vscode.LanguageModelChatRequestMessage): Promise<number> {
    const all = typeof text === 'string' ? text : textOf(text.content)
    return Math.ceil(Buffer.byteLength(all) / 3)
  }

  dispose(): void {
    this.subscription.dispose()
    this.changed.dispose()
  }
}

/** One of VS Code's messages: its tool results become messages of their own, as the API wants them. */
function messagesOf(message: vscode.LanguageModelChatRequestMessage): Message[] {
  const results = message.content.filter((part) => part instanceof vscode.LanguageModelToolResultPart)
  const calls = message.content.filter((part) => part instanceof vscode.LanguageModelToolCallPart)
  const content = textOf(message.content)
  const role = message.role === vscode.LanguageModelChatMessageRole.Assistant ? 'assistant' : 'user'
  const toolCalls = calls.map(({ callId, name, input }): ToolCall => ({ id: callId, type: 'function', function: { name, arguments: JSON.stringify(input) } }))
  const own: Message[] = content === '' && toolCalls.length === 0 ? [] : [{ role, content, ...(toolCalls.length > 0 ? { toolCalls } : {}) }]
  return [...results.map(({ callId, content: said }): Message => ({ role: 'tool', toolCallId: callId, content: textOf(said) })), ...own]
}

function textOf(parts: readonly unknown[]): string {
  return parts.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('')
}

function objectOf(input: string): object {
  try {
    const value: unknown = JSON.parse(input)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** VS Code words these by their kind; the message stays the server's. */
function languageModelError(error: unknown): Error {
  const failure = failureOf(error)
  if (failure.cancelled) return new vscode.CancellationError()
  switch (failure.data?.kind) {
    case 'notSignedIn': case 'invalidKey': case 'forbidden': case 'endpointNotTrusted': case 'sessionExpired':
      return vscode.LanguageModelError.NoPermissions(failure.message)
    case 'rateLimited': case 'quotaExhausted': return vscode.LanguageModelError.Blocked(failure.message)
    case 'modelNotFound': return vscode.LanguageModelError.NotFound(failure.message)
    default: {
      const hint = commandOf(failure.data)?.title
      return new Error(hint === undefined ? failure.message : t('{0} ({1})', failure.message, hint))
    }
  }
}
