"""Starts a language server as Zed does, and talks to it as Zed does."""
import json
import subprocess
import threading
from pathlib import Path

ACTION_KINDS = ["", "quickfix", "refactor", "source"]
CAPABILITIES = {
    "workspace": {"configuration": True, "workspaceFolders": True, "applyEdit": True},
    "textDocument": {"codeAction": {
        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ACTION_KINDS}},
        "resolveSupport": {"properties": ["edit", "command"]}, "dataSupport": True}},
}


class Server:
    """A server that was started by `command` and told what the extension said; ends with the block."""

    def __init__(self, command, root, initialization_options, configuration):
        path, arguments, environment = command
        self.configuration = configuration or {}
        self.process = subprocess.Popen([path, *arguments], env=environment, cwd=root,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # The limit only ends a check that fails: reading then meets the end of the stream.
        self.limit = threading.Timer(60, self.process.kill)
        self.limit.start()
        self.last = 0
        self.begun = set()  # requests whose answers nobody waits for
        folder = Path(root).as_uri()
        try:
            self.capabilities = self.request("initialize", {
                "processId": None, "rootUri": folder, "workspaceFolders": [{"uri": folder, "name": "root"}],
                "capabilities": CAPABILITIES, "clientInfo": {"name": "Zed"},
                "initializationOptions": initialization_options})["capabilities"]
            self.send({"method": "initialized", "params": {}})
        except BaseException:
            self._kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        try:
            if kind is None:
                self.request("shutdown")
                self.send({"method": "exit"})
                self.process.stdin.close()
                code = self.process.wait()
                if code != 0:
                    raise AssertionError(f"the server ended with {code}")
        finally:
            self._kill()

    def _kill(self):
        self.limit.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def open(self, path, language_id):
        path = Path(path)
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": path.as_uri(), "languageId": language_id, "version": 0, "text": path.read_text()}}})
        return {"uri": path.as_uri()}

    def request(self, method, params=None):
        """The result; meanwhile the server's own requests are answered as Zed answers them."""
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" not in message:
                if message["id"] in self.begun:
                    continue
                if message["id"] != self.last or "error" in message:
                    raise AssertionError(f"unexpected: {message}")
                return message["result"]
            if "id" in message:
                self.send({"id": message["id"], "result": self._answer(message)})

    def begin(self, method, params):
        """A request whose answer nobody waits for."""
        self.last += 1
        self.begun.add(self.last)
        self.send({"id": self.last, "method": method, "params": params})

    def _answer(self, message):
        if message["method"] == "workspace/applyEdit":
            return {"applied": True}
        if message["method"] != "workspace/configuration":
            return None
        # Zed answers a section with the member of that name, and no section with all.
        sections = [item.get("section") for item in message["params"]["items"]]
        return [self.configuration if name is None else self.configuration.get(name) for name in sections]

    def send(self, message):
        if message.get("params", message) is None:
            del message["params"]
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self):
        length = None
        while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":", 1)
            length = int(value) if name.lower() == "content-length" else length
        if length is None:
            raise AssertionError("the server ended, or did not answer in time")
        return json.loads(self.process.stdout.read(length))
