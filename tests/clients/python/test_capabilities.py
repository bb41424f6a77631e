"""What a client did not say that it takes must not be sent."""

import pytest
from lsprotocol import types

from buffer import Buffer
from test_code_actions import CODE, listed
from test_dotenv import actions_at, ask, diagnostics, repository
from world import KEY


async def test_code_action_options_go_only_to_clients_with_literals(world):
    """LSP: `CodeActionOptions` is only valid with `textDocument.codeAction.codeActionLiteralSupport`."""
    async with world.editor() as editor:
        assert editor.server.capabilities.code_action_provider is True


async def test_a_client_without_literals_gets_commands_alone_for_an_environment_file(world):
    """LSP: a server answers with `Command`s unless the client has `codeActionLiteralSupport`."""
    repository(world, mode=0o644)
    async with world.editor() as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\n", "dotenv")
        actions = await listed(editor, buffer, buffer.range("OPENAI_API_KEY"))
        assert actions and all(isinstance(action, types.Command) for action in actions)


async def test_related_information_goes_only_to_clients_that_accept_it(world, capabilities):
    """LSP: `publishDiagnostics.relatedInformation`: whether the client accepts it."""
    world.write("app/.env", "OPENAI_API_KEY=sk-x\n")
    world.write("app/.qwen/.env", "OPENAI_MODEL=m\n")
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/.env"), "OPENAI_API_KEY=sk-x\n", "dotenv")
        (found,) = await diagnostics(editor, buffer, capabilities)
        accepts = capabilities.text_document.publish_diagnostics.related_information
        assert (found.related_information is not None) == bool(accepts)


@pytest.mark.parametrize("formats", [[types.MarkupKind.PlainText], [types.MarkupKind.PlainText, types.MarkupKind.Markdown]])
async def test_a_hover_is_in_the_clients_first_format(world, formats):
    """LSP: `hover.contentFormat`: the formats that the client supports, in its order of preference."""
    repository(world)
    hover = types.HoverClientCapabilities(content_format=formats)
    capabilities = types.ClientCapabilities(text_document=types.TextDocumentClientCapabilities(hover=hover))
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\n", "dotenv")
        said = await ask(editor, types.TEXT_DOCUMENT_HOVER, types.HoverParams, buffer, position=buffer.position(KEY))
        assert said.contents.kind == formats[0]


async def test_a_status_that_changed_is_the_whole_status(world, neovim):
    """editors/PROTOCOL.md: `qwen/authStatusChanged`: an `AuthStatus`."""
    async with world.editor(neovim, qwen={"notifications": ["qwen/authStatusChanged"]}) as editor:
        sign_in = editor.send("qwen/auth", {"action": "signIn"})
        (await editor.asked(types.WINDOW_SHOW_DOCUMENT)).answer(types.ShowDocumentResult(success=True))
        await world.standin.approve()
        assert await editor.told("qwen/authStatusChanged") == await sign_in
