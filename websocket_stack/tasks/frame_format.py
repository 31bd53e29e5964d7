"""What clients of the tasks API receive: the frames of a reply, and of a refusal. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending, Frame, Framing
from fulfillment.streaming.graphemes import pieces
from websocket_stack.tasks.protocol import Address

# A frame holds 32 KB, and a character takes up to six bytes in JSON.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MAX_TEXT_CHARACTERS = 5_000
# A message holds 128 KB; in a text within a text, a quotation mark takes four bytes.
MAX_WHOLE_CHARACTERS = 30_000
FAILURES = {Outcome.FAILED, Outcome.INTERRUPTED}
INCOMPLETE = "A part of the reply may be missing."

HALF = re.compile("[\ud800-\udfff]")

PONG = '{"action":"pong"}'
SIGNED_IN = '{"action":"signed-in"}'


class TaskFrames:
    """Frames of a task, as Socket LLM's clients read them.

    Args:
        task_id: the client's own name for it.
        detail: whether the last frame says how it ended and what it took.
    """

    frames_to_show = 1

    def __init__(self, task_id: object, *, detail: bool = False) -> None:
        self._task_id = task_id
        self._detail = detail

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        return [Frame(self._success(part), len(part)) for part in pieces(text, MAX_TEXT_CHARACTERS)]

    def end(self, ending: Ending) -> Sequence[Frame]:
        if failed := _failure(ending):
            return [Frame(task_failure(self._task_id, *failed))]
        notice = [Frame(self._success(_after(ending.text, ending.notice)))] * bool(ending.notice)
        return [*notice, self._last(ending, "Finished")]

    def _last(self, ending: Ending, output: str) -> Frame:
        response = {"statusCode": 200, "body": _json({"output": output})}
        return Frame(self._success(response | _detail(ending, wanted=self._detail)))

    def _success(self, response: object) -> str:
        return _json({"task_id": self._task_id, "status": "Success", "response": response})


class WholeTaskFrames(TaskFrames):
    """The one frame of a task whose text is sent in one piece; nothing of it is shown before."""

    def end(self, ending: Ending) -> Sequence[Frame]:
        if failed := _failure(ending):
            return [Frame(task_failure(self._task_id, *failed))]
        text = ending.text[:MAX_WHOLE_CHARACTERS]
        return [self._last(ending, text + _after(text, ending.notice))]


class ChatFrames:
    """Frames of a message's reply, as the clients of Bedrock Streaming Response read them.

    Args:
        message_id: the client's own name for it, or ``None``.
        detail: whether the last frame says how it ended and what it took.
    """

    frames_to_show = 1

    def __init__(self, message_id: object = None, *, detail: bool = False) -> None:
        self._id = message_id
        self._detail = detail

    def frames(self, text: str, offset: int) -> Sequence[Frame]:
        return [
            Frame(chat_frame("delta", part, self._id), len(part))
            for part in pieces(text, MAX_TEXT_CHARACTERS)
        ]

    def end(self, ending: Ending) -> Sequence[Frame]:
        failed = _failure(ending)
        notice = failed[1] if failed else ending.notice
        delta = chat_frame("delta", _after(ending.text, notice), self._id, 500 if failed else 200)
        end = chat_frame("end", "", self._id, detail=_detail(ending, wanted=self._detail))
        return [*[Frame(delta)] * bool(notice), Frame(end)]


def framing_of(address: Address, *, is_whole: bool = False, detail: bool = False) -> Framing:
    """Return the framing of a task or a message.

    Args:
        address: which one.
        is_whole: whether its text is sent in one piece.
        detail: whether its last frame says how it ended and what it took.
    """
    if address.door == "message":
        return ChatFrames(address.id, detail=detail)
    return (WholeTaskFrames if is_whole else TaskFrames)(address.id, detail=detail)


def refusal(address: Address, kind: str, message: str, status: int = 400) -> list[str]:
    """Return the frames that say why a task or a message is not answered, and end it.

    Args:
        address: which one.
        kind: the kind of error, one word.
        message: a sentence for the reader.
        status: the HTTP status that comes nearest.
    """
    if address.door == "task":
        return [task_failure(address.id, kind, message)]
    return [chat_frame("delta", message, address.id, status), chat_frame("end", "", address.id)]


def task_failure(task_id: object, kind: str, message: str) -> str:
    """Return the frame that ends a task as failed."""
    response = {"errorType": kind, "errorMessage": message, "trace": []}
    return _json({"task_id": task_id, "status": "Fail", "response": response})


def chat_frame(
    kind: str,
    text: str,
    message_id: object,
    status: int = 200,
    *,
    detail: Mapping[str, object] | None = None,
) -> str:
    """Return a frame of a chat: a ``delta``, the ``end``, or ``blank``, which is passed over."""
    id_member = {} if message_id is None else {"id": message_id}
    return _json({"statusCode": status, "type": kind, "text": text, **id_member, **(detail or {})})


def _detail(ending: Ending, *, wanted: bool) -> dict[str, object]:
    if not wanted:
        return {}
    return {"outcome": ending.outcome, **({"usage": ending.usage} if ending.usage else {})}


def _failure(ending: Ending) -> tuple[str, str] | None:
    """Return the kind of a failure and its sentence, or ``None`` if it is none."""
    if ending.outcome in FAILURES:
        return ending.outcome.capitalize(), ending.notice
    return None if ending.is_whole else ("Incomplete", INCOMPLETE)


def _after(text: str, notice: str) -> str:
    return f"\n\n{notice}" if text and notice else notice


def _json(value: object) -> str:
    # Each character as itself: an escaped one would take six bytes of a frame, or twelve. Half a
    # character, as an id may hold one, is nothing that could be sent.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
