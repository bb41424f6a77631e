"""The stand-in for the model and the sign-in service, tests/editors/standin.mjs: all that it can do stands at its head."""

import asyncio
import json
import pathlib
import subprocess
import urllib.parse
import urllib.request

PROGRAM = pathlib.Path(__file__).parents[2] / "editors" / "standin.mjs"


class Standin:
    """One is enough for many tests: each begins with a reset."""

    def __init__(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(["node", str(PROGRAM)], stdin=pipe, stdout=pipe, text=True)
        self.url = self.process.stdout.readline().strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    async def reset(self):
        await self._post("/reset", {})

    async def script(self, **answer):
        """How the next completion is answered."""
        await self._post("/script", answer)

    async def release(self):
        await self._post("/release", {})

    async def approve(self):
        await self._post("/approve", {})

    async def deny(self):
        await self._post("/deny", {})

    async def requests(self):
        """Every completion that was asked for."""
        return await self._get("/requests")

    async def wait(self, **query):
        """The completions that fit, as soon as there are `count` of them."""
        return await self._get("/wait?" + urllib.parse.urlencode(query))

    async def _get(self, path):
        return await asyncio.to_thread(_fetch, self.url + path, None)

    async def _post(self, path, value):
        return await asyncio.to_thread(_fetch, self.url + path, json.dumps(value).encode())


def _fetch(url, body):
    request = urllib.request.Request(url, data=body)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
