"""Starts a language server as Zed does, and asks it for its status."""
import json
import subprocess
import threading
import time
from pathlib import Path


def status(command, root, initialization_options, configuration, wanted):
    """The server's `qwen/auth` status, asked until `wanted` holds of it: it pulls its settings in its own time."""
    path, arguments, environment = command
    server = subprocess.Popen([path, *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    # The limit only ends a failing check: reading then meets the end of the stream.
    limit = threading.Timer(30, server.kill)
    limit.start()
    try:
        folder = Path(root).as_uri()
        send(server, {"id": 1, "method": "initialize", "params": {
            "processId": None, "rootUri": folder, "workspaceFolders": [{"uri": folder, "name": "root"}],
            "capabilities": {"workspace": {"configuration": True, "workspaceFolders": True}},
            "clientInfo": {"name": "Zed"}, "initializationOptions": initialization_options}})
        answer(server, 1, configuration)
        send(server, {"method": "initialized", "params": {}})
        found, end = None, time.monotonic() + 20
        while not found or not wanted(found) and time.monotonic() < end:
            send(server, {"id": 2, "method": "qwen/auth", "params": {"action": "status"}})
            found = answer(server, 2, configuration)
        send(server, {"id": 3, "method": "shutdown"})
        answer(server, 3, configuration)
        send(server, {"method": "exit"})
        server.stdin.close()
        code = server.wait()
        if code != 0:
            raise AssertionError(f"the server ended with {code}")
        return found
    finally:
        limit.cancel()
        if server.poll() is None:
            server.kill()
            server.wait()
        server.stdout.close()


def send(server, message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    server.stdin.flush()


def answer(server, id, configuration):
    """The result of request `id`; meanwhile the server's own requests are answered as Zed answers them."""
    while True:
        message = receive(server)
        if "method" not in message:
            if message["id"] != id or "error" in message:
                raise AssertionError(f"unexpected: {message}")
            return message["result"]
        if message["method"] == "workspace/configuration":
            wanted = [item.get("section") for item in message["params"]["items"]]
            everything = configuration or {}
            send(server, {"id": message["id"], "result": [
                everything if section is None else everything.get(section) for section in wanted]})
        elif "id" in message:
            send(server, {"id": message["id"], "result": None})


def receive(server):
    length = None
    while (line := server.stdout.readline()) not in (b"\r\n", b""):
        name, value = line.decode().split(":", 1)
        length = int(value) if name.lower() == "content-length" else length
    if length is None:
        raise AssertionError("the server ended, or did not answer in 30 s")
    return json.loads(server.stdout.read(length))
