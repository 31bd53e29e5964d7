from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from tests.websocket_stack.server.views import frames_of, log_of, read, text_after_cuts
from websocket_stack.server.protocol import Ask, Resume, Stop, Unreadable
from websocket_stack.server.protocol_ai_sdk import AiSdkProtocol, AiSdkView
from websocket_stack.server.reader import Reader

SAFE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def frame(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, "requestId": "r", "id": "c", "headers": {}} | fields)


def user(text: Any) -> Any:
    return {"id": "m", "role": "user", "parts": [{"type": "text", "text": text}]}


def test_a_send_asks() -> None:
    ask = AiSdkProtocol().read(frame("send", messages=[user("hi")]))
    assert isinstance(ask, Ask)
    assert (ask.run, ask.chat, ask.utterance, ask.earlier) == ("r", "c", "hi", None)


def test_a_frame_carries_its_token() -> None:
    headers = {"Authorization": "Bearer secret"}
    command = AiSdkProtocol().read(frame("resume", headers=headers))
    assert isinstance(command, Resume) and command.token == "secret"


@pytest.mark.parametrize(("last", "position"), [(None, 0), (0, 0), (1, 0), (2, 1), (9, 8)])
def test_a_resume_names_the_last_chunk(last: int | None, position: int) -> None:
    command = AiSdkProtocol().read(frame("resume", lastSequence=last))
    assert isinstance(command, Resume)
    assert (command.chat, command.view.position) == ("c", position)


def test_an_abort_stops() -> None:
    assert AiSdkProtocol().read('{"type":"abort","requestId":"r"}') == Stop("r")


@pytest.mark.parametrize("message", ["", "[]", "{}", '{"type":"send","requestId":5}'])
def test_what_names_no_request_gets_nothing(message: str) -> None:
    assert AiSdkProtocol().read(message) == Unreadable()


@pytest.mark.parametrize("message", [frame("send"), frame("send", messages=[{}]), frame("other")])
def test_what_cannot_be_read_gets_an_error(message: str) -> None:
    command = AiSdkProtocol().read(message)
    assert isinstance(command, Unreadable)
    (error,) = frames_of(command.outputs)
    assert (error["type"], error["requestId"]) == ("error", "r")


@given(st.lists(SAFE))
def test_every_frame_has_what_the_client_demands(pieces: Any) -> None:
    frames = frames_of(read(pieces, AiSdkView("r")))
    assert all(isinstance(each["type"], str) and each["requestId"] == "r" for each in frames)
    numbers = [each["sequence"] for each in frames if each["type"] == "chunk"]
    assert numbers == list(range(len(numbers)))
    assert [each["type"] for each in frames].count("end") == 1
    assert frames[-1]["type"] == "end"


@given(st.lists(SAFE), st.lists(st.integers(0, 12)))
def test_the_text_arrives_once_whatever_is_cut(pieces: Any, cuts: Any) -> None:
    text = text_after_cuts(
        pieces,
        lambda last: AiSdkView("r", -1 if last is None else last),
        lambda frame: frame.get("chunk", {}).get("delta", ""),
        lambda frame: frame.get("sequence"),
        cuts,
    )
    assert text == "".join(pieces)


def test_the_heartbeat_is_for_no_request() -> None:
    assert json.loads(AiSdkProtocol.heartbeat) == {"type": "heartbeat", "requestId": "-"}


@pytest.mark.parametrize(
    ("ending", "kinds", "last"),
    [
        (Ending(Outcome.COMPLETED), ["text-end", "finish"], "end"),
        (Ending(Outcome.CANCELLED), ["text-end", "abort"], "end"),
        (
            Ending(Outcome.CUT, "More?"),
            ["text-end", "text-start", "text-delta", "text-end", "finish"],
            "end",
        ),
        (Ending(Outcome.FAILED, "Sorry."), [], "error"),
    ],
)
def test_each_ending_has_one_last_frame(ending: Ending, kinds: list[str], last: str) -> None:
    frames = frames_of(Reader(log_of([], ending), AiSdkView("r", 1)).take())[1:]
    assert [each["chunk"]["type"] for each in frames[:-1]] == kinds
    assert frames[-1]["type"] == last
