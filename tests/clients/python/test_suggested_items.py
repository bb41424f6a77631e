"""What `textDocument/inlineCompletion` suggests, item by item."""

import pytest
from lsprotocol import types

from buffer import Buffer
from test_suggestions import MODEL, TRIGGERS, suggested


@pytest.mark.parametrize("trigger", list(TRIGGERS))
async def test_a_suggestion_is_for_the_place_in_the_clients_encoding(world, capabilities, trigger):
    world.root(model=MODEL)
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=['f("密🙂")'])
        buffer = Buffer(editor, world.uri("app/a.rs"), "let 密🙂 = 1; x = ;\n", "rust")
        at = buffer.position(" x = ", after=True)
        (item,) = (await suggested(editor, buffer, at, trigger)).items
        assert (item.insert_text, item.range) == ('f("密🙂")', types.Range(start=at, end=at))
        (asked,) = await world.standin.requests()
        assert asked["said"] == "<|fim_prefix|>let 密🙂 = 1; x = <|fim_suffix|>;\n<|fim_middle|>"


async def test_what_the_menu_has_selected_is_continued(world, vscode):
    world.root(model=MODEL)
    async with world.editor(vscode) as editor:
        await world.standin.script(deltas=["(1)"])
        buffer = Buffer(editor, world.uri("app/a.rs"), "x.le;\n", "rust")
        selected = types.SelectedCompletionInfo(range=buffer.range("le"), text="length")
        list_ = await suggested(editor, buffer, buffer.position("le", after=True), TRIGGERS.Automatic, selected)
        # LSP 3.18: a suggestion extends the text that is selected, and uses its range.
        assert [(item.insert_text, item.range) for item in list_.items] == [("length(1)", selected.range)]


async def test_typing_along_asks_nothing(world, neovim):
    world.root(model=MODEL)
    async with world.editor(neovim) as editor:
        await world.standin.script(deltas=["hello()"])
        buffer = Buffer(editor, world.uri("app/a.rs"), "x = ;\n", "rust")
        await suggested(editor, buffer, buffer.position(";"))
        buffer.insert(buffer.position(";"), "he")
        (item,) = (await suggested(editor, buffer, buffer.position(";"), TRIGGERS.Automatic)).items
        assert item.insert_text == "llo()" and len(await world.standin.requests()) == 1


async def test_the_handling_of_white_space_is_named_to_clients_that_know_that(world, capabilities):
    world.root(model=MODEL)
    async with world.editor(capabilities, qwen={"inlineCompletion": {"inMenu": True}}) as editor:
        await world.standin.script(deltas=["gth()"])
        buffer = Buffer(editor, world.uri("app/a.rs"), "x.len;\n", "rust")
        params = types.CompletionParams(text_document=buffer.identifier, position=buffer.position(";"))
        (item,) = (await editor.send(types.TEXT_DOCUMENT_COMPLETION, params)).items
        can = capabilities.text_document.completion.completion_item.insert_text_mode_support
        assert item.insert_text_mode is None or can is not None
