"""`textDocument/inlineCompletion`, and the same in the completion menu."""

from lsprotocol import types

from buffer import Buffer
from silent import Silent

TRIGGERS = types.InlineCompletionTriggerKind
MODEL = "qwen2.5-coder:7b"


async def suggested(editor, buffer, position, trigger=TRIGGERS.Invoked, selected=None):
    context = types.InlineCompletionContext(trigger_kind=trigger, selected_completion_info=selected)
    params = types.InlineCompletionParams(text_document=buffer.identifier, position=position, context=context)
    return await editor.send(types.TEXT_DOCUMENT_INLINE_COMPLETION, params)


async def test_without_an_account_nothing_is_suggested_and_no_error_comes(world, capabilities):
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/a.rs"), "x\n", "rust")
        for trigger in TRIGGERS:
            assert (await suggested(editor, buffer, buffer.position("x"), trigger)).items == ()
        assert "no suggestions" in (await editor.told(types.WINDOW_LOG_MESSAGE)).message


async def test_a_cancelled_request_hangs_up_on_the_model(world, neovim):
    async with Silent.serve() as model:
        world.write("app/.qwen/.env", world.dotenv(model=MODEL).replace(world.standin.url, model.url))
        async with world.editor(neovim) as editor:
            buffer = Buffer(editor, world.uri("app/a.rs"), "x = ;\n", "rust")
            context = types.InlineCompletionContext(trigger_kind=TRIGGERS.Invoked)
            params = types.InlineCompletionParams(text_document=buffer.identifier, position=buffer.position(";"),
                                                  context=context)
            asked = editor.send(types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id="inline")
            await model.asked.wait()
            editor.cancel_request(types.CancelParams(id="inline"))
            assert (await editor.refused(asked)).code == types.LSPErrorCodes.RequestCancelled
            await model.hung_up.wait()


async def test_the_menu_is_off_where_nobody_asked_for_it(world, capabilities):
    world.root(model=MODEL)
    async with world.editor(capabilities) as editor:
        buffer = Buffer(editor, world.uri("app/a.rs"), "x = ;\n", "rust")
        params = types.CompletionParams(text_document=buffer.identifier, position=buffer.position(";"))
        assert not await editor.send(types.TEXT_DOCUMENT_COMPLETION, params)
        assert await world.standin.requests() == []


async def test_the_menu_has_the_suggestion_where_the_user_wants_that(world, capabilities):
    world.root(model=MODEL)
    async with world.editor(capabilities, qwen={"inlineCompletion": {"inMenu": True}}) as editor:
        await world.standin.script(deltas=["gth()"])
        buffer = Buffer(editor, world.uri("app/a.rs"), "密🙂.len;\n", "rust")
        context = types.CompletionContext(trigger_kind=types.CompletionTriggerKind.Invoked)
        params = types.CompletionParams(text_document=buffer.identifier, position=buffer.position(";"), context=context)
        list_ = await editor.send(types.TEXT_DOCUMENT_COMPLETION, params)
        (item,) = list_.items
        assert list_.is_incomplete and item.label == "length()"
        assert item.text_edit == types.TextEdit(range=buffer.range("len"), new_text="length()")
