from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment import Bot
from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.markdown.plain_text import plain
from fulfillment.settings import Settings
from fulfillment.streaming.stream import Chunks
from fulfillment.testing import run
from fulfillment.turn import Turn
from tests.profiles import examples


def bot_that_says(*chunks: str) -> Bot:
    bot = Bot()
    bot.fallback(lambda turn: iter(chunks))
    return bot


@examples(0.5)
@given(st.lists(st.text(max_size=12), max_size=6))
def test_each_chunk_leaves_by_itself(chunks: list[str]) -> None:
    result = run(bot_that_says(*chunks), "Hello?")
    assert list(result.chunks) == [chunk for chunk in chunks if chunk]
    frames = [PairedText().frames(chunk, 0) for chunk in chunks if chunk]
    assert list(result.frames) == [frame.payload for pair in frames for frame in pair]


@examples(0.5)
@given(st.lists(st.text(alphabet="*_`# \nab-", max_size=6), max_size=6))
def test_plain_frames_hold_the_text_without_its_marks(chunks: list[str]) -> None:
    result = run(bot_that_says(*chunks), "Hello?", settings=Settings(plain_frames=True))
    assert "".join(result.frames) == plain("".join(chunks), complete=False)


def test_a_waiting_text_is_shown_first() -> None:
    chosen = Settings(waiting_text="One moment…")
    for _ in range(5):
        result = run(bot_that_says("Here ", "it is."), "Hello?", settings=chosen)
        assert result.frames == ("One moment…", " ", "Here", " ", "it is", ".")
        assert result.reply == "Here it is."


@pytest.mark.parametrize("unwatched", [{"streaming": False}, {"input_mode": "Speech"}])
def test_where_nobody_watches_there_are_no_frames(unwatched: dict[str, Any]) -> None:
    result = run(bot_that_says("Here ", "it is."), "Hello?", **unwatched)
    assert (result.chunks, result.frames) == (("Here ", "it is."), ())
    assert result.reply == "Here it is."


def test_chunks_are_what_middleware_makes_of_them() -> None:
    bot = bot_that_says("here")

    @bot.middleware
    def loud(turn: Turn, handler: Callable[..., Chunks]) -> Iterator[str]:
        for chunk in handler(turn):
            yield chunk.upper()

    assert run(bot, "Hello?").chunks == ("HERE",)
