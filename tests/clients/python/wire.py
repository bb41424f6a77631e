"""The types of this server's own messages, as editors/PROTOCOL.md has them. Members are named as on the wire."""

from __future__ import annotations

import enum
from typing import Any, Optional, Union

import attrs
from lsprotocol import types


class State(str, enum.Enum):
    SIGNED_IN = "signedIn"
    SIGNED_OUT = "signedOut"
    REFUSED = "refused"


class Method(str, enum.Enum):
    QWEN_OAUTH = "qwen-oauth"
    OPENAI = "openai"


class OriginKind(str, enum.Enum):
    REQUEST = "request"
    PROJECT_FILE = "projectFile"
    CLIENT = "client"
    ENVIRONMENT = "environment"
    HOME_FILE = "homeFile"
    SETTINGS = "settings"
    KEYRING = "keyring"
    CREDENTIAL_FILE = "credentialFile"
    DEFAULT = "default"


@attrs.define
class Origin:
    kind: OriginKind
    path: Optional[str] = None
    variable: Optional[str] = None
    line: Optional[int] = None
    because: Optional[str] = None


@attrs.define
class Origins:
    apiKey: Optional[Origin] = None
    baseUrl: Optional[Origin] = None
    model: Optional[Origin] = None
    method: Optional[Origin] = None


@attrs.define
class Provider:
    id: str
    name: str


@attrs.define
class Quota:
    requestsPerMinute: Optional[int] = None
    requestsPerDay: Optional[int] = None
    usedToday: Optional[int] = None


@attrs.define
class Ignored:
    origin: Origin
    because: str


@attrs.define
class Problem:
    kind: str
    message: str
    path: Optional[str] = None
    line: Optional[int] = None


@attrs.define
class AuthStatus:
    root: str
    state: State
    origins: Origins
    ignored: list[Ignored]
    problems: list[Problem]
    method: Optional[Method] = None
    provider: Optional[Provider] = None
    baseUrl: Optional[str] = None
    model: Optional[str] = None
    key: Optional[str] = None
    expiresAt: Optional[str] = None
    quota: Optional[Quota] = None


@attrs.define
class DeviceAuthorization:
    root: str
    userCode: str
    verificationUri: str
    expiresAt: str
    verificationUriComplete: Optional[str] = None


@attrs.define
class Message:
    role: str
    content: str
    reasoning: Optional[str] = None
    toolCalls: Optional[list[Any]] = None


@attrs.define
class Usage:
    promptTokens: int
    completionTokens: int
    totalTokens: int


@attrs.define
class ChatResult:
    root: str
    method: Method
    provider: str
    model: str
    requestedModel: str
    message: Message
    finishReason: str
    usage: Optional[Usage] = None
    warnings: Optional[list[str]] = None


@attrs.define
class ChatDelta:
    content: Optional[str] = None
    reasoning: Optional[str] = None
    toolCalls: Optional[list[Any]] = None


@attrs.define
class Model:
    id: str
    current: bool
    name: Optional[str] = None
    contextWindow: Optional[int] = None


@attrs.define
class ModelsResult:
    models: list[Model]


def _response(result):
    members = {"id": Union[int, str], "result": result, "jsonrpc": str}
    return attrs.make_class("Response", {name: attrs.field(type=kind) for name, kind in members.items()})


def _notification(params):
    members = {"method": str, "params": params, "jsonrpc": str}
    return attrs.make_class("Notification", {name: attrs.field(type=kind) for name, kind in members.items()})


RESULTS = {
    "qwen/auth": _response(AuthStatus),
    "qwen/chat": _response(ChatResult),
    "qwen/models": _response(ModelsResult),
    # lsprotocol leaves the result of a command open.
    types.WORKSPACE_EXECUTE_COMMAND: _response(Optional[Any]),
}

MESSAGES = {
    "qwen/authStatusChanged": _notification(AuthStatus),
    "qwen/deviceAuthorization": _notification(DeviceAuthorization),
}
