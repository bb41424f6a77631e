"""The extension as Zed would meet it: its files, its component, and what it answers. Usage: checks.py FOLDER"""
import contextlib
import json
import os
import re
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11
    import tomli as tomllib

from client import Server
from host import ENGINE, ID, Refused, Zed, api_versions, load

EXTENSION = Path(__file__).resolve().parents[3] / "editors/zed"
MANIFEST = tomllib.loads((EXTENSION / "extension.toml").read_text())
CARGO = tomllib.loads((EXTENSION / "Cargo.toml").read_text())
README = (EXTENSION / "README.md").read_text()
SERVER = os.environ["QWEN_LANGUAGE_SERVER"]
# Zed looks for the component under the package's name.
FILE = Path(sys.argv[1]) / (CARGO["package"]["name"].replace("-", "_") + ".wasm")
ON_PATH = {"qwen-language-server": "/usr/bin/qwen-language-server"}

# LSP's own names, and those of VS Code for what LSP does not name.
LANGUAGE_IDS = set("""c cpp csharp css dart dockerfile elixir go haskell html java javascript json lua markdown php
    plaintext python ruby rust scala scss shellscript sql swift typescript typescriptreact yaml
    jsonc kotlin toml""".split())

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def lsp(**settings):
    return {"lsp": {"qwen": settings}}


def equal(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def readme_settings():
    """The settings that the README tells a user to write."""
    return json.loads(re.search(r"```json\n(.*?)```", README, re.S)[1])


@check
def the_manifest_has_all_that_zed_requires():
    for name in ("id", "name", "version", "description", "repository"):
        assert MANIFEST.get(name) and isinstance(MANIFEST[name], str), name
    equal(MANIFEST["schema_version"], 1)
    assert MANIFEST["authors"]
    # Zed's registry refuses ids with its own name in them.
    assert not re.search("zed|extension", MANIFEST["id"]) and re.fullmatch("[a-z0-9-]+", MANIFEST["id"]), MANIFEST["id"]


@check
def the_manifest_and_the_crate_say_the_same_version():
    equal(MANIFEST["version"], CARGO["package"]["version"])
    equal(CARGO["lib"]["crate-type"], ["cdylib"])


@check
def the_server_of_the_manifest_is_the_one_that_the_readme_sets():
    equal(list(MANIFEST["language_servers"]), list(readme_settings()["lsp"]))
    languages = MANIFEST["language_servers"]["qwen"]["languages"]
    equal(len(set(languages)), len(languages))
    # What Zed calls a language where the manifest does not say.
    ids = {name: "plaintext" if name == "Plain Text" else name.lower() for name in languages}
    ids.update(MANIFEST["language_servers"]["qwen"]["language_ids"])
    assert set(ids) == set(languages) and set(ids.values()) <= LANGUAGE_IDS, set(ids.values()) - LANGUAGE_IDS
    # Chat documents are Markdown, and Zed takes `.env` for a shell script.
    assert {"Markdown", "Shell Script"} <= set(languages), languages


@check
def the_component_is_valid_and_says_api_0_7():
    exports = set(load(FILE).type.exports(ENGINE))
    assert {"init-extension", "language-server-command"} <= exports, exports
    versions = api_versions(FILE)
    equal([version[:2] for version in versions], [(0, 7)])
    assert CARGO["dependencies"]["zed_extension_api"].startswith("0.7")


@check
def a_server_on_path_is_started_with_the_shells_environment():
    with Zed(COMPONENT, ON_PATH, {"HOME": "/home/me", "PATH": "/usr/bin"}) as zed:
        equal(zed.command(), ("/usr/bin/qwen-language-server", [], {"HOME": "/home/me", "PATH": "/usr/bin"}))
        equal(zed.asked, [("settings", "lsp", "qwen", ID), ("which", "qwen-language-server")])


@check
def without_a_server_the_error_names_how_to_install_it_and_the_setting():
    with Zed(COMPONENT, {"another-server": "/usr/bin/another-server"}) as zed:
        try:
            raise AssertionError(f"started {zed.command()}")
        except Refused as error:
            equal(str(error), "`qwen-language-server` is not on PATH; install it (`cargo install --path server` in its "
                              "repository), or name it in the settings as `lsp.qwen.binary.path`")
    assert "cargo install --path server" in README


@check
def the_server_of_the_settings_wins_over_the_one_on_path():
    binary = {"path": "/opt/qwen", "arguments": ["--stdio"], "env": {"PATH": "/opt", "QWEN_LOG": "debug"}}
    with Zed(COMPONENT, ON_PATH, {"HOME": "/home/me", "PATH": "/usr/bin"}, lsp(binary=binary)) as zed:
        equal(zed.command(), ("/opt/qwen", ["--stdio"], {"HOME": "/home/me", "PATH": "/opt", "QWEN_LOG": "debug"}))


@check
def arguments_of_the_settings_go_to_the_server_on_path_too():
    with Zed(COMPONENT, ON_PATH, settings=lsp(binary={"arguments": ["--stdio"]})) as zed:
        equal(zed.command(), ("/usr/bin/qwen-language-server", ["--stdio"], {}))


@check
def settings_are_handed_on_each_in_its_own_way():
    options, settings = {"qwen": {"model": "a"}}, {"qwen": {"model": "b", "requestTimeout": 9}, "other": [None, "ü"]}
    with Zed(COMPONENT, settings=lsp(initialization_options=options, settings=settings)) as zed:
        equal(zed.initialization_options(), options)
        equal(zed.workspace_configuration(), settings)


@check
def no_settings_are_handed_on_as_none():
    other = {"lsp": {"rust-analyzer": {"settings": {"a": 1}, "initialization_options": {"b": 2}}}}
    with Zed(COMPONENT, ON_PATH, settings=other) as zed:
        equal((zed.initialization_options(), zed.workspace_configuration()), (None, None))


@check
def the_server_path_of_the_readme_is_the_one_that_is_started():
    settings = readme_settings()
    with Zed(COMPONENT, ON_PATH, settings=settings) as zed:
        equal(zed.command()[0], settings["lsp"]["qwen"]["binary"]["path"])


@check
def the_model_of_the_readmes_settings_reaches_the_server():
    handed_on(readme_settings()["lsp"]["qwen"]["settings"], "settings")


@check
def the_model_of_initialization_options_reaches_the_server():
    handed_on({"qwen": {"model": "model-of-the-options"}}, "initialization_options")


def handed_on(section, member):
    model = section["qwen"]["model"]
    with started(lsp(**{member: section})) as (server, _root):
        end = time.monotonic() + 20
        while True:  # it pulls its settings in its own time
            status = server.request("qwen/auth", {"action": "status"})
            found = status.get("model"), status["origins"].get("model", {}).get("kind")
            if found == (model, "client") or time.monotonic() > end:
                break
    equal(found, (model, "client"))


@check
def a_server_with_arguments_that_other_editors_add_answers():
    with started(lsp(binary={"arguments": ["--stdio"]})) as (server, _root):
        equal(server.request("qwen/auth", {"action": "status"})["state"], "signedIn")


@check
def every_command_and_action_that_the_readme_names_is_there():
    # A model that takes the connection and says nothing: the answer stays under way.
    with socket.create_server(("127.0.0.1", 0)) as model, started() as (server, root):
        with open(root / ".qwen/.env", "a") as env:
            env.write(f"OPENAI_BASE_URL=http://127.0.0.1:{model.getsockname()[1]}/v1\n")
        (root / "talk.qwen.md").write_text("## You\n\nHello\n")
        document = server.open(root / "talk.qwen.md", "markdown")
        listed = set(server.capabilities["executeCommandProvider"]["commands"])
        shown = offered(server, document, listed)
        server.begin("workspace/executeCommand", {"command": "qwen.chatSend", "arguments": [document]})
        while True:
            shown |= (now := offered(server, document, listed))
            if "Qwen: stop the answer" in now:
                break
    named = set(re.findall(r"`(qwen\.\w+)`", README))
    assert named and named <= listed, named - listed
    named = set(re.findall("«(.*?)»", README))
    assert named and named <= shown, f"{named - shown} of {shown}"


def offered(server, document, listed):
    """The titles of a chat document's code actions and lenses. Zed hides those whose command is not listed."""
    start = {"line": 2, "character": 0}
    actions = server.request("textDocument/codeAction", {
        "textDocument": document, "range": {"start": start, "end": start}, "context": {"diagnostics": []}})
    lenses = server.request("textDocument/codeLens", {"textDocument": document})
    return {item["command"]["title"] for item in actions + (lenses or []) if item["command"]["command"] in listed}


@check
def the_page_for_other_editors_names_every_command():
    page = (EXTENSION.parent / "README.md").read_text()
    with started() as (server, _root):
        listed = set(server.capabilities["executeCommandProvider"]["commands"])
    # Those of an `.env` file's code actions need what the action knows.
    listed = {name for name in listed if not name.startswith("qwen.env.")}
    equal(set(re.findall(r"^\| `(qwen\.\w+)` \|", page, re.M)), listed)
    equal(set(re.findall(r'"(qwen\.\w+)"', re.search(r"```elisp\n(.*?)```", page, re.S)[1])), listed)


@contextlib.contextmanager
def started(settings=None):
    """The real server, started as the extension says, in a home of its own with one root that has a key."""
    with tempfile.TemporaryDirectory(prefix="qwen-zed-home-") as home:
        root = Path(home, "root")
        (root / ".qwen").mkdir(parents=True)
        (root / ".qwen/.env").write_text("OPENAI_API_KEY=sk-a-key-of-this-check\n")
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        with Zed(COMPONENT, {"qwen-language-server": SERVER}, environment, settings) as zed:
            said = zed.command(), root, zed.initialization_options(), zed.workspace_configuration()
        with Server(*said) as server:
            yield server, root


COMPONENT = load(FILE)

failed = 0
for run in CHECKS:
    name, began = run.__name__.replace("_", " "), time.monotonic()
    try:
        run()
        print(f"  ok      {name} ({time.monotonic() - began:.1f} s)")
    except Exception:  # a panic of the extension's is an Exception too
        failed += 1
        print(f"  FAILED  {name}\n" + re.sub("^", " " * 12, traceback.format_exc(), flags=re.M))
print(f"{len(CHECKS) - failed} passed, {failed} failed")
sys.exit(failed > 0)
