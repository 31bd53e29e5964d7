from __future__ import annotations

import pytest
from hypothesis import example, given

from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.streaming.framing import MAX_FRAME_BYTES, Ending
from tests.fulfillment.streaming.texts import FAMILY, TEXTS, ends_between_characters


def payloads(text: str) -> list[str]:
    return [frame.payload for frame in PairedText().frames(text, 0)]


@given(TEXTS.filter(bool))
@example("/stop/x")
@example("\u0301\u0301")
def test_frames_joined_are_the_text(text: str) -> None:
    frames = PairedText().frames(text, 0)
    assert "".join(frame.payload for frame in frames) == text
    assert [len(frame.payload) for frame in frames] == [frame.characters for frame in frames]
    assert all(frame.payload and frame.payload != "/stop/" for frame in frames)
    assert ends_between_characters(frame.payload for frame in frames)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("a", ["a"]),
        ("Hello", ["Hell", "o"]),
        (f"Hi {FAMILY}", ["Hi ", FAMILY]),
        (FAMILY, [FAMILY]),
        ("ok 🇨🇭", ["ok ", "🇨🇭"]),
        ("/stop/", ["/stop", "/"]),
        ("/stop/!", ["/stop", "/", "!"]),
    ],
)
def test_a_flush_leaves_as(text: str, frames: list[str]) -> None:
    assert payloads(text) == frames


def test_a_run_of_joiners_longer_than_a_frame_is_cut() -> None:
    assert all(len(part.encode()) <= MAX_FRAME_BYTES for part in payloads("a" + "\u0301" * 20_000))


def test_the_reply_is_the_end() -> None:
    assert PairedText().end(Ending("completed")) == ()
