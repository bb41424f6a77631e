/** Puts the parts together when VS Code starts the extension. */
import * as vscode from 'vscode'
import { SignIn } from './auth/signIn'
import { Proposals } from './chat/apply'
import { registerParticipant } from './chat/participant'
import { Provider, VENDOR } from './chat/provider'
import { ChatSession } from './chat/session'
import { FileStore } from './chat/store'
import { ChatView } from './chat/view'
import { registerCommands } from './commands'
import { Qwen } from './qwen'
import { showStatusBar } from './status/bar'

let qwen: Qwen | undefined

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Qwen', { log: true })
  qwen = new Qwen(context, log)
  const signIn = new SignIn(qwen)
  const session = new ChatSession(qwen, new FileStore(vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'chats.json').fsPath))
  const proposals = new Proposals()
  const view = new ChatView(context.extensionUri, qwen, session, proposals)
  const commands = registerCommands({ qwen, signIn, session, view, proposals })
  const statusBar = showStatusBar(qwen, () => signIn.running)
  context.subscriptions.push(log, qwen, signIn, session, proposals, view, commands, statusBar, ...registerChat(qwen, context.extensionUri))
  // The window does not wait for the server: commands, views and the status bar are there at once.
  void qwen.start()
}

export async function deactivate(): Promise<void> {
  await qwen?.stop()
}

/** VS Code's own chat: absent in hosts that leave it out. */
function registerChat(server: Qwen, extension: vscode.Uri): vscode.Disposable[] {
  const registered: vscode.Disposable[] = []
  if (typeof vscode.chat?.createChatParticipant === 'function') registered.push(registerParticipant(server, vscode.Uri.joinPath(extension, 'images', 'icon.png')))
  if (typeof vscode.lm?.registerLanguageModelChatProvider === 'function') {
    const provider = new Provider(server)
    registered.push(provider, vscode.lm.registerLanguageModelChatProvider(VENDOR, provider))
  }
  return registered
}
