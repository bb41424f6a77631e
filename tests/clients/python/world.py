"""A home, roots with files, a stand-in for the services, and nothing of the machine that the tests run on."""

import contextlib
import os
import pathlib

from lsprotocol import types
from pytest_lsp import ClientServerConfig

from editor import Editor
from standin import Standin

REPOSITORY = pathlib.Path(__file__).parents[3]
SERVER = os.environ.get("QWEN_LANGUAGE_SERVER") or str(REPOSITORY / "target/debug/qwen-language-server")
KEY = "sk-canary-python-0123456789abcdef"
OTHER_KEY = "sk-canary-other-0123456789fedcba"


class World:
    def __init__(self, directory: pathlib.Path, standin: Standin):
        self.directory = directory
        self.standin = standin
        # The tokens of the stand-in's sign-in begin so.
        self.canaries = [KEY, OTHER_KEY, "access-standin-", "refresh-standin-"]
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={directory}/no-bus",
                            "QWEN_OAUTH_BASE_URL": standin.url, "PATH": str(directory / "bin")}
        for name, below in [("HOME", "home"), ("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run"), ("TMPDIR", "tmp")]:
            (directory / below).mkdir(mode=0o700)
            self.environment[name] = str(directory / below)

    def write(self, name, text, mode=0o600):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
        path.chmod(mode)
        return path

    def dotenv(self, key=KEY, model="qwen3-coder-plus"):
        """The lines that lead to the stand-in."""
        return f"OPENAI_API_KEY={key}\nOPENAI_BASE_URL={self.standin.url}/v1\nOPENAI_MODEL={model}\n"

    def root(self, name="app", key=KEY, model="qwen3-coder-plus"):
        """A root with a key of its own that leads to the stand-in."""
        self.write(f"{name}/.qwen/.env", self.dotenv(key, model))
        return self.uri(name)

    def uri(self, name):
        return (self.directory / name).as_uri()

    @contextlib.asynccontextmanager
    async def editor(self, capabilities=types.ClientCapabilities(), folders=("app",), qwen=None):
        """An editor on these folders; at its end it asks for a clean one, and looks for what must not be there."""
        for name in folders:
            (self.directory / name).mkdir(exist_ok=True)
        config = ClientServerConfig([SERVER], client_factory=Editor, server_env=self.environment)
        editor = await config.start()
        try:
            workspace_folders = [types.WorkspaceFolder(uri=self.uri(name), name=name) for name in folders]
            options = None if qwen is None else {"qwen": qwen}
            # `root_uri` is required, and the folders win over it.
            params = types.InitializeParams(capabilities=capabilities, workspace_folders=workspace_folders,
                                            root_uri=self.uri((*folders, "app")[0]), initialization_options=options)
            editor.server = await editor.initialize_session(params)
            yield editor
            await editor.close(self.canaries)
        except BaseException:
            print("\n".join(line if len(line) < 2000 else f"{line[:2000]}…" for line in editor.protocol.transcript[2:]))
            raise
        finally:
            await editor.end()
        self._assert_no_canary_in_files()

    def _assert_no_canary_in_files(self):
        """No log, no state, no conversation holds a key."""
        for below in ("state", "tmp", "run"):
            for path in (self.directory / below).rglob("*"):
                text = path.read_bytes() if path.is_file() else b""
                assert not any(canary.encode() in text for canary in self.canaries), f"a key in {path}"
