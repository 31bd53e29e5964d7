from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from tests.websocket_stack.server.views import log_of, read
from websocket_stack.server.protocol import Ask
from websocket_stack.server.protocol_plain import PlainProtocol, PlainView
from websocket_stack.server.reader import Reader


def test_each_message_is_a_question() -> None:
    ask = PlainProtocol("chat", lambda: "run").read('{"no": "JSON for us"}')
    assert isinstance(ask, Ask)
    assert (ask.run, ask.chat, ask.utterance) == ("run", "chat", '{"no": "JSON for us"}')
    assert ask.is_serial and not ask.can_resume


@given(st.lists(st.text("|/a ", min_size=1)))
def test_no_frame_but_the_first_is_the_mark(pieces: Any) -> None:
    frames = read(pieces, PlainView())
    text = "".join(pieces)
    assert frames[0] == "|"
    assert "|" not in frames[1:]
    # A mark that is all of the rest is told by a blank behind it.
    assert "".join(map(str, frames[1:])) in (text, f"{text} ")


@given(st.integers(8_180, 8_200), st.integers(0, 3))
def test_no_cut_leaves_a_mark_alone(before: Any, after: Any) -> None:
    text = "a" * before + "|" * after
    frames = Reader(log_of([text]), PlainView()).take()
    assert "|" not in frames[1:]
    assert "".join(map(str, frames[1:])) == text


def test_a_failure_is_told() -> None:
    ending = Ending(Outcome.FAILED, "Sorry.")
    assert read([], PlainView(), ending) == ["|", "Sorry."]
    assert read(["Well"], PlainView(), ending) == ["|", "Well", "\n\nSorry."]
