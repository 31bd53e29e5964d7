from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.websocket_stack.server.views import COMPLETED, log_of
from websocket_stack.server.redis_entries import (
    EntryId,
    Names,
    entries_of,
    latest_of,
    take_entry,
)
from websocket_stack.server.run_log import RunLog


@given(st.lists(st.text(min_size=1)), st.data())
def test_a_log_is_the_same_on_the_other_side(pieces: Any, data: Any) -> None:
    """However often copying it stops and goes on."""
    log, copy, position = RunLog(), RunLog(), 0
    for piece in [*pieces, None]:
        if piece is None:
            log.end(COMPLETED)
        else:
            log.add(piece)
        if piece is None or data.draw(st.booleans()):
            for entry in entries_of(log, position):
                take_entry(copy, entry)
                position += 1
    assert copy.since(0) == log.since(0)
    assert copy.ending == log.ending
    assert entries_of(log, position) == []


def test_an_ending_is_an_entry() -> None:
    assert len(entries_of(log_of(["a", "b"]), 1)) == 2


def test_an_id_is_read_as_it_is_written() -> None:
    assert EntryId.parse(str(EntryId(1700000000000, 7))) == EntryId(1700000000000, 7)


def test_names_are_of_one_owner_and_one_node() -> None:
    names = Names.of("owner", "run")
    assert len({*names, *Names.of("owner", "other"), *Names.of("other", "run")}) == 18
    assert len({name[: name.index("}")] for name in names}) == 1
    assert latest_of("a", "b") != latest_of("ab", "")
