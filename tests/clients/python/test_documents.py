"""Incremental synchronization in every encoding, and notebooks."""

import random

import pytest
from lsprotocol import types

from buffer import Buffer

PIECES = ["a", "密", "🙂", "é", "\n", "\r\n", "end", " ", "e\u0301"]
STREAM = "untitled:Untitled-1"


def counting_in(*encodings):
    return types.ClientCapabilities(general=types.GeneralClientCapabilities(position_encodings=list(encodings)))


async def assert_same_text(world, editor, buffer):
    """What a model is shown is the server's text."""
    chat = {"root": world.uri("app"), "messages": [{"role": "user", "content": "?"}], "context": [{"uri": buffer.uri}]}
    await editor.send("qwen/chat", chat)
    said = (await world.standin.requests())[-1]["said"]
    end = "" if buffer.text.endswith("\n") else "\n"
    assert said.split("```\n", 1)[1] == f"{buffer.text}{end}```\n\n?"


@pytest.mark.parametrize("encoding", list(types.PositionEncodingKind))
async def test_the_servers_text_is_the_clients_in(world, encoding):
    world.root()
    async with world.editor(counting_in(encoding)) as editor:
        assert editor.server.capabilities.position_encoding == encoding
        buffer = Buffer(editor, world.uri("app/a.txt"), "密🙂 first\r\nsecond é\n", "plaintext")
        chance = random.Random(7)
        for _ in range(300):
            # LSP has no place between a carriage return and its line feed.
            possible = [at for at in range(len(buffer.text) + 1) if buffer.text[at - 1:at + 1] != "\r\n"]
            start = chance.randrange(len(possible))
            ends = possible[start], possible[min(len(possible) - 1, start + chance.randrange(4))]
            places = [buffer.document.client_position_at_offset(at) for at in ends]
            edit = types.TextEdit(range=types.Range(*places), new_text=chance.choice(PIECES))
            buffer.change([edit])
        await assert_same_text(world, editor, buffer)


async def test_a_change_of_many_parts_is_applied_in_their_order(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, STREAM, "密🙂\n", "plaintext")
        start = types.Position(line=0, character=0)
        beyond = types.Position(line=90, character=90)
        edits = [types.TextEdit(range=types.Range(start, start), new_text="one\n"),
                 types.TextEdit(range=types.Range(beyond, beyond), new_text="end"),
                 types.TextEdit(range=types.Range(start, types.Position(line=1, character=0)), new_text="🙂")]
        buffer.change(edits)
        await assert_same_text(world, editor, buffer)


async def test_the_whole_text_may_be_sent_anew(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        buffer = Buffer(editor, STREAM, "old\n", "plaintext")
        change = types.TextDocumentContentChangeWholeDocument(text="new 密🙂")
        buffer.document.apply_change(change)
        identifier = types.VersionedTextDocumentIdentifier(uri=STREAM, version=2)
        editor.text_document_did_change(types.DidChangeTextDocumentParams(text_document=identifier, content_changes=[change]))
        editor.text_document_did_save(types.DidSaveTextDocumentParams(text_document=buffer.identifier))
        await assert_same_text(world, editor, buffer)


async def test_notebooks_are_ignored_without_an_error(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        assert editor.server.capabilities.notebook_document_sync is None
        cell = types.TextDocumentItem(uri=f"vscode-notebook-cell:{world.uri('app/n.ipynb')}#W0", language_id="python",
                                      version=1, text="print(1)\n")
        notebook = types.NotebookDocument(uri=world.uri("app/n.ipynb"), notebook_type="jupyter-notebook", version=1,
                                          cells=[types.NotebookCell(kind=types.NotebookCellKind.Code, document=cell.uri)])
        identifier = types.NotebookDocumentIdentifier(uri=notebook.uri)
        editor.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, [cell]))
        editor.notebook_document_did_change(types.DidChangeNotebookDocumentParams(
            types.VersionedNotebookDocumentIdentifier(version=2, uri=notebook.uri), types.NotebookDocumentChangeEvent()))
        editor.notebook_document_did_save(types.DidSaveNotebookDocumentParams(identifier))
        editor.notebook_document_did_close(types.DidCloseNotebookDocumentParams(
            identifier, [types.TextDocumentIdentifier(cell.uri)]))
        # Editors that know no notebooks of this server's open a cell as any document.
        editor.text_document_did_open(types.DidOpenTextDocumentParams(cell))
        params = types.HoverParams(types.TextDocumentIdentifier(cell.uri), types.Position(0, 0))
        assert await editor.send(types.TEXT_DOCUMENT_HOVER, params) is None
        assert (await editor.send("qwen/auth", {"action": "status"})).state == "signedIn"


async def test_a_large_document_is_opened_changed_and_closed(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        buffer = Buffer(editor, world.uri("app/large.txt"), "密🙂 line\n" * 1_000_000, "plaintext")
        place = types.Position(line=999_999, character=0)
        buffer.change([types.TextEdit(range=types.Range(place, place), new_text="x")])
        params = types.HoverParams(buffer.identifier, place)
        assert await editor.send(types.TEXT_DOCUMENT_HOVER, params) is None
        editor.text_document_did_close(types.DidCloseTextDocumentParams(text_document=buffer.identifier))
