"""A model that takes a question and says nothing, until whoever asked hangs up."""

import asyncio
import contextlib


class Silent:
    def __init__(self):
        self.asked = asyncio.Event()
        self.hung_up = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def serve(cls):
        silent = cls()
        async with await asyncio.start_server(silent._take, "127.0.0.1", 0) as server:
            silent.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            yield silent

    async def _take(self, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        await reader.read()
        self.hung_up.set()
        writer.close()
