"""`textDocument/codeAction` and `codeAction/resolve`."""

import asyncio

import pytest
from lsprotocol import types

from buffer import Buffer
from editor import LIMIT

CODE = "// 密🙂\r\nfn f() {\r\n    1;\r\n}\r\n"
ANSWER = "```rust\nfn f() {\n    密🙂()\n}\n```"


def shows_edits(capabilities):
    action = capabilities.text_document.code_action
    return action is not None and action.resolve_support is not None and bool(action.data_support)


async def listed(editor, buffer, place, only=None, diagnostics=(), trigger=types.CodeActionTriggerKind.Invoked):
    context = types.CodeActionContext(diagnostics=list(diagnostics), only=only, trigger_kind=trigger)
    params = types.CodeActionParams(text_document=buffer.identifier, range=place, context=context)
    return await editor.send(types.TEXT_DOCUMENT_CODE_ACTION, params)


async def offered(editor, buffer, place, title, **context):
    """The action of this title.

    A listing waits for the account for a tenth of a second only, so that a busy machine may list without it; an editor
    asks again, too.
    """
    async with asyncio.timeout(LIMIT):
        while True:
            for action in await listed(editor, buffer, place, **context):
                if action.title.startswith(title):
                    return action


async def resolve(editor, action):
    return await editor.send(types.CODE_ACTION_RESOLVE, action)


async def test_a_selection_is_changed_by_an_edit_in_the_form_that_the_editor_takes(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=[ANSWER])
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        place = buffer.range("fn f() {\r\n    1;\r\n}")
        await offered(editor, buffer, place, "Qwen: explain")
        if not shows_edits(capabilities):
            assert not any(action.data for action in await listed(editor, buffer, place))
            return
        action = await offered(editor, buffer, place, "Qwen: simplify")
        assert await world.standin.requests() == []
        edit = (await resolve(editor, action)).edit
        can = capabilities.workspace.workspace_edit
        assert (edit.document_changes is not None) == bool(can.document_changes)
        assert (edit.change_annotations is not None) == (can.change_annotation_support is not None)
        assert buffer.apply(edit)
        assert buffer.text == CODE.replace("1;", "密🙂()")


async def test_an_annotation_says_who_wrote_the_edit(world, vscode):
    world.root()
    async with world.editor(vscode) as editor:
        await world.standin.script(deltas=[ANSWER])
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        action = await offered(editor, buffer, buffer.range("fn f() {\r\n    1;\r\n}"), "Qwen: document")
        edit = (await resolve(editor, action)).edit
        (text_edit,) = edit.document_changes[0].edits
        assert isinstance(text_edit, types.AnnotatedTextEdit)
        assert edit.change_annotations[text_edit.annotation_id].label == "Qwen: document"
        (token,) = editor.created
        assert editor.progress[token][0].title == "Qwen: document"


@pytest.mark.parametrize("title", ["Qwen: simplify", "Qwen: split", "Qwen: choose better names", "Qwen: document",
                                   "Qwen: write tests"])
async def test_every_refactoring_has_an_edit(world, vscode, title):
    world.root()
    async with world.editor(vscode) as editor:
        await world.standin.script(deltas=[ANSWER])
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        action = await offered(editor, buffer, buffer.range("fn f() {\r\n    1;\r\n}"), title, only=["refactor"])
        assert action.kind.startswith("refactor.")
        assert buffer.apply((await resolve(editor, action)).edit)
        assert "密🙂()" in buffer.text and buffer.text.count("\n") == buffer.text.count("\r\n")


async def test_a_diagnostic_is_fixed(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        await world.standin.script(deltas=["```\none\ntwo;\nthree\n```"])
        buffer = Buffer(editor, world.uri("app/src/a.rs"), "one\ntwo\nthree\n", "rust")
        diagnostic = types.Diagnostic(range=buffer.range("two"), message="expected `;`", source="rustc", code="E1")
        action = await offered(editor, buffer, buffer.range("two"), "Qwen: fix", only=["quickfix"], diagnostics=[diagnostic])
        assert (action.title, action.diagnostics) == ("Qwen: fix: expected `;`", (diagnostic,))
        assert buffer.apply((await resolve(editor, action)).edit)
        assert buffer.text == "one\ntwo;\nthree\n"


async def test_an_action_for_another_text_is_refused(world, vscode):
    world.root()
    async with world.editor(vscode) as editor:
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        action = await offered(editor, buffer, buffer.range("f()"), "Qwen: simplify")
        buffer.replace("1;", "2;")
        error = await editor.refused(editor.send(types.CODE_ACTION_RESOLVE, action))
        assert (error.code, error.message) == (types.LSPErrorCodes.ContentModified, "the text changed; ask again")
        assert await world.standin.requests() == []


async def test_an_action_is_cancelled_and_hangs_up(world, capabilities):
    if not shows_edits(capabilities):
        return
    world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=["```\n"], hold=True)
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        action = await offered(editor, buffer, buffer.range("f()"), "Qwen: simplify")
        resolved = editor.send(types.CODE_ACTION_RESOLVE, action, msg_id="resolve")
        await world.standin.wait(outcome="open")
        editor.cancel_request(types.CancelParams(id="resolve"))
        assert (await editor.refused(resolved)).code == types.LSPErrorCodes.RequestCancelled
        await world.standin.wait(outcome="hungUp")


async def test_an_explanation_begins_a_conversation(world, vscode):
    world.root()
    async with world.editor(vscode) as editor:
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        action = await offered(editor, buffer, buffer.range("f()"), "Qwen: explain", only=["qwen.explain"])
        assert await editor.command(action.command.command, *action.command.arguments) is None
        question = await editor.asked(types.WINDOW_SHOW_DOCUMENT)
        question.answer(types.ShowDocumentResult(success=True))
        assert question.params.uri.endswith(".qwen.md")


async def test_the_commands_are_offered_to_a_user_and_not_to_a_lightbulb(world, capabilities):
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        actions = await listed(editor, buffer, buffer.range("f()"))
        commands = editor.server.capabilities.execute_command_provider.commands
        assert actions and all(action.command.command in commands for action in actions)
        assert {action.kind for action in actions} >= {"source.qwen.signIn", "source.qwen.status"}
        automatic = types.CodeActionTriggerKind.Automatic
        assert not await listed(editor, buffer, buffer.range("f()"), trigger=automatic)


async def test_a_client_without_literals_gets_commands_alone(world):
    world.root()
    async with world.editor() as editor:
        buffer = Buffer(editor, world.uri("app/src/a.rs"), CODE, "rust")
        actions = await listed(editor, buffer, buffer.range("f()"))
        assert actions and all(isinstance(action, types.Command) for action in actions)
