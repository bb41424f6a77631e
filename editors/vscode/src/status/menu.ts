/** The menu of the status bar item, and what it opens. */
import { homedir } from 'node:os'
import * as vscode from 'vscode'
import type { Qwen } from '../qwen'
import { type Entry, menuEntries, winningFile } from './entries'
import { originText, statusRows } from './present'

const { t } = vscode.l10n

export async function showMenu(qwen: Qwen): Promise<void> {
  const roots = vscode.workspace.workspaceFolders?.length ?? 0
  const entries = menuEntries({ server: qwen.server, status: qwen.status, device: qwen.device, roots }, t)
  const title = qwen.roots.name === undefined ? 'Qwen' : `Qwen · ${qwen.roots.name}`
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & Entry>(entries, { title })
  if (picked) await vscode.commands.executeCommand(picked.command)
}

export async function pickRoot(qwen: Qwen): Promise<void> {
  const folder = await vscode.window.showWorkspaceFolderPick()
  if (folder) qwen.roots.pick(folder)
}

/** The file that the key came from, at its line. */
export async function openOrigin(qwen: Qwen): Promise<void> {
  const file = winningFile(qwen.status)
  if (!file) {
    void vscode.window.showInformationMessage(t('No file takes part: nothing was found, or it comes from elsewhere.'))
    return
  }
  const line = Math.max((file.line ?? 1) - 1, 0)
  await vscode.window.showTextDocument(vscode.Uri.file(file.path), { selection: new vscode.Range(line, 0, line, 0) })
}

/** All values and where they came from, as a list to read, search and copy from. */
export async function showStatus(qwen: Qwen): Promise<void> {
  const status = await qwen.auth({ action: 'status' })
  const home = homedir()
  const items: (vscode.QuickPickItem & { copy?: string })[] = statusRows(status, home, t).map(({ name, value, from }) => ({
    label: `${name}: ${value}`, ...(from === undefined ? {} : { description: from }), copy: value,
  }))
  for (const { message } of status.problems) items.push({ label: `$(warning) ${message}`, copy: message })
  if (status.ignored.length > 0) items.push({ label: t('Not used'), kind: vscode.QuickPickItemKind.Separator })
  for (const { origin, because } of status.ignored) items.push({ label: `$(circle-slash) ${originText(origin, home, t)}`, description: because })
  const picked = await vscode.window.showQuickPick(items, { title: t('Qwen: Status'), placeHolder: t('Enter copies a value'), matchOnDescription: true })
  if (picked?.copy !== undefined) await vscode.env.clipboard.writeText(picked.copy)
}

/** The server's own report, in a terminal where it can be read and copied. */
export function runDoctor(qwen: Qwen): void {
  const { path } = qwen
  if (path === undefined) throw new Error(t('The Qwen language server was not found.'))
  const folder = qwen.roots.folder
  const terminal = vscode.window.createTerminal({ name: t('Qwen Doctor'), ...(folder ? { cwd: folder } : {}) })
  // Single quotes hold for every shell of VS Code's but cmd, where a path with a space needs double ones.
  const quoted = process.platform === 'win32' ? `& "${path}"` : `'${path.replaceAll("'", `'\\''`)}'`
  terminal.show()
  terminal.sendText(`${quoted} doctor`)
}
