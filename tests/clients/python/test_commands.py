"""`workspace/executeCommand`: with no argument, with a JSON argument, and with wrong ones."""

import pytest
from lsprotocol import types

import wire
from test_lifecycle import COMMANDS

INVALID_PARAMS = types.ErrorCodes.InvalidParams
OF_A_FILE = {"qwen.env.makePrivate", "qwen.env.moveKeyToKeyring", "qwen.env.testKey"}


async def choose(editor, title):
    """Answers the server's question with the button of this title."""
    question = await editor.asked(types.WINDOW_SHOW_MESSAGE_REQUEST)
    question.answer(next(item for item in question.params.actions if item.title == title))


async def test_the_status_is_told_in_a_sentence_and_answered(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        for arguments in [(), ({"root": world.uri("app")},), (world.uri("app"),)]:
            status = editor.protocol._converter.structure(await editor.command("qwen.status", *arguments), wire.AuthStatus)
            assert (status.state, status.method) == ("signedIn", "openai")
            told = await editor.message()
            assert told.startswith("app: ") and "\n" not in told


async def test_the_status_of_two_folders_is_told_of_each(world, neovim):
    world.root("one"), world.root("two")
    async with world.editor(neovim, folders=("one", "two")) as editor:
        statuses = await editor.command("qwen.status")
        assert [status["root"] for status in statuses] == [world.uri("one"), world.uri("two")]
        told = await editor.message()
        assert "one: " in told and "two: " in told


async def test_a_model_is_chosen_from_a_question_or_by_an_argument(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        assert await editor.command("qwen.setModel") is None
        await choose(editor, "qwen3-max")
        assert "qwen3-max" in await editor.message()
        for argument in ("qwen3-coder-flash", {"model": "qwen3-coder-flash", "root": world.uri("app")}):
            assert await editor.command("qwen.setModel", argument) is None
            assert "qwen3-coder-flash" in await editor.message()


async def test_the_method_is_chosen_from_a_question_or_by_an_argument(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        assert await editor.command("qwen.switchAuth") is None
        await choose(editor, "API key")
        assert "switched to API key" in await editor.message()
        assert await editor.command("qwen.switchAuth", {"method": "openai"}) is None
        assert "switched to API key" in await editor.message()


async def test_no_choice_is_no_change_and_no_message(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        for command in ("qwen.switchAuth", "qwen.setModel"):
            assert await editor.command(command) is None
            (await editor.asked(types.WINDOW_SHOW_MESSAGE_REQUEST)).answer(None)
        status = await editor.send("qwen/auth", {"action": "status"})
        assert (status.method, status.model) == ("openai", "qwen3-coder-plus")


async def test_an_endpoint_is_trusted_by_a_click_or_by_an_argument(world, neovim):
    world.write("app/.env", "OPENAI_BASE_URL=https://llm.example.com/v1\n")
    world.environment["OPENAI_API_KEY"] = world.canaries[0]
    async with world.editor(neovim) as editor:
        assert (await editor.send("qwen/auth", {"action": "status"})).state == "refused"
        assert await editor.command("qwen.trustEndpoint") is None
        await choose(editor, "Trust it until the editor is closed")
        assert "https://llm.example.com is trusted" in await editor.message()
        assert (await editor.send("qwen/auth", {"action": "status"})).state == "signedIn"
        assert await editor.command("qwen.trustEndpoint", {"endpoint": "https://llm.example.com"}) is None
        assert "trusted" in await editor.message()


async def test_what_a_command_has_nothing_to_do_for_is_said(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        for command, word in [("qwen.trustEndpoint", "no endpoint waits"), ("qwen.chatSend", "no conversation is open")]:
            assert await editor.command(command) is None
            assert word in await editor.message()


async def test_suggestions_are_switched_off_and_on(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        assert await editor.command("qwen.toggleInlineCompletion") is None
        first = await editor.message()
        assert await editor.command("qwen.toggleInlineCompletion", {"enable": True}) is None
        assert await editor.message() != first


async def test_signing_out_says_what_it_did(world, neovim):
    async with world.editor(neovim) as editor:
        key = {"action": "setKey", "apiKey": world.canaries[0], "baseUrl": f"{world.standin.url}/v1", "store": "memory"}
        assert (await editor.send("qwen/auth", key)).state == "signedIn"
        assert await editor.command("qwen.signOut", {"method": "openai"}) is None
        assert "signed out" in await editor.message()
        assert await editor.command("qwen.signOut") is None
        await editor.message()


@pytest.mark.parametrize("command", sorted(COMMANDS))
async def test_a_wrong_argument_is_an_error_and_no_end(world, neovim, command):
    world.root()
    async with world.editor(neovim) as editor:
        for arguments in ([1], [[]], [True], [{"nonsense": 1}], [{"root": 1}], [{}, {}], [{"textDocument": "a"}]):
            params = types.ExecuteCommandParams(command=command, arguments=arguments)
            error = await editor.refused(editor.send(types.WORKSPACE_EXECUTE_COMMAND, params))
            assert error.code == INVALID_PARAMS, arguments
        assert (await editor.send("qwen/auth", {"action": "status"})).state == "signedIn"


@pytest.mark.parametrize("command", sorted(OF_A_FILE))
async def test_a_command_of_a_file_says_that_none_is_open(world, neovim, command):
    async with world.editor(neovim) as editor:
        error = await editor.refused(asyncio_command(editor, command))
        assert error.code == INVALID_PARAMS and "no .env file is open" in error.message


async def test_a_command_that_is_not_listed_is_refused(world, neovim):
    async with world.editor(neovim) as editor:
        error = await editor.refused(asyncio_command(editor, "qwen.unknown"))
        assert error.code == INVALID_PARAMS


def asyncio_command(editor, command):
    return editor.send(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(command=command))
