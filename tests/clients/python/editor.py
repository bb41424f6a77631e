"""pytest-lsp's client. What the server says and asks waits here until a test claims it; what nobody claims is a fault."""

import asyncio
import collections
import functools

import attrs
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import default_converter
from pytest_lsp.client import LanguageClient

import wire
from strict import StrictProtocol

# A limit for tests that fail; none that passes waits for it.
LIMIT = 20

NOTIFICATIONS = [types.WINDOW_SHOW_MESSAGE, types.WINDOW_LOG_MESSAGE, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS,
                 "qwen/authStatusChanged", "qwen/deviceAuthorization"]
REFRESHES = [types.WORKSPACE_DIAGNOSTIC_REFRESH, types.WORKSPACE_CODE_LENS_REFRESH, types.WORKSPACE_INLAY_HINT_REFRESH]
REQUESTS = [types.WINDOW_SHOW_DOCUMENT, types.WINDOW_SHOW_MESSAGE_REQUEST, types.WORKSPACE_APPLY_EDIT]


@functools.cache
def converter():
    """One for all editors: what it makes of lsprotocol's types takes longer than a test does."""
    return default_converter()


class Refusal(JsonRpcException):
    """A test's own "no" to a request of the server's."""


@attrs.define
class Question:
    """A request of the server's."""

    params: object
    _answer: asyncio.Future = attrs.field(factory=lambda: asyncio.get_running_loop().create_future())

    def answer(self, result):
        self._answer.set_result(result)

    async def taken_back(self):
        """Waits until the server wants no answer any more."""
        await asyncio.wait_for(asyncio.wait([self._answer]), LIMIT)
        assert self._answer.cancelled()

    def refuse(self, code):
        self._answer.set_exception(Refusal("the test refuses", code=code))


class Editor(LanguageClient):
    def __init__(self):
        super().__init__(protocol_cls=StrictProtocol, converter_factory=converter)
        self.arrived = collections.defaultdict(asyncio.Queue)
        self.progress: dict = {}
        self.created: list = []
        self.refreshed: list[str] = []
        self.faults: list[str] = []
        self.stderr = b""
        self.ignored = {types.WINDOW_LOG_MESSAGE}
        self.server: types.InitializeResult
        # Whether the test ended the server in its own way.
        self.is_ended = False
        for method in NOTIFICATIONS:
            self.feature(method)(self._keeper(method))
        for method in REQUESTS:
            self.feature(method)(self._asker(method))
        self.feature(types.PROGRESS)(lambda params: self._progress(params))
        self.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)(lambda params: self.created.append(params.token))
        self.feature(types.WORKSPACE_CONFIGURATION)(lambda params: [None for _ in params.items])
        for method in REFRESHES:
            self.feature(method)(functools.partial(self._refresh, method))
        self.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: self._register(params))

    def _refresh(self, method, params):
        self.refreshed.append(method)

    def _keeper(self, method):
        return lambda params: self.arrived[method].put_nowait(params)

    def _asker(self, method):
        async def ask(params):
            question = Question(params)
            self.arrived[method].put_nowait(question)
            return await question._answer
        return ask

    def _progress(self, params: types.ProgressParams):
        kind = params.value.get("kind")
        of_kind = {"begin": types.WorkDoneProgressBegin, "report": types.WorkDoneProgressReport,
                   "end": types.WorkDoneProgressEnd}.get(kind, wire.ChatDelta)
        value = self.protocol.value_of_progress(params, of_kind)
        before = self.progress.setdefault(params.token, [])
        if kind is not None:
            is_begun = any(isinstance(other, types.WorkDoneProgressBegin) for other in before)
            is_ended = any(isinstance(other, types.WorkDoneProgressEnd) for other in before)
            if is_ended or is_begun == (kind == "begin"):
                self.faults.append(f"`{kind}` of {params.token} at the wrong time")
        before.append(value)
        self.arrived[params.token].put_nowait(value)

    def _register(self, params: types.RegistrationParams):
        for registration in params.registrations:
            options = types.METHOD_TO_TYPES[registration.method][3]
            if registration.register_options is not None and options is not None:
                value = types.ProgressParams(token=registration.id, value=registration.register_options)
                self.protocol.value_of_progress(value, options)

    async def start_io(self, cmd, *args, **kwargs):
        # The forwarder of pytest-lsp's would print what is to be looked at.
        await super(LanguageClient, self).start_io(cmd, *args, **kwargs)
        self.reader = asyncio.create_task(self._server.stderr.read())

    def report_server_error(self, error, source):
        if not isinstance(error, Refusal):
            self.faults.append(f"{source.__name__}: {error!r}")
        super().report_server_error(error, source)

    async def told(self, method):
        """The params of the next notification of this method, or the next value of this progress."""
        return await asyncio.wait_for(self.arrived[method].get(), LIMIT)

    async def asked(self, method) -> Question:
        """The next request of this method."""
        return await self.told(method)

    async def message(self) -> str:
        """The text of the next `window/showMessage`."""
        return (await self.told(types.WINDOW_SHOW_MESSAGE)).message

    def send(self, method, params, msg_id=None):
        """Sends a request now; the answer is awaited later."""
        sent = self.protocol.send_request_async(method, params, msg_id)
        return asyncio.ensure_future(asyncio.wait_for(sent, LIMIT))

    async def refused(self, sent) -> JsonRpcException:
        """The error that answers a request."""
        try:
            result = await sent
        except JsonRpcException as error:
            return error
        raise AssertionError(f"a result in place of an error: {result}")

    async def command(self, name, *arguments):
        params = types.ExecuteCommandParams(command=name, arguments=list(arguments) or None)
        return await self.send(types.WORKSPACE_EXECUTE_COMMAND, params)

    def open(self, uri, text, language_id="rust", version=1):
        item = types.TextDocumentItem(uri=uri, language_id=language_id, version=version, text=text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    async def close(self, canaries):
        """Asks for a clean end, and looks at everything that came."""
        if not self.is_ended:
            assert await asyncio.wait_for(self.shutdown_async(None), LIMIT) is None
            self.exit(None)
            assert await asyncio.wait_for(self._server.wait(), LIMIT) == 0
        self.stderr = await self.reader
        assert self.stderr == b""
        assert self.faults + self.protocol.faults == []
        came = "\n".join(line for line in self.protocol.transcript if line.startswith("<-"))
        assert not any(canary in came for canary in canaries), f"a key in {came}"
        waiting = {method: list(queue._queue) for method, queue in self.arrived.items()
                   if isinstance(method, str) and method in NOTIFICATIONS + REQUESTS and method not in self.ignored}
        assert {method: left for method, left in waiting.items() if left} == {}, "nobody claimed these"
        for token in self.created:
            assert isinstance(self.progress[token][-1], types.WorkDoneProgressEnd), f"{token} never ends"

    async def end(self):
        """Leaves no process behind."""
        if self._server.returncode is None:
            self._server.kill()
        await self.reader
        await self.stop()
