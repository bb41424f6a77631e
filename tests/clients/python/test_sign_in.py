"""Signing in by the device flow: through `window/showDocument`, through `window/showMessageRequest`, and by request."""

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities

METHOD_NOT_FOUND = types.ErrorCodes.MethodNotFound
NOTIFICATIONS = {"notifications": ["qwen/authStatusChanged", "qwen/deviceAuthorization"]}


async def test_the_page_is_opened_by_the_editor_and_the_end_is_said(world, capabilities):
    async with world.editor(capabilities) as editor:
        assert await editor.command("qwen.signIn") is None
        question = await editor.asked(types.WINDOW_SHOW_DOCUMENT)
        assert question.params.external is True and "user_code=WDJB-MJHT" in question.params.uri
        question.answer(types.ShowDocumentResult(success=True))
        await world.standin.approve()
        assert "signed in to Qwen" in await editor.message()
        (token,) = editor.created
        begin, report, *_, end = editor.progress[token]
        assert begin.title == "Qwen sign-in" and begin.cancellable and "WDJB-MJHT" in report.message
        status = await editor.send("qwen/auth", {"action": "status"})
        assert (status.state, status.method) == ("signedIn", "qwen-oauth")


@pytest.mark.parametrize("name", ["neovim@v0.6.1", "emacs@v29.1"])
async def test_where_the_editor_opens_nothing_a_message_has_the_page_and_the_code(world, name):
    async with world.editor(client_capabilities(name)) as editor:
        assert await editor.command("qwen.signIn", {"root": world.uri("app")}) is None
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).refuse(METHOD_NOT_FOUND)
        question = await editor.asked(types.WINDOW_SHOW_MESSAGE_REQUEST)
        assert "WDJB-MJHT" in question.params.message and "https://signin.qwen.invalid/authorize" in question.params.message
        # Closing the message is no answer.
        question.answer(None)
        await world.standin.approve()
        assert "signed in to Qwen" in await editor.message()


async def test_the_users_cancel_ends_the_sign_in(world, vscode):
    async with world.editor(vscode) as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn"})
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).answer(types.ShowDocumentResult(success=False))
        question = await editor.asked(types.WINDOW_SHOW_MESSAGE_REQUEST)
        question.answer(next(item for item in question.params.actions if item.title == "Cancel"))
        assert (await editor.refused(sign_in)).code == types.LSPErrorCodes.RequestCancelled


async def test_a_request_brings_its_own_token_and_is_told_of_the_code(world, neovim):
    async with world.editor(neovim, qwen=NOTIFICATIONS) as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn", "workDoneToken": "mine"})
        told = await editor.told("qwen/deviceAuthorization")
        assert (told.root, told.userCode) == (world.uri("app"), "WDJB-MJHT")
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).answer(types.ShowDocumentResult(success=True))
        await world.standin.approve()
        status = await sign_in
        assert (status.state, status.provider.id) == ("signedIn", "qwen") and status.expiresAt
        told = await editor.told("qwen/authStatusChanged")
        assert (told.root, told.state, told.method) == (status.root, status.state, status.method)
        assert editor.created == [] and isinstance(editor.progress["mine"][-1], types.WorkDoneProgressEnd)


async def test_a_sign_in_is_cancelled_by_its_progress_and_takes_its_question_back(world, neovim):
    async with world.editor(neovim) as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn", "workDoneToken": 7})
        question = await editor.asked(types.WINDOW_SHOW_DOCUMENT)
        editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=7))
        assert (await editor.refused(sign_in)).code == types.LSPErrorCodes.RequestCancelled
        await question.taken_back()


async def test_a_sign_in_is_cancelled_by_its_request_and_takes_its_question_back(world, neovim):
    async with world.editor(neovim) as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn"}, msg_id="sign-in")
        question = await editor.asked(types.WINDOW_SHOW_DOCUMENT)
        editor.cancel_request(types.CancelParams(id="sign-in"))
        assert (await editor.refused(sign_in)).code == types.LSPErrorCodes.RequestCancelled
        await question.taken_back()


async def test_a_denied_sign_in_says_so_and_keeps_the_code_in_its_data(world, neovim):
    async with world.editor(neovim) as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn"})
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).answer(types.ShowDocumentResult(success=True))
        await world.standin.deny()
        error = await editor.refused(sign_in)
        assert error.code == types.LSPErrorCodes.RequestFailed
        assert (error.data["kind"], error.data["userCode"]) == ("signInDenied", "WDJB-MJHT")


async def test_a_client_that_says_nothing_of_itself_is_told_the_page_and_sees_no_progress(world):
    async with world.editor() as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn"})
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).refuse(METHOD_NOT_FOUND)
        (await editor.asked(types.WINDOW_SHOW_MESSAGE_REQUEST)).refuse(METHOD_NOT_FOUND)
        assert "WDJB-MJHT" in await editor.message()
        await world.standin.approve()
        assert (await sign_in).state == "signedIn"
        assert editor.created == [] and editor.progress == {}
