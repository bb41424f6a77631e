"""`qwen/auth` and `qwen/models`, for folders that each have a key of their own."""

from lsprotocol import types

from world import KEY, OTHER_KEY

INVALID_PARAMS = types.ErrorCodes.InvalidParams


def folder(world, name):
    return types.WorkspaceFolder(uri=world.uri(name), name=name)


async def asks_with(editor, root):
    """The fingerprint of the key that a root's question goes with: the stand-in answers with it."""
    result = await editor.send("qwen/chat", {"root": root, "messages": [{"role": "user", "content": "hi"}]})
    return result.message.content.split("**")[1].removeprefix("key ")


async def test_two_folders_ask_with_two_keys(world, capabilities):
    one, two = world.root("one", KEY), world.root("two", OTHER_KEY)
    async with world.editor(capabilities, folders=("one", "two")) as editor:
        assert [await asks_with(editor, root) for root in (one, two)] == ["sk-…cdef", "sk-…dcba"]
        statuses = [await editor.send("qwen/auth", {"action": "status", "root": root}) for root in (one, two)]
        assert [status.key for status in statuses] == ["sk-…cdef", "sk-…dcba"]
        document = {"textDocument": {"uri": f"{two}/src/a.rs"}}
        assert (await editor.send("qwen/auth", {"action": "status", **document})).root == two


async def test_without_a_root_among_several_the_answer_names_them(world, neovim):
    one, two = world.root("one"), world.root("two")
    async with world.editor(neovim, folders=("one", "two")) as editor:
        chat = {"messages": [{"role": "user", "content": "hi"}]}
        for method, params in [("qwen/auth", {"action": "status"}), ("qwen/models", {}), ("qwen/chat", chat)]:
            error = await editor.refused(editor.send(method, params))
            assert error.code == INVALID_PARAMS and one in error.message and two in error.message


async def test_folders_come_and_go(world, capabilities):
    one, two = world.root("one", KEY), world.root("two", OTHER_KEY)
    async with world.editor(capabilities, folders=("one",)) as editor:
        def change(added, removed):
            event = types.WorkspaceFoldersChangeEvent(added=added, removed=removed)
            editor.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event=event))
        change([folder(world, "two")], [])
        assert await asks_with(editor, two) == "sk-…dcba"
        error = await editor.refused(editor.send("qwen/models", {}))
        assert error.code == INVALID_PARAMS and two in error.message
        change([], [folder(world, "one")])
        assert (await editor.send("qwen/auth", {"action": "status"})).root == two


async def test_a_client_without_folders_is_served_by_its_root_uri(world, neovim):
    world.root()
    async with world.editor(neovim, folders=()) as editor:
        assert (await editor.send("qwen/auth", {"action": "status"})).root == world.uri("app")


async def test_a_key_is_set_used_and_forgotten(world, neovim):
    async with world.editor(neovim, qwen={"notifications": ["qwen/authStatusChanged"]}) as editor:
        key = {"action": "setKey", "apiKey": KEY, "baseUrl": f"{world.standin.url}/v1", "model": "m", "store": "memory"}
        status = await editor.send("qwen/auth", key)
        assert (status.state, status.key, status.model, status.origins.apiKey.kind) == (
            "signedIn", "sk-…cdef", "m", "keyring")
        assert await editor.told("qwen/authStatusChanged") == status
        status = await editor.send("qwen/auth", {"action": "signOut"})
        assert (status.state, status.problems[0].kind) == ("signedOut", "notSignedIn")
        assert await editor.told("qwen/authStatusChanged") == status


async def test_the_method_is_switched(world, neovim):
    world.root()
    async with world.editor(neovim) as editor:
        status = await editor.send("qwen/auth", {"action": "switch", "method": "openai"})
        assert (status.method, status.origins.method.kind) == ("openai", "client")


async def test_a_projects_endpoint_gets_the_users_key_only_when_it_is_trusted(world, neovim):
    world.write("app/.env", "OPENAI_BASE_URL=https://llm.example.com/v1\n")
    world.environment["OPENAI_API_KEY"] = KEY
    async with world.editor(neovim) as editor:
        status = await editor.send("qwen/auth", {"action": "status"})
        assert (status.state, [problem.kind for problem in status.problems]) == ("refused", ["endpointNotTrusted"])
        status = await editor.send("qwen/auth", {"action": "trust", "endpoint": "https://llm.example.com"})
        assert (status.state, status.problems) == ("signedIn", [])


async def test_wrong_params_are_the_editors_mistake(world, neovim):
    async with world.editor(neovim) as editor:
        for params in [{}, {"action": "fly"}, {"action": "setKey"}, {"action": "switch", "method": "x"}, [], None,
                       {"action": "status", "root": 1}, {"action": "status", "root": "https://example.com"}]:
            error = await editor.refused(editor.send("qwen/auth", params))
            assert error.code == INVALID_PARAMS, params


async def test_the_models_of_the_provider_are_listed_with_the_current_one(world, capabilities):
    world.root(model="my-own")
    async with world.editor(capabilities) as editor:
        models = (await editor.send("qwen/models", {"root": world.uri("app")})).models
        assert {"my-own", "qwen3-max"} <= {model.id for model in models}
        assert [model.id for model in models if model.current] == ["my-own"]


async def test_without_an_account_models_and_chat_say_what_to_do(world, neovim):
    async with world.editor(neovim) as editor:
        for method, params in [("qwen/models", {}), ("qwen/chat", {"messages": [{"role": "user", "content": "hi"}]})]:
            error = await editor.refused(editor.send(method, params))
            assert (error.code, error.data["kind"]) == (types.LSPErrorCodes.RequestFailed, "notSignedIn")
