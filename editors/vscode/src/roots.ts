/** Which root the window is about: the folder of the editor that was used last, or the one that was picked. */
import * as vscode from 'vscode'
import type { Place } from './protocol'

export class Roots implements vscode.Disposable {
  private place: Place = {}
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChange = this.changed.event
  private readonly subscriptions: vscode.Disposable[]

  constructor() {
    this.follow(vscode.window.activeTextEditor)
    this.subscriptions = [
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.follow(vscode.window.activeTextEditor)),
    ]
  }

  get current(): Place {
    return this.place
  }

  /** The name to show; absent where the window has one root and nothing needs to be told apart. */
  get name(): string | undefined {
    const folders = vscode.workspace.workspaceFolders ?? []
    const uri = this.place.root ?? this.place.textDocument?.uri
    if (uri === undefined) return undefined
    const folder = folders.find((each) => each.uri.toString() === uri)
    if (!folder) return vscode.workspace.asRelativePath(vscode.Uri.parse(uri))
    return folders.length > 1 ? folder.name : undefined
  }

  /** The folder of the current root as a path, for a terminal. */
  get folder(): vscode.Uri | undefined {
    return this.place.root === undefined ? undefined : vscode.Uri.parse(this.place.root)
  }

  pick(folder: vscode.WorkspaceFolder): void {
    this.set({ root: folder.uri.toString() })
  }

  dispose(): void {
    this.subscriptions.forEach((each) => each.dispose())
    this.changed.dispose()
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    if (editor?.document.uri.scheme === 'file') return this.set(placeOf(editor.document.uri))
    // An output panel or a diff is no reason to look at another root, unless the folder is gone.
    const folders = vscode.workspace.workspaceFolders ?? []
    const still = folders.some((folder) => folder.uri.toString() === this.place.root)
    if (!still && folders[0]) this.set({ root: folders[0].uri.toString() })
    else if (!still && this.place.root !== undefined) this.set({})
  }

  private set(place: Place): void {
    if (keyOf(place) === keyOf(this.place)) return
    this.place = place
    this.changed.fire()
  }
}

/** The place that a document belongs to: its folder, else the document itself. */
export function placeOf(uri: vscode.Uri): Place {
  const folder = vscode.workspace.getWorkspaceFolder(uri)
  return folder ? { root: folder.uri.toString() } : { textDocument: { uri: uri.toString() } }
}

/** What tells two places apart. */
export function keyOf(place: Place): string {
  return place.root ?? place.textDocument?.uri ?? ''
}
