"""What the tests are given: a world, the capabilities of real editors, and a log that must stay empty."""

import logging

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import client_capabilities

pytest.register_assert_rewrite("editor", "world", "strict")

from editor import Refusal
from standin import Standin
from world import World

# As pytest-lsp knows them.
EDITORS = ["neovim@v0.6.1", "neovim@v0.10.0", "neovim@v0.11.0", "visual_studio_code@v1.65.2", "emacs@v29.1"]


@pytest.fixture(params=EDITORS)
def capabilities(request) -> types.ClientCapabilities:
    return client_capabilities(request.param)


@pytest.fixture
def vscode() -> types.ClientCapabilities:
    return client_capabilities("visual_studio_code@v1.65.2")


@pytest.fixture
def neovim() -> types.ClientCapabilities:
    return client_capabilities("neovim@v0.11.0")


@pytest.fixture(scope="session")
def standin():
    standin = Standin()
    yield standin
    standin.stop()


@pytest_asyncio.fixture
async def world(tmp_path, standin):
    await standin.reset()
    return World(tmp_path, standin)


@pytest.fixture(autouse=True)
def nothing_is_complained_of(caplog):
    """pygls logs a message that it does not know, and an answer that nobody waits for."""
    yield
    def is_fault(record):
        return record.levelno >= logging.WARNING and not (record.exc_info and isinstance(record.exc_info[1], Refusal))
    assert [record.getMessage() for record in caplog.get_records("call") if is_fault(record)] == []


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """The line that tests/run looks for. An error in a test's end counts as a failure."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    counts = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "error")}
    print(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed")
