/** The commands, each by its name. */
import * as vscode from 'vscode'
import { openSetting, orSay } from './ask'
import { selectModel, setKey, signOut, switchMethod, trustEndpoint } from './auth/actions'
import type { SignIn } from './auth/signIn'
import type { Proposals } from './chat/apply'
import type { ChatSession } from './chat/session'
import { type ChatView, attachmentOf } from './chat/view'
import type { Qwen } from './qwen'
import { runDoctor, showMenu, showStatus, openOrigin, pickRoot } from './status/menu'

const { t } = vscode.l10n

export interface Parts { qwen: Qwen; signIn: SignIn; session: ChatSession; view: ChatView; proposals: Proposals }

export function registerCommands({ qwen, signIn, session, view, proposals }: Parts): vscode.Disposable {
  const commands: Record<string, (...values: never[]) => unknown> = {
    'qwenls.menu': () => showMenu(qwen),
    'qwenls.menu.root': () => pickRoot(qwen),
    'qwenls.signIn': () => signIn.run(),
    'qwenls.signIn.open': () => signIn.open(),
    'qwenls.signIn.copyCode': () => signIn.copyCode(),
    'qwenls.signIn.copyAddress': () => signIn.copyAddress(),
    'qwenls.signIn.cancel': () => signIn.cancel(),
    'qwenls.setKey': () => setKey(qwen),
    'qwenls.signOut': () => signOut(qwen),
    'qwenls.switchMethod': () => switchMethod(qwen, signIn),
    'qwenls.selectModel': () => selectModel(qwen),
    'qwenls.trustEndpoint': () => trustEndpoint(qwen),
    'qwenls.openOrigin': () => openOrigin(qwen),
    'qwenls.showStatus': () => showStatus(qwen),
    'qwenls.setPath': () => openSetting('qwen.server.path'),
    'qwenls.openChat': () => view.focus(),
    'qwenls.newChat': () => {
      session.startNew()
      return view.focus()
    },
    'qwenls.history': () => pickConversation(session, view),
    'qwenls.chatDocument': () => openChatDocument(qwen),
    'qwenls.addSelection': () => attachEditor(session, view, proposals),
    'qwenls.addFile': (uri?: vscode.Uri) => attachFile(session, view, qwen, uri),
    'qwenls.explain': async () => {
      await attachEditor(session, view, proposals)
      await session.send(t('Explain this code.'))
    },
    'qwenls.stop': () => session.stop(),
    'qwenls.proposal.accept': () => proposals.accept(),
    'qwenls.proposal.discard': () => proposals.discard(),
    'qwenls.toggleInlineCompletion': () => toggleInlineCompletion(qwen),
    'qwenls.doctor': () => runDoctor(qwen),
    'qwenls.restart': () => qwen.restart(),
    'qwenls.showLog': () => qwen.log.show(),
    'qwenls.walkthrough': () => vscode.commands.executeCommand('workbench.action.openWalkthrough', 'qwen-language-server.qwen-language-server#start', false),
  }
  return vscode.Disposable.from(...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, orSay(run))))
}

/** A conversation as a Markdown file: the server makes it, opens it and answers in it. */
async function openChatDocument(qwen: Qwen): Promise<void> {
  const { root } = qwen.roots.current
  const known = (await vscode.commands.getCommands()).includes('qwen.chat')
  if (!known) throw new Error(t('The Qwen language server is not running.'))
  await vscode.commands.executeCommand('qwen.chat', ...(root === undefined ? [] : [{ root }]))
}

async function attachEditor(session: ChatSession, view: ChatView, proposals: Proposals): Promise<void> {
  const { editor } = proposals
  if (!editor) throw new Error(t('Open a file first.'))
  session.attach(attachmentOf(editor.document.uri, editor.selection))
  await view.focus()
}

async function attachFile(session: ChatSession, view: ChatView, qwen: Qwen, uri: vscode.Uri | undefined): Promise<void> {
  const chosen = uri instanceof vscode.Uri ? uri : await pickFile(qwen)
  if (!chosen) return
  session.attach(attachmentOf(chosen))
  await view.focus()
}

/** Only files of the current root: another project's are none of this conversation's business. */
async function pickFile(qwen: Qwen): Promise<vscode.Uri | undefined> {
  const { folder } = qwen.roots
  const files = folder ? await vscode.workspace.findFiles(new vscode.RelativePattern(folder, '**/*'), undefined, 5000) : []
  const items = files.map((uri) => ({ label: uri.path.split('/').pop() ?? '', description: vscode.workspace.asRelativePath(uri, false), uri }))
  items.sort((a, b) => a.description.localeCompare(b.description))
  const picked = await vscode.window.showQuickPick(items, { title: t('Attach a File'), placeHolder: t('A file of this folder'), matchOnDescription: true })
  return picked?.uri
}

async function pickConversation(session: ChatSession, view: ChatView): Promise<void> {
  const { root } = session
  const remove = { iconPath: new vscode.ThemeIcon('trash'), tooltip: t('Delete') }
  const picker = vscode.window.createQuickPick<vscode.QuickPickItem & { id: string }>()
  const fill = () => {
    picker.items = session.history.list(root).map(({ id, title, changed, turns }) => ({
      id, label: title, description: new Date(changed).toLocaleString(vscode.env.language), detail: t('{0} questions', turns.length), buttons: [remove],
    }))
  }
  picker.title = t('Earlier Chats of This Folder')
  picker.placeholder = t('Choose one to go on with it')
  fill()
  picker.onDidTriggerItemButton(async ({ item }) => {
    await session.history.remove(root, item.id)
    fill()
  })
  picker.onDidAccept(async () => {
    const id = picker.selectedItems[0]?.id
    picker.hide()
    if (id === undefined) return
    session.openOld(id)
    await view.focus()
  })
  picker.onDidHide(() => picker.dispose())
  picker.show()
}

async function toggleInlineCompletion(qwen: Qwen): Promise<void> {
  const folder = qwen.roots.folder
  const section = vscode.workspace.getConfiguration('qwen', folder ?? null)
  const enable = !section.get('inlineCompletion.enable', true)
  await section.update('inlineCompletion.enable', enable, folder ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Global)
  void vscode.window.showInformationMessage(enable ? t('Inline completion is on for this folder.') : t('Inline completion is off for this folder.'))
}
