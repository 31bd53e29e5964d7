from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import MAX_FRAME_BYTES, Ending
from tests.websocket_stack.server.views import frames_of, read
from websocket_stack.server.protocol import UNSUPPORTED, Ask, Close, SignIn, Unreadable
from websocket_stack.server.protocol_numbered import NumberedProtocol, NumberedView


def protocol() -> Any:
    names = iter(("run 1", "run 2"))
    return NumberedProtocol("chat", lambda: next(names))


def test_each_question_is_a_run_of_its_own() -> None:
    numbered = protocol()
    asks = [numbered.read('{"id":3,"text":"hi"}') for _ in range(2)]
    assert [ask.run for ask in asks] == ["run 1", "run 2"]
    assert {ask.chat for ask in asks} == {"chat"}
    assert not any(ask.can_resume or ask.is_serial for ask in asks)


@pytest.mark.parametrize("number", ['"7"', "7", '"-7"'])
def test_a_number_may_be_a_text(number: str) -> None:
    ask = protocol().read(f'{{"id":{number},"text":"hi","more":[]}}')
    assert isinstance(ask, Ask)
    assert abs(json.loads(str(ask.view.opening()[0]))["id"]) == 7


@pytest.mark.parametrize(
    "message",
    ["", "hi", "[]", '{"id":1}', '{"id":true,"text":"x"}', '{"id":1.5,"text":"x"}', "[" * 100_000],
)
def test_anything_else_closes_as_the_original_does(message: str) -> None:
    assert protocol().read(message) == Unreadable([Close(UNSUPPORTED)])


def test_a_token_signs_in() -> None:
    assert protocol().read('{"type":"auth","token":"secret"}') == SignIn("secret")


@given(st.lists(st.text(min_size=1)))
def test_the_text_arrives_between_two_empty_ones(pieces: Any) -> None:
    texts = [frame["text"] for frame in frames_of(read(pieces, NumberedView(4)))]
    assert texts[0] == texts[-1] == ""
    assert all(texts[1:-1])
    whole = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert "".join(texts) == whole or "\ufffd" in "".join(texts)


def test_long_texts_are_cut() -> None:
    frames = read(["ä" * 100_000], NumberedView(0))
    assert max(len(str(frame).encode()) for frame in frames) <= MAX_FRAME_BYTES


def test_a_notice_follows_the_text() -> None:
    ending = Ending(Outcome.INTERRUPTED, "Sorry.")
    assert [frame["text"] for frame in frames_of(read(["Well"], NumberedView(0), ending))] == [
        "",
        "Well",
        "\n\nSorry.",
        "",
    ]


def test_html_can_be_escaped() -> None:
    view = NumberedView(0, escapes_html=True)
    assert frames_of(read(["<b>&"], view))[1]["text"] == "&lt;b&gt;&amp;"
