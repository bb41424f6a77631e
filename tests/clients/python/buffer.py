"""An editor's buffer: a pygls document that counts in the encoding that was agreed on, and applies the server's edits."""

from lsprotocol import types
from pygls.workspace import PositionCodec, TextDocument


class Buffer:
    def __init__(self, editor, uri, text, language_id="markdown"):
        self.editor = editor
        codec = PositionCodec(encoding=editor.server.capabilities.position_encoding)
        self.document = TextDocument(uri, text, version=1, position_codec=codec)
        editor.open(uri, text, language_id)

    @property
    def uri(self):
        return self.document.uri

    @property
    def text(self):
        return self.document.source

    @property
    def identifier(self):
        return types.TextDocumentIdentifier(uri=self.uri)

    def position(self, needle, after=False) -> types.Position:
        """Where `needle` begins, or ends."""
        return self.document.client_position_at_offset(self.text.index(needle) + (len(needle) if after else 0))

    def range(self, needle) -> types.Range:
        return types.Range(start=self.position(needle), end=self.position(needle, after=True))

    def replace(self, needle, text):
        """The user selects `needle` and types `text`."""
        self.change([types.TextEdit(range=self.range(needle), new_text=text)])

    def insert(self, position, text):
        self.change([types.TextEdit(range=types.Range(start=position, end=position), new_text=text)])

    def apply(self, edit: types.WorkspaceEdit) -> bool:
        """Applies an edit of this document, unless it was made for another version; says whether it did."""
        if edit.document_changes is None:
            assert list(edit.changes) == [self.uri]
            edits = edit.changes[self.uri]
        else:
            (change,) = edit.document_changes
            assert change.text_document.uri == self.uri
            if change.text_document.version != self.document.version:
                return False
            edits = change.edits
        # From the end on, so that none moves the place of another.
        self.change(sorted(edits, key=lambda edit: edit.range.start, reverse=True))
        return True

    def answer(self, question) -> bool:
        """Answers a `workspace/applyEdit` as an editor does."""
        applied = self.apply(question.params.edit)
        question.answer(types.ApplyWorkspaceEditResult(applied=applied))
        return applied

    def change(self, edits):
        """One `textDocument/didChange` with these edits, each for the text that the one before it left."""
        changes = [types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text) for edit in edits]
        for change in changes:
            self.document.apply_change(change)
        self.document.version += 1
        identifier = types.VersionedTextDocumentIdentifier(uri=self.uri, version=self.document.version)
        params = types.DidChangeTextDocumentParams(text_document=identifier, content_changes=changes)
        self.editor.text_document_did_change(params)
