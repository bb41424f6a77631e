"""pytest-lsp's protocol, for which a message that says more than lsprotocol's types do, or something else, is a fault.

The types drop members that they do not know, and turn a number into a string where one is wanted. So each message is
turned back, and must be what came.
"""

import copy
import json
from typing import Sequence, Union

from lsprotocol import types
from pytest_lsp.protocol import LanguageClientProtocol

import wire


class StrictProtocol(LanguageClientProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.transcript: list[str] = []
        self.faults: list[str] = []
        # The ids of the server's requests.
        self.asked: set = set()
        # lsprotocol has no way to read the `section` that a registration for the configuration may name, and takes a
        # code action that has a command for a command.
        self._converter.register_structure_hook(Union[str, Sequence[str], None], lambda value, _: value)
        self._converter.register_structure_hook(Union[types.Command, types.CodeAction], self._action)

    def get_message_type(self, method):
        return wire.MESSAGES.get(method) or super().get_message_type(method)

    def get_result_type(self, method):
        return wire.RESULTS.get(method) or super().get_result_type(method)

    def structure_message(self, data):
        if "jsonrpc" not in data:
            return data
        came = copy.deepcopy(data)
        self.transcript.append("<- " + json.dumps(came, ensure_ascii=False))
        if "method" in came and "id" in came:
            self.asked.add(came["id"])
        message = super().structure_message(data)
        understood = self._as_json(message)
        self.faults += [f"{fault} in {json.dumps(came)}" for fault in differences(came, understood, [])]
        return message

    def _handle_cancel_notification(self, msg_id):
        # A cancellation and an answer may cross each other on their ways; one of what was never asked is a fault.
        if msg_id in self._request_futures or msg_id not in self.asked:
            super()._handle_cancel_notification(msg_id)

    def _send_data(self, data):
        self.transcript.append("-> " + json.dumps(data, default=self._serialize_message, ensure_ascii=False))
        super()._send_data(data)

    def _action(self, value, _):
        kind = types.Command if isinstance(value.get("command"), str) else types.CodeAction
        return self._converter.structure(value, kind)

    def value_of_progress(self, params: types.ProgressParams, kind):
        """The value of a `$/progress`, which the types leave open."""
        value = self._converter.structure(params.value, kind)
        self.faults += differences(params.value, self._as_json(value), [kind.__name__])
        return value

    def _as_json(self, value):
        return json.loads(json.dumps(self._converter.unstructure(value)))


def differences(came, understood, place):
    """What of a message is not in it any more once it was understood; and a null where only absence is right."""
    where = ".".join(map(str, place)) or "the message"
    if isinstance(came, dict) and isinstance(understood, dict):
        for name, value in came.items():
            if value is None and (place or name not in ("result", "params")):
                if name not in NULLABLE:
                    yield f"null for `{name}` of {where}"
            elif name not in understood:
                yield f"unknown member `{name}` of {where}"
            else:
                yield from differences(value, understood[name], [*place, name])
        yield from (
            f"no `{name}` of {where}" for name, value in understood.items() if value is not None and name not in came
        )
    elif isinstance(came, list) and isinstance(understood, (list, tuple)) and len(came) == len(understood):
        for index, (one, other) in enumerate(zip(came, understood)):
            yield from differences(one, other, [*place, index])
    elif type(came) is not type(understood) or came != understood:
        yield f"{came!r} was understood as {understood!r}: {where}"


# LSP says `integer | null` of the version in an OptionalVersionedTextDocumentIdentifier.
NULLABLE = ("version",)
