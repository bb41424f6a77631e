/** The status bar item. */
import { homedir } from 'node:os'
import * as vscode from 'vscode'
import type { Qwen } from '../qwen'
import { statusItem, tooltip, type View } from './present'

const { t } = vscode.l10n

export function showStatusBar(qwen: Qwen, signingIn: () => boolean): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('qwenls.status', vscode.StatusBarAlignment.Right, 100)
  item.name = 'Qwen'
  item.command = 'qwenls.menu'
  let shown = ''
  const update = () => {
    const view: View = { server: qwen.server, status: qwen.status, rootName: qwen.roots.name, busy: qwen.busy, problem: qwen.problem, signingIn: signingIn() }
    const { text, label, severity } = statusItem(view, t)
    const markdown = tooltip(view, homedir(), t)
    // What is drawn anew closes the tooltip that someone reads.
    const next = JSON.stringify([text, label, severity, markdown])
    if (next === shown) return
    shown = next
    item.text = text
    item.accessibilityInformation = { label, role: 'button' }
    item.backgroundColor = severity === 'none' ? undefined : new vscode.ThemeColor(`statusBarItem.${severity}Background`)
    // Icons only: the text is the server's, and links or commands in it stay text.
    item.tooltip = new vscode.MarkdownString(markdown, true)
    item.show()
  }
  update()
  return vscode.Disposable.from(item, qwen.onDidChange(update))
}
