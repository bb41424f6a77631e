/** The chat view's edge: the webview, and what its messages do. */
import { randomBytes } from 'node:crypto'
import * as vscode from 'vscode'
import { failureOf } from '../errors'
import type { Model } from '../protocol'
import type { Qwen } from '../qwen'
import type { Proposals } from './apply'
import { type Attachment, labelOf } from './conversation'
import { pageOf } from './html'
import type { ChatSession } from './session'
import { viewState } from './state'
import type { FromView, ToView } from './wire'
import { viewWords } from './words'

const { t } = vscode.l10n

/** What a click in the view may run. */
const COMMANDS = new Set([
  'qwenls.signIn', 'qwenls.setKey', 'qwenls.trustEndpoint', 'qwenls.switchMethod', 'qwenls.selectModel', 'qwenls.showStatus', 'qwenls.menu',
  'qwenls.restart', 'qwenls.showLog', 'qwenls.setPath', 'qwenls.signIn.open', 'qwenls.signIn.copyCode', 'qwenls.signIn.cancel',
])

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  static readonly id = 'qwenls.chat'
  private view: vscode.WebviewView | undefined
  private readonly models = new Map<string, Model[]>()
  private readonly subscriptions: vscode.Disposable[]
  private pendingFocus: { prompt?: string } | undefined

  constructor(
    private readonly extension: vscode.Uri,
    private readonly qwen: Qwen,
    private readonly session: ChatSession,
    private readonly proposals: Proposals,
  ) {
    this.subscriptions = [
      vscode.window.registerWebviewViewProvider(ChatView.id, this),
      qwen.onDidChange(() => void this.update()),
      session.onDidChange(() => void this.update()),
      session.onDidStream(({ content = '', reasoning = '' }) => this.post({ type: 'delta', content, reasoning })),
    ]
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view
    const { webview } = view
    const dist = vscode.Uri.joinPath(this.extension, 'dist')
    webview.options = { enableScripts: true, localResourceRoots: [dist] }
    webview.html = pageOf({
      source: webview.cspSource,
      nonce: randomBytes(16).toString('hex'),
      script: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'chat.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'chat.css')).toString(),
      language: vscode.env.language,
      title: t('Qwen chat'),
      words: viewWords(t),
    })
    webview.onDidReceiveMessage((message: FromView) => void this.receive(message))
    view.onDidDispose(() => (this.view = undefined))
  }

  /** Shows the view with the cursor in its box. */
  async focus(prompt?: string): Promise<void> {
    this.pendingFocus = prompt === undefined ? {} : { prompt }
    await vscode.commands.executeCommand(`${ChatView.id}.focus`)
    this.flushFocus()
  }

  dispose(): void {
    this.subscriptions.forEach((each) => each.dispose())
  }

  private async receive(message: FromView): Promise<void> {
    switch (message.type) {
      case 'ready':
        await this.update()
        return this.flushFocus()
      case 'send': return this.session.send(message.text)
      case 'stop': return this.session.stop()
      case 'retry': return this.session.retry()
      case 'newChat': return this.session.startNew()
      case 'history': return void vscode.commands.executeCommand('qwenls.history')
      case 'model': return this.session.setModel(message.id)
      case 'root': {
        const folder = vscode.workspace.workspaceFolders?.find((each) => each.uri.toString() === message.uri)
        return folder && this.qwen.roots.pick(folder)
      }
      case 'attachFile': return void vscode.commands.executeCommand('qwenls.addFile')
      case 'attachEditor': return void vscode.commands.executeCommand('qwenls.addSelection')
      case 'detach': return this.session.detach(message.at)
      case 'open': return openAttachment(message.attachment)
      case 'copy': return vscode.env.clipboard.writeText(message.text)
      case 'insert': return this.proposals.insert(message.text)
      case 'apply': {
        const turns = this.session.conversation.turns.slice(0, message.turn + 1)
        return this.proposals.show(message.text, turns.flatMap((turn) => turn.attachments).reverse(), this.session.root)
      }
      case 'link': return openLink(message.address)
      case 'command':
        if (COMMANDS.has(message.command)) await vscode.commands.executeCommand(message.command)
    }
  }

  private async update(): Promise<void> {
    if (!this.view) return
    const { qwen, session } = this
    const { status } = qwen
    const models = status?.state === 'signedIn' ? this.modelsOf(`${session.root} ${status.baseUrl} ${status.key}`) : []
    const folders = vscode.workspace.workspaceFolders ?? []
    const state = viewState({
      server: qwen.server, status, device: qwen.device, models, attachments: session.attachments, busy: session.busy,
      conversation: session.conversation,
      roots: folders.map(({ uri, name }) => ({ uri: uri.toString(), name, current: uri.toString() === session.root })),
    }, t)
    this.post({ type: 'state', state })
  }

  /** Asked once for each account; the list appears when it is there. */
  private modelsOf(account: string): Model[] {
    const known = this.models.get(account)
    if (known) return known
    this.models.set(account, [])
    void this.qwen.models().then(
      (models) => {
        this.models.set(account, models)
        void this.update()
      },
      (error: unknown) => this.qwen.log.warn(failureOf(error).message),
    )
    return []
  }

  private flushFocus(): void {
    if (!this.view || !this.pendingFocus) return
    this.post({ type: 'focus', ...this.pendingFocus })
    this.pendingFocus = undefined
  }

  private post(message: ToView): void {
    void this.view?.webview.postMessage(message)
  }
}

/** A link of an answer: only to the web, and VS Code asks before it opens. */
function openLink(address: string): void {
  const uri = vscode.Uri.parse(address)
  if (uri.scheme === 'https' || uri.scheme === 'http') void vscode.env.openExternal(uri)
}

async function openAttachment({ uri, range }: Attachment): Promise<void> {
  const selection = range && new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character)
  await vscode.window.showTextDocument(vscode.Uri.parse(uri), selection ? { selection } : {})
}

export function attachmentOf(uri: vscode.Uri, selection?: vscode.Range): Attachment {
  const range = selection && !selection.isEmpty
    ? { start: { line: selection.start.line, character: selection.start.character }, end: { line: selection.end.line, character: selection.end.character } }
    : undefined
  const name = uri.path.split('/').pop() ?? uri.path
  return { uri: uri.toString(), label: labelOf(name, range), ...(range ? { range } : {}) }
}
