"""The client of ``docs/graphql.md`` shows the whole reply, whatever AppSync loses on the way."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.outcome import Outcome
from fulfillment.streaming.framing import Ending
from tests.documents import Document
from websocket_stack.graphql.frame_format import ChatFraming, kind_of

(CLIENT,) = [
    block.text
    for block in Document("docs/graphql.md").blocks
    if block.heading == "A client that misses nothing"
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ENDINGS = st.sampled_from(
    [
        (Outcome.COMPLETED, ""),
        (Outcome.CUT, "There is more."),
        (Outcome.INTERRUPTED, "It broke off."),
        (Outcome.CANCELLED, ""),
    ]
)


def new_client() -> Any:
    names: dict[str, Any] = {}
    exec(CLIENT, names)
    return names["Replies"]()


def pieces_of(flushes: list[str], ending: Ending, message_id: str) -> list[dict[str, Any]]:
    """Return what is told of a reply."""
    framing, frames, at = ChatFraming("chat", message_id), list[Any](), 0
    for text in flushes:
        frames += framing.frames(text, at)
        at += len(text)
    frames += framing.end(ending._replace(length=at))
    return [json.loads(frame.payload) for frame in frames]


@given(st.data(), st.lists(TEXT, min_size=1, max_size=8), ENDINGS)
def test_what_is_lost_doubled_or_late_is_healed(data: Any, flushes: Any, how: Any) -> None:
    text, ending = "".join(flushes), Ending(*how)
    pieces = pieces_of(flushes, ending, "m1")
    arriving = data.draw(st.lists(st.sampled_from(pieces), max_size=2 * len(pieces)))
    client = new_client()
    for piece in arriving:
        reply = client.receive(piece)
        assert text.startswith(reply.text)
        # The state may be asked for at any time, and lags behind.
        if reply.misses_something and data.draw(st.booleans()):
            so_far = text[: data.draw(st.integers(0, len(text)))]
            client.heal({"messageId": "m1", "text": so_far, "kind": "delta"})
            assert text.startswith(reply.text)

    reply = client.by_id.get("m1")
    if reply is not None and reply.kind != "delta" and not reply.misses_something:
        assert reply.text == text
    else:
        client.heal({"messageId": "m1", "text": text, "kind": kind_of(ending)})
    reply = client.by_id["m1"]
    assert (reply.text, reply.kind) == (text, kind_of(ending))
    assert not reply.misses_something


@given(st.permutations(range(6)))
def test_what_only_comes_in_another_order_needs_no_state(order: Any) -> None:
    pieces = pieces_of(["It ", "is ", "h😀re", "."], Ending(Outcome.CUT, "There is more."), "m1")
    client = new_client()
    for index in order:
        client.receive(pieces[index])
    reply = client.by_id["m1"]
    assert (reply.text, reply.kind, reply.misses_something) == ("It is h😀re.", "done", False)
    assert "There is more." in reply.notice


def test_a_refused_prompt_is_another_reply() -> None:
    client = new_client()
    first, *rest = pieces_of(["It is ", "here."], Ending(Outcome.COMPLETED), "m1")
    client.receive(first)
    for piece in pieces_of([], Ending(Outcome.FAILED, "Please wait."), "m2"):
        client.receive(piece)
    for piece in rest:
        client.receive(piece)
    assert client.by_id["m1"].text == "It is here."
    refused = client.by_id["m2"]
    assert (refused.notice, refused.kind, refused.misses_something) == (
        "Please wait.",
        "error",
        False,
    )
