"""Chat documents: conversations in Markdown, driven by code lenses, commands and edits."""

import pathlib
import urllib.parse

import pytest
from lsprotocol import types

from buffer import Buffer

QUESTION = "## You\n\nWhy 密🙂?\n"


async def until_answered(editor, buffer, turns=2):
    """Applies edits until it is the user's turn again."""
    while buffer.text.count("## You") < turns:
        buffer.answer(await editor.asked(types.WORKSPACE_APPLY_EDIT))


async def lenses(editor, buffer):
    params = types.CodeLensParams(text_document=buffer.identifier)
    return await editor.send(types.TEXT_DOCUMENT_CODE_LENS, params)


async def test_an_answer_grows_in_the_document(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=["Because ", "it ", "does 😀."])
        buffer = Buffer(editor, world.uri("app/why.qwen.md"), f"---\nmodel: m1\n---\n\n{QUESTION}")
        assert await editor.command("qwen.chatSend", {"uri": buffer.uri}) is None
        await until_answered(editor, buffer)
        assert buffer.text == f"---\nmodel: m1\n---\n\n{QUESTION}\n## Qwen\n\nBecause it does 😀.\n\n## You\n\n\n"
        (asked,) = await world.standin.requests()
        assert (asked["model"], asked["said"]) == ("m1", "Why 密🙂?")


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
async def test_a_lens_sends_the_question_and_its_line_ends_are_kept(world, vscode, line_break):
    world.root()
    async with world.editor(vscode) as editor:
        buffer = Buffer(editor, world.uri("app/why.qwen.md"), QUESTION.replace("\n", line_break))
        (lens,) = await lenses(editor, buffer)
        assert (lens.command.title, lens.range) == ("Send to Qwen", buffer.range("## You"))
        assert await editor.send(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(
            command=lens.command.command, arguments=lens.command.arguments)) is None
        await until_answered(editor, buffer)
        assert buffer.text.count("\n") == buffer.text.count(line_break)


async def test_a_lens_is_only_where_an_answer_is_awaited(world, vscode):
    world.root()
    async with world.editor(vscode) as editor:
        for name, text in [("a.qwen.md", "## You\n\n"), ("b.qwen.md", "## You\n\nhi\n\n## Qwen\n\nhi\n"), ("c.md", QUESTION)]:
            assert not await lenses(editor, Buffer(editor, world.uri(f"app/{name}"), text))


async def test_a_bare_uri_and_no_argument_send_too(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        buffer = Buffer(editor, world.uri("app/why.qwen.md"), QUESTION)
        for turns, arguments in [(2, (buffer.uri,)), (3, ())]:
            assert await editor.command("qwen.chatSend", *arguments) is None
            await until_answered(editor, buffer, turns)
            buffer.insert(buffer.document.client_position_at_offset(len(buffer.text)), "And now?")
        assert [asked["said"] for asked in await world.standin.requests()] == ["Why 密🙂?", "And now?"]


async def test_typing_during_an_answer_loses_nothing(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=["Hel"], hold=True, after=["lo"])
        buffer = Buffer(editor, world.uri("app/why.qwen.md"), f"notes: \n\n{QUESTION}")
        await editor.command("qwen.chatSend")
        refused = 0
        for turn in range(1000):
            if buffer.text.count("## You") > 1:
                break
            edit = await editor.asked(types.WORKSPACE_APPLY_EDIT)
            if turn % 2 == 0:
                buffer.insert(buffer.position("notes: ", after=True), "密🙂")
            refused += not buffer.answer(edit)
            if "Hel" in buffer.text:
                await world.standin.release()
        typed = buffer.text.count("密🙂") - 1
        assert refused == typed > 0
        assert buffer.text == f"notes: {'密🙂' * typed}\n\n{QUESTION}\n## Qwen\n\nHello\n\n## You\n\n\n"


async def test_an_answer_is_cancelled_by_its_progress_and_says_so(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=["Half an "], hold=True)
        buffer = Buffer(editor, world.uri("app/why.qwen.md"), QUESTION)
        await editor.command("qwen.chatSend")
        while "Half an " not in buffer.text:
            buffer.answer(await editor.asked(types.WORKSPACE_APPLY_EDIT))
        (token,) = editor.created
        editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=token))
        await until_answered(editor, buffer)
        assert "Half an " in buffer.text and "Cancelled" in buffer.text and "<!--" not in buffer.text
        await world.standin.wait(outcome="hungUp")


async def test_deleting_the_marker_stops_the_answer(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        await world.standin.script(deltas=["Hello"], hold=True)
        buffer = Buffer(editor, world.uri("app/why.qwen.md"), QUESTION)
        await editor.command("qwen.chatSend")
        while "Hello" not in buffer.text:
            buffer.answer(await editor.asked(types.WORKSPACE_APPLY_EDIT))
        buffer.replace(buffer.text[buffer.text.index("<!-- qwen"):], "")
        await world.standin.wait(outcome="hungUp")


async def test_a_conversation_is_begun_and_the_newest_continued(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        shown = []
        for arguments in [("why?",), (), ({"prompt": "other", "root": world.uri("app")},)]:
            assert await editor.command("qwen.chat", *arguments) is None
            question = await editor.asked(types.WINDOW_SHOW_DOCUMENT)
            question.answer(types.ShowDocumentResult(success=True))
            assert not question.params.external
            shown.append(question.params.uri)
        assert shown[0] == shown[1] != shown[2]
        path = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(shown[0]).path))
        assert "## You\n\nwhy?\n" in path.read_text()


async def test_an_editor_that_cannot_show_it_is_told_the_path(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        await editor.command("qwen.chat", "why?")
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).refuse(types.ErrorCodes.MethodNotFound)
        assert ".qwen.md" in await editor.message()
