"""The language of `.env` files."""

import pytest
from lsprotocol import types

from buffer import Buffer
from world import KEY

TEXT = f"OPENAI_API_KEY={KEY}\r\n密🙂 no line\r\nOPENAI_BASE_URL=\"x.example\"\r\n"


def pulls(capabilities):
    return capabilities.text_document.diagnostic is not None


def repository(world, text=f"OPENAI_API_KEY={KEY}\r\n", mode=0o600):
    """A root in a repository, with a key in a file that git does not ignore."""
    world.write("app/.git/HEAD", "")
    world.write("app/.env", text, mode)


async def diagnostics(editor, buffer, capabilities):
    """What is wrong with this version, by the way that the client has."""
    if pulls(capabilities):
        params = types.DocumentDiagnosticParams(text_document=buffer.identifier, identifier="qwen")
        report = await editor.send(types.TEXT_DOCUMENT_DIAGNOSTIC, params)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        return report.items
    while True:
        told = await editor.told(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        if (told.uri, told.version) == (buffer.uri, buffer.document.version):
            return told.diagnostics


def codes(found):
    return [diagnostic.code for diagnostic in found]


async def ask(editor, method, kind, buffer, **more):
    return await editor.send(method, kind(text_document=buffer.identifier, **more))


async def test_problems_are_told_while_typing_and_gone_with_the_file(world, capabilities):
    repository(world)
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/.env"), TEXT, "dotenv")
        found = await diagnostics(editor, buffer, capabilities)
        assert codes(found) == ["notIgnored", "malformedLine", "badUrl"]
        assert found[1].range == buffer.range("密🙂 no line") and {one.source for one in found} == {"qwen"}
        buffer.replace("密🙂 no line\r\n", "")
        assert codes(await diagnostics(editor, buffer, capabilities)) == ["notIgnored", "badUrl"]
        buffer.replace("x.example", "https://x.example/v1")
        assert codes(await diagnostics(editor, buffer, capabilities)) == ["notIgnored"]
        editor.text_document_did_close(types.DidCloseTextDocumentParams(text_document=buffer.identifier))
        if pulls(capabilities):
            assert not await diagnostics(editor, buffer, capabilities)
        else:
            cleared = await editor.told(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
            assert (cleared.uri, cleared.diagnostics) == (buffer.uri, ())


async def test_a_hover_tells_where_a_value_goes_and_never_the_key(world, capabilities):
    repository(world)
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"# 密🙂\nOPENAI_API_KEY={KEY}\n", "dotenv")
        hover = await ask(editor, types.TEXT_DOCUMENT_HOVER, types.HoverParams, buffer, position=buffer.position(KEY))
        assert hover.contents.kind in capabilities.text_document.hover.content_format
        assert "`sk-…cdef`" in hover.contents.value and hover.range.start.line == 1


async def test_names_and_values_are_completed(world, capabilities):
    repository(world)
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\n# 密🙂\nOPENAI_MODEL=\n", "dotenv")
        for position, expected in [(buffer.position("OPENAI_MODEL=", after=True), "qwen3-coder-plus"),
                                   (types.Position(line=3, character=0), "OPENAI_BASE_URL=")]:
            items = await ask(editor, types.TEXT_DOCUMENT_COMPLETION, types.CompletionParams, buffer, position=position)
            assert items[0].text_edit.new_text == expected
            assert items[0].text_edit.range.end == position


async def test_a_lens_or_a_hint_says_who_uses_the_file(world, capabilities):
    repository(world)
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\n", "dotenv")
        offered = editor.server.capabilities
        if capabilities.text_document.code_lens:
            (lens,) = await ask(editor, types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams, buffer)
            said = lens.command.title
            assert lens.command.command in offered.execute_command_provider.commands
        else:
            assert offered.code_lens_provider is None
            whole = types.Range(start=types.Position(line=0, character=0), end=types.Position(line=1, character=0))
            (hint,) = await ask(editor, types.TEXT_DOCUMENT_INLAY_HINT, types.InlayHintParams, buffer, range=whole)
            said = hint.label
            assert hint.position == buffer.position(KEY, after=True)
        assert said.startswith("Used by app")


async def actions_at(editor, buffer, place, only=None):
    context = types.CodeActionContext(diagnostics=[], only=only)
    actions = await ask(editor, types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionParams, buffer, range=place, context=context)
    return {action.title: action for action in actions if not action.title.startswith("Qwen: ")}


async def test_a_file_that_others_can_read_is_made_private(world, capabilities):
    repository(world, mode=0o644)
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\r\n", "dotenv")
        action = (await actions_at(editor, buffer, buffer.range("OPENAI_API_KEY")))["Make this file private (chmod 600)"]
        assert codes(action.diagnostics) == ["worldReadable"]
        assert await editor.command(action.command.command, *action.command.arguments) is None
        assert "is private now" in await editor.message()
        assert (world.directory / "app/.env").stat().st_mode & 0o777 == 0o600


async def test_a_list_is_made_only_by_clients_that_make_files(world, capabilities):
    repository(world)
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\r\n", "dotenv")
        actions = await actions_at(editor, buffer, buffer.range("OPENAI_API_KEY"))
        can = capabilities.workspace.workspace_edit
        makes_files = can.document_changes and types.ResourceOperationKind.Create in (can.resource_operations or [])
        assert ("Add this file to .gitignore" in actions) == bool(makes_files)
        if makes_files:
            create, edit = actions["Add this file to .gitignore"].edit.document_changes
            assert (create.kind, create.uri) == ("create", world.uri("app/.gitignore"))
            assert edit.edits[0].new_text == "/.env\n"


@pytest.mark.parametrize("argument", [True, False])
async def test_a_key_is_tested_at_its_own_endpoint(world, neovim, argument):
    repository(world, world.dotenv())
    async with world.editor(neovim) as editor:
        buffer = Buffer(editor, world.uri("app/.env"), world.dotenv(), "dotenv")
        command = (await actions_at(editor, buffer, buffer.range(KEY)))["Test this key"].command
        assert await editor.command(command.command, *(command.arguments if argument else ())) is None
        told = await editor.message()
        assert "works" in told and "sk-…cdef" in told


async def test_a_key_stays_in_its_file_where_there_is_no_keyring(world, neovim):
    repository(world)
    async with world.editor(neovim) as editor:
        buffer = Buffer(editor, world.uri("app/.env"), f"OPENAI_API_KEY={KEY}\n", "dotenv")
        command = (await actions_at(editor, buffer, buffer.range(KEY), ["refactor"]))["Move this key to the keyring"].command
        assert await editor.command(command.command, *command.arguments) is None
        assert "keyring" in await editor.message()


async def test_a_shadowed_file_links_to_the_one_that_wins_where_the_client_shows_that(world, capabilities):
    world.write("app/.env", "OPENAI_API_KEY=sk-x\n")
    world.write("app/.qwen/.env", "OPENAI_MODEL=m\n")
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/.env"), "OPENAI_API_KEY=sk-x\n", "dotenv")
        (found,) = await diagnostics(editor, buffer, capabilities)
        assert found.code == "shadowed"
        if capabilities.text_document.publish_diagnostics.related_information:
            assert found.related_information[0].location.uri == world.uri("app/.qwen/.env")


async def test_other_documents_get_nothing(world, capabilities):
    repository(world)
    async with world.editor(capabilities) as editor:
        for name in ("app/a.rs", "app/.env.local", "app/.envrc"):
            buffer = Buffer(editor, world.uri(name), "OPENAI_APIKEY=sk-x\nno line")
            place = buffer.position("APIKEY")
            assert await ask(editor, types.TEXT_DOCUMENT_HOVER, types.HoverParams, buffer, position=place) is None
            assert not await ask(editor, types.TEXT_DOCUMENT_COMPLETION, types.CompletionParams, buffer, position=place)
            assert not await ask(editor, types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams, buffer)
            assert await actions_at(editor, buffer, buffer.range("no line")) == {}
