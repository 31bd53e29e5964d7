from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from fulfillment.handlers import chunks_of
from fulfillment.must_read import MustRead


class Source:
    """Yields two chunks, and says whether it ended."""

    def __init__(self) -> None:
        self.has_ended = False

    def chunks(self) -> Generator[str, None, None]:
        try:
            yield "a"
            yield "b"
        finally:
            self.has_ended = True


def got(source: Source) -> MustRead:
    return MustRead(source.chunks(), "turn.ask(…)", sys._getframe(1))


def forgets() -> None:
    got(Source())


def test_who_forgot_is_named_with_the_place() -> None:
    with pytest.warns(RuntimeWarning) as caught:
        forgets()
    (warning,) = caught
    assert str(warning.message) == (
        "forgets called turn.ask(…) and never read what it returned, so that nothing came of it."
        " Write: yield from turn.ask(…)"
    )
    # The line that is to be changed.
    assert (warning.filename, warning.lineno) == (__file__, forgets.__code__.co_firstlineno + 1)


def yields_from(chunks: MustRead) -> Iterator[Any]:
    yield from chunks


@pytest.mark.parametrize("read", [iter, yields_from, chunks_of])
def test_what_is_read_warns_not(read: Callable[..., Any]) -> None:
    # Warnings are errors here.
    source = Source()
    assert list(read(got(source))) == ["a", "b"]
    assert source.has_ended


@pytest.mark.parametrize("read", [iter, yields_from, chunks_of])
def test_what_is_left_early_ends(read: Callable[..., Any]) -> None:
    source = Source()
    chunks = read(got(source))
    assert next(chunks) == "a"
    chunks.close()
    assert source.has_ended


def test_what_is_closed_unread_warns_not() -> None:
    got(Source()).close()


def test_an_error_may_be_thrown_in() -> None:
    source = Source()
    chunks = got(source)
    next(chunks)
    with pytest.raises(ZeroDivisionError):
        chunks.throw(ZeroDivisionError())
    assert source.has_ended
