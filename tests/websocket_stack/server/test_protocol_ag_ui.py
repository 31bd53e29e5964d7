from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import MAX_FRAME_BYTES, Ending
from tests.websocket_stack.server.views import frames_of, log_of, read, text_after_cuts
from websocket_stack.server.protocol import NORMAL, Ask, Close, Stop, Unreadable
from websocket_stack.server.protocol_ag_ui import AgUiProtocol, AgUiView, resume_of
from websocket_stack.server.reader import Reader

SAFE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
RUN = {"threadId": "t", "runId": "r", "messages": [{"role": "user", "content": "hi"}]}


def test_a_run_is_asked_for() -> None:
    ask = AgUiProtocol().read(json.dumps(RUN))
    assert isinstance(ask, Ask)
    assert (ask.run, ask.chat, ask.utterance) == ("r", "t", "hi")


def test_an_abort_stops() -> None:
    assert AgUiProtocol().read('{"type":"abort","runId":"r"}') == Stop("r", leaves=True)


@pytest.mark.parametrize("message", ["", "{}", '{"runId":"r"}', json.dumps(RUN | {"threadId": 1})])
def test_anything_else_is_an_error(message: str) -> None:
    command = AgUiProtocol().read(message)
    assert isinstance(command, Unreadable)
    assert json.loads(str(command.outputs[0]))["type"] == "RUN_ERROR"


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ({"runId": "r", "offset": "-1"}, 0),
        ({"runId": "r", "offset": "1"}, 0),
        ({"runId": "r", "offset": "4"}, 3),
    ],
)
def test_an_address_names_the_last_event(query: dict[str, str], position: int) -> None:
    resume = resume_of(query)
    assert resume and resume.view.position == position


@pytest.mark.parametrize(
    "query", [{}, {"runId": "r"}, {"offset": "1"}, {"runId": "r", "offset": "x"}]
)
def test_other_addresses_resume_nothing(query: dict[str, str]) -> None:
    assert resume_of(query) is None


@given(st.lists(SAFE), st.lists(st.integers(0, 12)))
def test_the_text_arrives_once_whatever_is_cut(pieces: Any, cuts: Any) -> None:
    text = text_after_cuts(
        pieces,
        lambda last: AgUiView("r", "t", -1 if last is None else last),
        lambda frame: frame["chunk"].get("delta", ""),
        lambda frame: int(frame["id"]),
        cuts,
    )
    assert text == "".join(pieces)


@given(st.lists(SAFE))
def test_a_run_has_one_end_and_no_id_twice(pieces: Any) -> None:
    frames = frames_of(read(pieces, AgUiView("r", "t")))
    assert len({each["id"] for each in frames}) == len(frames)
    types = [each["chunk"]["type"] for each in frames]
    assert types.count("RUN_FINISHED") == 1
    assert types[-1] == "RUN_FINISHED"


def test_pieces_are_merged_up_to_a_frames_size() -> None:
    log = log_of(["a" * 8_000] * 4 + ["b"] * 100)
    frames = Reader(log, AgUiView("r", "t")).take()
    assert len(frames) == 2 + 4 + 2
    assert max(len(str(frame).encode()) for frame in frames) <= MAX_FRAME_BYTES


def test_a_failure_is_an_error_with_usage() -> None:
    ending = Ending(Outcome.FAILED, "Sorry.", usage={"output_tokens": 2})
    event = frames_of(Reader(log_of([], ending), AgUiView("r", "t")).take())[-1]["chunk"]
    assert (event["type"], event["message"]) == ("RUN_ERROR", "Sorry.")
    assert event["usage"] == [{"inputTokens": 0, "outputTokens": 2, "totalTokens": 2}]


def test_a_socket_for_one_run_closes_behind_it() -> None:
    outputs = Reader(log_of(["a"]), AgUiView("r", "t", closes=True)).take()
    assert outputs[-1] == Close(NORMAL)


def test_a_notice_is_more_of_the_text() -> None:
    frames = frames_of(read(["Well"], AgUiView("r", "t"), Ending(Outcome.CUT, "More?")))
    assert "".join(each["chunk"].get("delta", "") for each in frames) == "Well\n\nMore?"
    assert frames[-1]["chunk"]["metadata"] == {"tanstack": {"finishReason": "length"}}
