/** Shows a block of an answer as a change to a file, beside the file, before anything is written. */
import * as vscode from 'vscode'
import { placeOf, keyOf } from '../roots'
import type { Attachment } from './conversation'
import { propose } from './proposal'

const { t } = vscode.l10n
const SCHEME = 'qwen-proposal'

interface Proposal { document: vscode.Uri; version: number; text: string }

export class Proposals implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly open = new Map<string, Proposal>()
  private readonly subscriptions: vscode.Disposable[]
  private lastEditor = vscode.window.activeTextEditor
  private count = 0

  constructor() {
    this.subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      // A click in the chat view leaves no active editor: the last one of a file is meant.
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor && ['file', 'untitled'].includes(editor.document.uri.scheme)) this.lastEditor = editor
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.open.delete(document.uri.toString())),
    ]
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.open.get(uri.toString())?.text ?? ''
  }

  /** The editor that an answer is put into. */
  get editor(): vscode.TextEditor | undefined {
    const last = this.lastEditor
    return last && !last.document.isClosed ? last : vscode.window.visibleTextEditors.find((each) => each.document.uri.scheme === 'file')
  }

  async insert(text: string): Promise<void> {
    const { editor } = this
    if (!editor) return this.tellNoEditor()
    const shown = await vscode.window.showTextDocument(editor.document, editor.viewColumn)
    await shown.edit((edit) => shown.selections.forEach((selection) => edit.replace(selection, text)))
  }

  /** `attachments`: of the question; a file or a selection among them is what the answer is about. */
  async show(code: string, attachments: Attachment[], root: string): Promise<void> {
    const target = await this.targetOf(attachments, root)
    if (!target) return this.tellNoEditor()
    const { document, range } = target
    const text = propose({ text: document.getText(), start: document.offsetAt(range.start), end: document.offsetAt(range.end) }, code)
    this.count += 1
    const name = document.uri.path.split('/').pop() ?? ''
    // The same file name: the right colours. The count: each proposal is a document of its own.
    const proposal = vscode.Uri.from({ scheme: SCHEME, path: `/${this.count}/${name}` })
    this.open.set(proposal.toString(), { document: document.uri, version: document.version, text })
    await vscode.commands.executeCommand('vscode.diff', document.uri, proposal, t('{0}: Qwen proposes', name), { preview: true })
  }

  async accept(uri = activeProposal()): Promise<void> {
    const proposal = uri && this.open.get(uri.toString())
    if (!uri || !proposal) return
    const document = await vscode.workspace.openTextDocument(proposal.document)
    if (document.version !== proposal.version) {
      void vscode.window.showWarningMessage(t('The text changed meanwhile; apply the answer again.'))
      return
    }
    const edit = new vscode.WorkspaceEdit()
    const end = document.lineAt(document.lineCount - 1).range.end
    edit.replace(document.uri, new vscode.Range(new vscode.Position(0, 0), end), proposal.text)
    await vscode.workspace.applyEdit(edit)
    await this.close(uri)
    await vscode.window.showTextDocument(document)
  }

  async discard(uri = activeProposal()): Promise<void> {
    if (uri) await this.close(uri)
  }

  dispose(): void {
    this.subscriptions.forEach((each) => each.dispose())
  }

  private async targetOf(attachments: Attachment[], root: string): Promise<{ document: vscode.TextDocument; range: vscode.Range } | undefined> {
    const { editor } = this
    const named = attachments.find(({ uri }) => uri === editor?.document.uri.toString()) ?? (attachments.length === 1 ? attachments[0] : undefined)
    if (named) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(named.uri))
      const { start, end } = named.range ?? { start: { line: 0, character: 0 }, end: { line: document.lineCount, character: 0 } }
      return { document, range: document.validateRange(new vscode.Range(start.line, start.character, end.line, end.character)) }
    }
    // A project's answer goes into no other project's file.
    if (!editor || (root !== '' && keyOf(placeOf(editor.document.uri)) !== root)) return undefined
    return { document: editor.document, range: editor.selection }
  }

  private async close(uri: vscode.Uri): Promise<void> {
    this.open.delete(uri.toString())
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs)
    await vscode.window.tabGroups.close(tabs.filter(({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.toString() === uri.toString()))
  }

  private tellNoEditor(): void {
    void vscode.window.showInformationMessage(t('Open the file that the answer is for, then apply it again.'))
  }
}

function activeProposal(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === SCHEME ? input.modified : undefined
}
