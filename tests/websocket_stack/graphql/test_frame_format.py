from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from websocket_stack.graphql.frame_format import SEND, framing_of, refusal
from websocket_stack.tasks.protocol import Address

pytestmark = pytest.mark.slow

ADDRESS = Address("chat", ["chat-1", "message-1"])
FRAMING = framing_of(ADDRESS, is_whole=False, detail=False)


def said(frames: Any) -> Any:
    return [json.loads(frame.payload) for frame in frames]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 20_000), st.integers(0))
def test_pieces_say_where_they_belong(text: Any, times: Any, offset: Any) -> None:
    text = (text * times)[:100_000]
    pieces = said(FRAMING.frames(text, offset)) if text else []
    assert "".join(piece["data"] for piece in pieces) == text
    at = offset
    for piece in pieces:
        assert (piece["seq"], piece["kind"], piece["messageId"]) == (at, "delta", "message-1")
        assert len(json.dumps(json.dumps(piece)).encode()) < 240 * 1024
        at += len(piece["data"])


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.COMPLETED, "done"),
        (Outcome.CUT, "done"),
        (Outcome.EMPTY, "done"),
        (Outcome.CANCELLED, "stopped"),
        (Outcome.FAILED, "error"),
        (Outcome.INTERRUPTED, "error"),
    ],
)
def test_the_end_has_no_text(outcome: Outcome, kind: str) -> None:
    """Clients that know no kinds put every piece of data into the reply."""
    (end,) = said(FRAMING.end(Ending(outcome, usage={"outputTokens": 7}, length=42)))
    assert (end["kind"], end["data"], end["seq"]) == (kind, "", 42)
    assert json.loads(end["usage"]) == {"outputTokens": 7}


def test_a_notice_is_text_for_the_reader() -> None:
    notice, end = said(FRAMING.end(Ending(Outcome.CUT, "There is more.", "It is")))
    assert notice["data"] == "\n\nThere is more."
    assert end["kind"] == "done"


def test_text_that_may_be_missing_is_an_error() -> None:
    (end,) = said(FRAMING.end(Ending(Outcome.COMPLETED, is_whole=False)))
    assert end["kind"] == "error"


def test_a_refusal_is_told_like_a_failure() -> None:
    notice, end = [json.loads(payload) for payload in refusal(ADDRESS, "Busy", "Please wait.")]
    assert (notice["data"], end["kind"]) == ("Please wait.", "error")


def test_the_mutation_is_one_of_the_schema(schema: str) -> None:
    assert validate(build_schema(schema), parse(SEND)) == []
