from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from websocket_stack.server.thread_chunks import chunks_of_thread

SECONDS = 5.0


def collect(
    generator: Any, stop: Any = lambda: None, gather_seconds: Any = 0.0, most: Any = None
) -> Any:
    async def run() -> Any:
        chunks = []
        async with aclosing(chunks_of_thread(generator, stop, gather_seconds)) as handed_over:
            async for chunk in handed_over:
                chunks.append(chunk)
                if len(chunks) == most:
                    break
        return chunks

    return asyncio.run(asyncio.wait_for(run(), SECONDS))


def test_all_text_is_handed_over_in_order() -> None:
    words = [f"{number} " for number in range(1_000)]
    assert "".join(collect(lambda: iter_of(words))) == "".join(words)


def iter_of(words: Any) -> Iterator[Any]:
    yield from words


def test_what_is_written_soon_after_comes_together() -> None:
    handed_over = threading.Event()

    def write() -> Generator[Any, None, None]:
        yield "a"
        handed_over.wait(SECONDS)
        yield from "bcd"

    async def run() -> Any:
        chunks = []
        async for chunk in chunks_of_thread(write, lambda: None, 0.05):
            chunks.append(chunk)
            handed_over.set()
        return chunks

    assert asyncio.run(run()) == ["a", "bcd"]


def test_an_error_comes_after_the_text() -> None:
    def write() -> Generator[Any, None, None]:
        yield "a"
        raise ValueError("no")

    async def run() -> Any:
        chunks = []
        with pytest.raises(ValueError, match="no"):
            async for chunk in chunks_of_thread(write, lambda: None, 0.0):
                chunks.append(chunk)
        return chunks

    assert asyncio.run(run()) == ["a"]


def test_who_wants_no_more_stops_the_writer() -> None:
    stopped = threading.Event()
    closed = threading.Event()

    def write() -> Generator[Any, None, None]:
        try:
            yield "a"
            stopped.wait(SECONDS)
            yield "b"
        finally:
            closed.set()

    assert collect(write, stopped.set, most=1) == ["a"]
    assert closed.wait(SECONDS)


def test_nothing_may_be_written() -> None:
    assert collect(lambda: iter_of([])) == []
    assert collect(lambda: iter_of(["", ""])) == []
