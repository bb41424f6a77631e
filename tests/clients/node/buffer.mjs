// An editor's buffer: the document of vscode-languageserver-textdocument, which applies the server's edits as VS Code does.
import { TextDocument, lsp } from './protocol.mjs'

export class Buffer {
  static async open(editor, uri, text, languageId = 'markdown') {
    const buffer = new Buffer()
    buffer.editor = editor
    buffer.document = TextDocument.create(uri, languageId, 1, text)
    await editor.notify(lsp.DidOpenTextDocumentNotification.type, { textDocument: { uri, languageId, version: 1, text } })
    return buffer
  }

  get uri() { return this.document.uri }
  get text() { return this.document.getText() }
  get identifier() { return { uri: this.uri } }

  /** Where `needle` begins. */
  position(needle) { return this.document.positionAt(this.text.indexOf(needle)) }

  end() { return this.document.positionAt(this.text.length) }

  range(needle) {
    const at = this.text.indexOf(needle)
    return { start: this.document.positionAt(at), end: this.document.positionAt(at + needle.length) }
  }

  /** The user selects `needle` and types `text`. */
  replace(needle, text) { return this.change([{ range: this.range(needle), newText: text }]) }

  insert(position, text) { return this.change([{ range: { start: position, end: position }, newText: text }]) }

  /** One change of these edits, each for the text that the one before it left. */
  async change(edits) {
    const contentChanges = edits.map(({ range, newText }) => ({ range, text: newText }))
    const version = this.document.version + 1
    TextDocument.update(this.document, contentChanges, version)
    await this.editor.notify(lsp.DidChangeTextDocumentNotification.type, { textDocument: { uri: this.uri, version }, contentChanges })
  }

  /** Applies a workspace edit of this document, unless it was made for another version; says whether it did. */
  async apply({ documentChanges, changes }) {
    if (documentChanges && documentChanges[0].textDocument.version !== this.document.version) return false
    const edits = documentChanges?.[0].edits ?? changes[this.uri]
    const expected = TextDocument.applyEdits(this.document, edits)
    // From the end on, so that none moves the place of another.
    const offset = ({ range }) => this.document.offsetAt(range.start)
    await this.change([...edits].sort((one, other) => offset(other) - offset(one)))
    if (this.text !== expected) throw new Error(`applied otherwise: ${this.text}`)
    return true
  }

  /** Answers the next `workspace/applyEdit` as an editor does; says whether it was applied. */
  async answer() {
    const question = await this.editor.told(lsp.ApplyWorkspaceEditRequest.type)
    const applied = await this.apply(question.params.edit)
    question.answer({ applied })
    return applied
  }
}
