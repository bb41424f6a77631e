"""A lens is not asked for again by itself."""

import attrs
from lsprotocol import types

from buffer import Buffer
from test_dotenv import ask


async def test_a_lens_that_became_wrong_is_refreshed(world, vscode):
    """LSP: `workspace/codeLens/refresh`, for clients with `workspace.codeLens.refreshSupport`."""
    world.root()
    refreshing = types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    capabilities = attrs.evolve(vscode, workspace=attrs.evolve(vscode.workspace, code_lens=refreshing))
    async with world.editor(capabilities) as editor:
        editor.ignored.add(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        buffer = Buffer(editor, world.uri("app/.qwen/.env"), world.dotenv(), "dotenv")
        (before,) = await ask(editor, types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams, buffer)
        await editor.command("qwen.setModel", "other")
        await editor.message()
        (after,) = await ask(editor, types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensParams, buffer)
        assert before.command.title != after.command.title
        assert editor.refreshed == [types.WORKSPACE_CODE_LENS_REFRESH]
