from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.websocket_stack.server.views import COMPLETED, log_of
from websocket_stack.server.protocol_numbered import NumberedView
from websocket_stack.server.protocol_plain import PlainView
from websocket_stack.server.reader import Reader
from websocket_stack.server.run_log import RunLog


def test_pieces_that_gather_leave_together() -> None:
    log = RunLog()
    reader = Reader(log, NumberedView(0))
    reader.take()
    for piece in "abc":
        log.add(piece)
    assert reader.take() == ['{"id":0,"text":"abc"}']
    assert reader.take() == []


def test_an_ending_is_told_once() -> None:
    reader = Reader(log_of(["a"]), NumberedView(0))
    assert len(reader.take()) == 3
    assert reader.is_over
    assert reader.take() == ()


@given(st.lists(st.booleans(), max_size=12))
def test_one_answer_comes_after_the_other(steps: Any) -> None:
    """Whichever of two runs goes on, its frames come in the order of the questions."""
    logs = RunLog(), RunLog()
    first = Reader(logs[0], PlainView())
    second = Reader(logs[1], PlainView(), first)
    frames = []
    for is_second in steps:
        logs[is_second].add("b" if is_second else "a")
        frames += [*first.take(), *second.take()]
    for log in logs[::-1]:
        log.end(COMPLETED)
        frames += [*first.take(), *second.take()]
    text = "".join(map(str, frames))
    assert text == "|" + "a" * steps.count(False) + "|" + "b" * steps.count(True)
