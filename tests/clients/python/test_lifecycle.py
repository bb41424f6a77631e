"""`initialize` with what real editors say that they can do, and the end."""

import pytest
from lsprotocol import types

COMMANDS = {"qwen.signIn", "qwen.signOut", "qwen.switchAuth", "qwen.status", "qwen.setModel", "qwen.trustEndpoint",
            "qwen.chat", "qwen.chatSend", "qwen.toggleInlineCompletion", "qwen.env.makePrivate",
            "qwen.env.moveKeyToKeyring", "qwen.env.testKey"}


async def test_the_server_says_who_it_is_and_offers_every_command(world, capabilities):
    async with world.editor(capabilities) as editor:
        assert editor.server.server_info.name == "qwen-language-server"
        assert COMMANDS <= set(editor.server.capabilities.execute_command_provider.commands)


async def test_an_encoding_is_chosen_from_those_of_the_client(world, capabilities):
    offered = (capabilities.general and capabilities.general.position_encodings) or ["utf-16"]
    async with world.editor(capabilities) as editor:
        assert editor.server.capabilities.position_encoding in offered


async def test_a_client_that_pulls_is_offered_that_and_another_is_not(world, capabilities):
    async with world.editor(capabilities) as editor:
        provider = editor.server.capabilities.diagnostic_provider
        assert (provider is not None) == (capabilities.text_document.diagnostic is not None)


async def test_a_client_that_says_nothing_of_itself_is_served(world):
    async with world.editor() as editor:
        assert editor.server.capabilities.position_encoding == types.PositionEncodingKind.Utf16


async def test_a_second_initialize_is_refused(world, neovim):
    async with world.editor(neovim) as editor:
        params = types.InitializeParams(capabilities=neovim, process_id=None, root_uri=None)
        error = await editor.refused(editor.send(types.INITIALIZE, params))
        assert error.code == types.ErrorCodes.InvalidRequest


async def test_after_shutdown_every_request_is_refused(world, neovim):
    async with world.editor(neovim) as editor:
        await editor.shutdown_async(None)
        error = await editor.refused(editor.send("qwen/models", {}))
        assert error.code == types.ErrorCodes.InvalidRequest
        editor.exit(None)
        assert await editor._server.wait() == 0
        editor.is_ended = True


async def test_an_exit_without_a_shutdown_is_not_a_clean_one(world, neovim):
    async with world.editor(neovim) as editor:
        editor.exit(None)
        assert await editor._server.wait() == 1
        editor.is_ended = True


@pytest.mark.parametrize("value", list(types.TraceValue))
async def test_a_trace_is_set_without_a_complaint(world, neovim, value):
    async with world.editor(neovim) as editor:
        editor.set_trace(types.SetTraceParams(value=value))
        assert (await editor.send("qwen/auth", {"action": "status"})).state == "signedOut"
        editor.ignored.add(types.LOG_TRACE)


async def test_an_unknown_request_is_refused_and_an_unknown_notification_is_not_answered(world, neovim):
    async with world.editor(neovim) as editor:
        editor.protocol.notify("$/unknown", {})
        editor.protocol.notify("unknown/notification", {})
        error = await editor.refused(editor.send("unknown/request", {}))
        assert error.code == types.ErrorCodes.MethodNotFound


async def test_what_is_not_offered_is_an_unknown_method(world, capabilities):
    async with world.editor(capabilities) as editor:
        document = types.TextDocumentIdentifier(uri=world.uri("app/a.rs"))
        start = types.Position(line=0, character=0)
        for method, params in [
            (types.TEXT_DOCUMENT_DEFINITION, types.DefinitionParams(document, start)),
            (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, types.DocumentSymbolParams(document)),
            (types.TEXT_DOCUMENT_RENAME, types.RenameParams(document, start, "b")),
            (types.WORKSPACE_DIAGNOSTIC, types.WorkspaceDiagnosticParams(previous_result_ids=[])),
            (types.COMPLETION_ITEM_RESOLVE, types.CompletionItem(label="a")),
        ]:
            error = await editor.refused(editor.send(method, params))
            assert error.code == types.ErrorCodes.MethodNotFound, method


async def test_what_is_about_nothing_that_is_known_is_ignored(world, capabilities):
    async with world.editor(capabilities) as editor:
        identifier = types.VersionedTextDocumentIdentifier(uri=world.uri("app/none.rs"), version=4)
        whole = types.TextDocumentContentChangeWholeDocument(text="x")
        editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token="none"))
        editor.cancel_request(types.CancelParams(id="none"))
        editor.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [whole]))
        editor.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(identifier.uri)))
        editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        deleted = types.FileEvent(uri=world.uri("app/.env"), type=types.FileChangeType.Deleted)
        editor.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changes=[deleted]))
        assert (await editor.send("qwen/auth", {"action": "status"})).state == "signedOut"


async def test_a_setting_of_a_wrong_type_is_named_once(world, neovim):
    async with world.editor(neovim, qwen={"requestTimeout": "long"}) as editor:
        assert "requestTimeout" in await editor.message()
        editor.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings={"qwen": {"model": 3}}))
        assert "model" in await editor.message()
