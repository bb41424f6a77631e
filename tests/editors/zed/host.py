"""What Zed is to an extension, without Zed: a host that answers the component's questions and calls its exports."""
import json
import tempfile

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, ResourceHost, ResourceType, Variant

ENGINE = Engine()
# Of the resources only worktrees are handed out, yet a component names all three.
KINDS = {"worktree": 1, "project": 2, "key-value-store": 3}
ID = 7


class Refused(Exception):
    """The extension's own error: the text that Zed would show."""


class Zed:
    """One worktree and the extension started for it.

    `programs` is what is on PATH (name to path), `environment` the shell's, `settings` the user's settings.json.
    """

    def __init__(self, component, programs=None, environment=None, settings=None):
        self.programs, self.environment = programs or {}, environment or {}
        self.settings = settings or {}
        self.asked = []  # what the extension asked for, in order
        self.store = Store(ENGINE)
        self.folder = tempfile.TemporaryDirectory(prefix="qwen-zed-")
        wasi = WasiConfig()
        # register_extension! enters PWD, so without it the extension panics as it starts.
        wasi.env = [("PWD", self.folder.name)]
        wasi.preopen_dir(self.folder.name, self.folder.name)
        wasi.inherit_stderr()
        self.store.set_wasi(wasi)
        self.instance = self._linker().instantiate(self.store, component)
        self._export("init-extension")(self.store)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    # define_unknown_imports_as_traps would shadow the wasi that wasmtime has: what the extension may ask is listed
    # here, and a component that asks for more does not start.
    def _linker(self):
        linker = Linker(ENGINE)
        linker.add_wasip2()
        with linker.root() as root:
            for name, kind in KINDS.items():
                root.add_resource(name, ResourceType.host(kind), lambda _store, _resource: None)
            root.add_func("[method]worktree.id", self._about(lambda: ID))
            root.add_func("[method]worktree.root-path", self._about(lambda: "/worktree"))
            root.add_func("[method]worktree.which", self._about(self._which))
            root.add_func("[method]worktree.shell-env", self._about(lambda: list(self.environment.items())))
            root.add_func("get-settings", lambda _store, *asked: self._get_settings(*asked))
        return linker

    def _about(self, answer):
        def call(store, worktree, *arguments):
            worktree.drop(store)  # a borrow that is kept is an error at the end of the call
            return answer(*arguments)
        return call

    def _which(self, name):
        self.asked.append(("which", name))
        return self.programs.get(name)

    def _get_settings(self, location, category, key):
        self.asked.append(("settings", category, key, location and getattr(location, "worktree-id")))
        found = self.settings.get(category, {}).get(key, {})
        # Zed writes every member, null where the user set nothing.
        answer = {name: found.get(name) for name in ("binary", "initialization_options", "settings")}
        if answer["binary"] is not None:
            answer["binary"] = {name: answer["binary"].get(name) for name in ("path", "arguments", "env")}
        return Variant("ok", json.dumps(answer))

    def _export(self, name):
        function = self.instance.get_func(self.store, name)
        if function is None:
            raise AssertionError(f"the component exports no {name}")
        return function

    def _call(self, name, server):
        worktree = ResourceHost.own(ID, KINDS["worktree"]).to_any(self.store)
        try:
            return self._export(name)(self.store, server, worktree)
        finally:
            worktree.drop(self.store)

    def command(self, server="qwen"):
        """The program that Zed starts: path, arguments, environment."""
        answer = self._call("language-server-command", server)
        if isinstance(answer, str):
            raise Refused(answer)
        environment = dict(answer.env)
        if len(environment) != len(answer.env):
            raise AssertionError(f"a variable is named twice: {answer.env}")
        return answer.command, answer.args, environment

    def initialization_options(self, server="qwen"):
        return self._json(self._call("language-server-initialization-options", server))

    def workspace_configuration(self, server="qwen"):
        return self._json(self._call("language-server-workspace-configuration", server))

    @staticmethod
    def _json(answer):
        if answer.tag == "err":
            raise Refused(answer.payload)
        return None if answer.payload is None else json.loads(answer.payload)


def load(path):
    """The component; wasmtime refuses to compile one that is not valid."""
    with open(path, "rb") as file:
        return Component(ENGINE, file.read())


def sections(wasm):
    """Every section of a component and of the modules in it: (id, contents)."""
    at = 8  # after the magic and the version
    while at < len(wasm):
        kind, at, size, shift = wasm[at], at + 1, 0, 0
        while True:
            byte, at = wasm[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        contents, at = wasm[at:at + size], at + size
        yield kind, contents
        is_component = wasm[4:8] == b"\x0d\x00\x01\x00"
        if is_component and kind in (1, 4):  # a core module, a component
            yield from sections(contents)


def api_versions(path):
    """Every `zed:api-version` that the file carries: three numbers of two bytes, big end first."""
    with open(path, "rb") as file:
        wasm = file.read()
    name = b"zed:api-version"
    found = [contents[1 + len(name):] for kind, contents in sections(wasm)
             if kind == 0 and contents[:1 + len(name)] == bytes([len(name)]) + name]
    return [tuple(int.from_bytes(bytes_[at:at + 2], "big") for at in (0, 2, 4)) for bytes_ in found]
