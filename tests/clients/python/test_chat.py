"""`qwen/chat`: the deltas of an answer, its end, and its cancelling."""

import pytest
from lsprotocol import types

from buffer import Buffer


def question(text="hi", **more):
    return {"messages": [{"role": "user", "content": text}], **more}


async def test_an_answer_is_typed_and_names_its_model_and_its_root(world, capabilities):
    root = world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=["Hel", "lo 密🙂"], reasoning=["hm"])
        result = await editor.send("qwen/chat", question())
        assert (result.message.content, result.message.reasoning) == ("Hello 密🙂", "hm")
        assert (result.root, result.method, result.model, result.requestedModel, result.finishReason) == (
            root, "openai", "qwen3-coder-plus", "qwen3-coder-plus", "stop")
        assert result.usage.totalTokens == 12


@pytest.mark.parametrize("token", ["chat-1", 1, "0", 2147483647])
async def test_every_delta_precedes_the_answer_and_together_they_are_the_answer(world, neovim, token):
    world.root()
    async with world.editor(neovim) as editor:
        deltas = ["one", "\n", "two ", "", "密🙂"]
        await world.standin.script(deltas=deltas)
        result = await editor.send("qwen/chat", question(partialResultToken=token))
        said = [delta.content for delta in editor.progress[token] if delta.content]
        assert said == [delta for delta in deltas if delta] and "".join(said) == result.message.content


async def test_the_calls_of_tools_are_handed_over(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        call = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
        await world.standin.script(toolCalls=[call])
        tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
        result = await editor.send("qwen/chat", question(tools=[tool], partialResultToken="t"))
        assert result.finishReason == "toolCalls" and len(result.message.toolCalls) == 1
        assert any(delta.toolCalls for delta in editor.progress["t"])


async def test_cancelling_the_request_hangs_up_on_the_model(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        await world.standin.script(deltas=["Hel"], hold=True)
        chat = editor.send("qwen/chat", question(partialResultToken="t"), msg_id="chat")
        assert (await editor.told("t")).content == "Hel"
        editor.cancel_request(types.CancelParams(id="chat"))
        assert (await editor.refused(chat)).code == types.LSPErrorCodes.RequestCancelled
        await world.standin.wait(outcome="hungUp")


async def test_cancelling_the_progress_hangs_up_on_the_model_and_ends_the_progress(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        await world.standin.script(deltas=["Hel"], hold=True)
        chat = editor.send("qwen/chat", question(workDoneToken="work", partialResultToken="t"))
        assert (await editor.told("t")).content == "Hel"
        editor.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token="work"))
        assert (await editor.refused(chat)).code == types.LSPErrorCodes.RequestCancelled
        await world.standin.wait(outcome="hungUp")
        assert isinstance(editor.progress["work"][-1], types.WorkDoneProgressEnd)


async def test_an_answer_under_way_does_not_keep_the_server_from_ending(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        await world.standin.script(deltas=["Hel"], hold=True)
        chat = editor.send("qwen/chat", question(partialResultToken="t"))
        await editor.told("t")
        await editor.shutdown_async(None)
        editor.exit(None)
        assert await editor._server.wait() == 0
        editor.is_ended = True
        with pytest.raises(Exception):
            await chat
        await world.standin.wait(outcome="hungUp")


async def test_an_open_document_is_sent_as_the_editor_has_it(world, capabilities):
    world.root()
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/a.rs"), "// 密🙂\nfn main() {}\n", "rust")
        buffer.replace("main", "unsaved🙂")
        part = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}}
        await editor.send("qwen/chat", question("why?", context=[{"uri": buffer.uri, "range": part}]))
        (asked,) = await world.standin.requests()
        assert "fn unsaved🙂() {}" in asked["said"] and "密" not in asked["said"]


async def test_a_refused_key_is_named_by_its_kind_and_never_shown(world, neovim):
    world.canaries.append("sk-canary-refused")
    world.root(key="sk-canary-refused")
    async with world.editor(neovim) as editor:
        error = await editor.refused(editor.send("qwen/chat", question()))
        assert (error.code, error.data["kind"], error.data["status"]) == (
            types.LSPErrorCodes.RequestFailed, "invalidKey", 401)
        assert error.data["command"]["command"] in editor.server.capabilities.execute_command_provider.commands


async def test_wrong_params_are_the_editors_mistake(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        for params in [{}, {"messages": "hi"}, {"messages": [{"role": "king", "content": "hi"}]}, [],
                       question(temperature="hot"), question(partialResultToken={}), question(context=[{"uri": 1}])]:
            error = await editor.refused(editor.send("qwen/chat", params))
            assert error.code == types.ErrorCodes.InvalidParams, params
