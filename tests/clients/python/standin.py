"""The stand-in for the model and the sign-in service, tests/editors/standin.mjs: all that it can do stands at its head."""

import asyncio
import json
import pathlib
import urllib.parse
import urllib.request

PROGRAM = pathlib.Path(__file__).parents[2] / "editors" / "standin.mjs"


class Standin:
    @classmethod
    async def start(cls):
        standin = cls()
        pipe = asyncio.subprocess.PIPE
        standin.process = await asyncio.create_subprocess_exec("node", str(PROGRAM), stdin=pipe, stdout=pipe)
        standin.url = (await standin.process.stdout.readline()).decode().strip()
        return standin

    async def stop(self):
        self.process.stdin.close()
        await self.process.wait()

    async def script(self, **answer):
        """How the next completion is answered."""
        await self._post("/script", answer)

    async def models(self, *names):
        await self._post("/models", {"models": names})

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
