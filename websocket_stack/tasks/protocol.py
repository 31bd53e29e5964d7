"""What a client of the tasks API may say, checked. Pure.

Socket LLM's clients say ``task-submit``, those of Bedrock Streaming Response ``sendMessage``;
``stop``, ``resume``, ``sign-in`` and ``ping`` are for clients that know this API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

Door: TypeAlias = Literal["task", "message", "chat"]
"""How a client asks: with ``task-submit``, with ``sendMessage``, or in GraphQL."""

# What every frame repeats has to leave room for text.
MAX_ID_BYTES = 512
MAX_HISTORY = 100


class Address(NamedTuple):
    """What a frame is about.

    Attributes:
        door: how the client asked.
        id: the client's own name for it, any JSON value; ``None`` where it gave none.
    """

    door: Door
    id: Any = None


class Ask(NamedTuple):
    """A task, or a message of a chat.

    Attributes:
        address: what its frames are about.
        type: the type of the task; of a message, ``message``.
        data: what is asked.
        detail: whether the client reads how it ended, and what it took.
    """

    address: Address
    type: str
    data: Mapping[str, Any]
    detail: bool = False


class Stop(NamedTuple):
    """End one task or message, or all of the client's.

    Attributes:
        address: which one, or ``None`` for all.
    """

    address: Address | None


class Resume(NamedTuple):
    """Send the rest of a task or message to this connection.

    Attributes:
        address: which one.
        received: how many characters the client has, or ``None`` for all that were sent.
    """

    address: Address
    received: int | None


class SignIn(NamedTuple):
    """Say who the client is, or go on being who it was.

    Attributes:
        token: a JWT.
    """

    token: str


class Ping:
    """Ask for a sign of life."""


Request: TypeAlias = Ask | Stop | Resume | SignIn | Ping


class InvalidRequest(Exception):
    """The client said what cannot be answered; the message is for it to read.

    Attributes:
        address: what the answer is about.
        kind: the kind of error, as frames name it.
    """

    def __init__(self, address: Address, message: str, kind: str = "InvalidRequest") -> None:
        super().__init__(message)
        self.address = address
        self.kind = kind


def parse(body: str) -> Request:
    """Return what a client said.

    Raises:
        InvalidRequest: it cannot be answered.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise InvalidRequest(Address("task"), "a message is a JSON object")
    match message.get("action"):
        case "task-submit":
            return _task(message)
        case "sendMessage":
            return _message(message)
        case "stop":
            return Stop(_address(message))
        case "resume":
            return _resume(message)
        case "sign-in":
            return _sign_in(message)
        case "ping":
            return Ping()
    raise InvalidRequest(Address("task"), "the action is not one of this API")


def _task(message: Mapping[str, Any]) -> Ask:
    task = message.get("task")
    if not isinstance(task, dict):
        raise InvalidRequest(Address("task"), "task is missing, or no JSON object")
    address = Address("task", _id(Address("task"), task.get("id")))
    if address.id is None:
        raise InvalidRequest(address, "task.id is missing")
    kind, data = task.get("type"), task.get("data")
    if not isinstance(kind, str) or not kind:
        raise InvalidRequest(address, "task.type is missing, or no text")
    if not isinstance(data, dict):
        raise InvalidRequest(address, "task.data is missing, or no JSON object")
    return Ask(address, kind, data, detail=task.get("detail") is True)


def _message(message: Mapping[str, Any]) -> Ask:
    address = Address("message", _id(Address("message"), message.get("id")))
    prompt, history = message.get("prompt"), message.get("history", [])
    if not isinstance(prompt, str) or not prompt.strip():
        raise InvalidRequest(address, "prompt is missing, or blank")
    conversation = message.get("conversation", "")
    if not isinstance(conversation, str):
        raise InvalidRequest(address, "conversation is no text")
    data = {"prompt": prompt, "history": _history(address, history), "conversation": conversation}
    return Ask(address, "message", data, detail=message.get("detail") is True)


def _history(address: Address, history: object) -> list[Sequence[str]]:
    """Return what was said before, as pairs of a role and a text."""
    if not isinstance(history, list) or len(history) > MAX_HISTORY:
        raise InvalidRequest(address, f"history is no list of at most {MAX_HISTORY} messages")
    pairs: list[Sequence[str]] = []
    for entry in history:
        role = entry.get("role") if isinstance(entry, dict) else None
        text = _text_of(entry.get("content", entry.get("text"))) if role else None
        if role not in ("user", "assistant") or text is None:
            problem = 'an entry of history is not {"role": "user" or "assistant", "content": text}'
            raise InvalidRequest(address, problem)
        pairs.append((role, text))
    return pairs


def _text_of(content: object) -> str | None:
    """Return the text of a message: itself, or the blocks that Bedrock and Anthropic write."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [block.get("text") for block in content if isinstance(block, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return None


def _resume(message: Mapping[str, Any]) -> Resume:
    address = _address(message)
    if address is None:
        raise InvalidRequest(Address("task"), "task.id or message.id is missing")
    received = message.get("received")
    if received is not None and (type(received) is not int or received < 0):
        raise InvalidRequest(address, "received is no number of characters")
    return Resume(address, received)


def _sign_in(message: Mapping[str, Any]) -> SignIn:
    token = message.get("token")
    if not isinstance(token, str) or not token:
        raise InvalidRequest(Address("task"), "token is missing, or no text")
    return SignIn(token)


def _address(message: Mapping[str, Any]) -> Address | None:
    """Return the task or message that a command names, or ``None`` if it names none."""
    doors: tuple[Door, Door] = ("task", "message")
    for door in doors:
        if door in message:
            target = message[door]
            name = target.get("id") if isinstance(target, dict) else None
            if name is None:
                raise InvalidRequest(Address(door), f"{door}.id is missing")
            return Address(door, _id(Address(door), name))
    return None


def _id(address: Address, value: object) -> object:
    encoded = json.dumps(value, ensure_ascii=False)
    if len(encoded.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        raise InvalidRequest(address, f"the id is longer than {MAX_ID_BYTES} bytes")
    return value
