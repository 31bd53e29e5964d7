"""A reply always fits into the response, and whatever is left out is announced."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.lex.fitting import MESSAGE_BYTES, Limits, encoded_bytes, messages_of
from fulfillment.lex.limits import MAX_MESSAGES
from fulfillment.markdown.sanitizer import neutralise

NOTICE = "There is more."
LIMITS = Limits(messages=MAX_MESSAGES, characters=4_000, bytes=24_000)
PARAGRAPHS = "\n\n".join(f"Paragraph {n}. " + "It has some words. " * 10 for n in range(40))


def fit(markdown: str, limits: Limits = LIMITS) -> list[str]:
    return messages_of(markdown, limits, finish=neutralise, notice=NOTICE)


def spent(messages: list[str]) -> int:
    return sum(encoded_bytes(message) + MESSAGE_BYTES for message in messages)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_a_short_reply_is_one_message() -> None:
    assert fit("Hello **there**.") == ["Hello **there**."]


def test_no_text_is_no_message() -> None:
    assert fit("") == fit("\n") == []


def test_a_long_reply_is_several() -> None:
    messages = fit(PARAGRAPHS)
    assert len(messages) == 3
    assert squeezed("".join(messages)) == squeezed(PARAGRAPHS)


def test_what_is_left_out_is_announced() -> None:
    messages = fit(PARAGRAPHS * 10)
    assert messages[-1].endswith(f"\n\n{NOTICE}")
    assert 20_000 < spent(messages) <= LIMITS.bytes
    shown = "".join(messages).removesuffix(NOTICE)
    assert squeezed(PARAGRAPHS * 10).startswith(squeezed(shown))


@pytest.mark.parametrize("most", [1, 2, MAX_MESSAGES])
def test_messages_have_a_limit(most: int) -> None:
    messages = fit(PARAGRAPHS, LIMITS._replace(messages=most, characters=500))
    assert len(messages) == most
    assert messages[-1].endswith(NOTICE)
    shown = "".join(messages).removesuffix(NOTICE)
    assert squeezed(PARAGRAPHS).startswith(squeezed(shown))
    assert len(shown) > 200 * most


def test_as_many_messages_as_fit_need_no_notice() -> None:
    assert fit(PARAGRAPHS, LIMITS._replace(messages=3)) == fit(PARAGRAPHS)
    assert NOTICE not in "".join(fit(PARAGRAPHS))


def test_each_message_is_finished_by_itself() -> None:
    code = "\n".join(f"print({n})  # <b>" for n in range(400))
    messages = fit(f"```python\n{code}\n```", LIMITS._replace(characters=2_000))
    assert len(messages) > 2
    assert "&lt;" not in "".join(messages)


def test_without_any_room_only_the_notice_is_left() -> None:
    assert fit("Hello.", LIMITS._replace(bytes=0)) == [NOTICE]


def test_no_more_is_read_than_fits() -> None:
    finished: list[str] = []

    def finish(part: str) -> str:
        finished.append(part)
        return part

    messages_of(PARAGRAPHS * 100, LIMITS, finish=finish, notice=NOTICE)
    assert len("".join(finished)) < 2 * LIMITS.bytes


PIECES = [
    *("word ", "Ende. ", "\n", "\n\n", "```\n", "~~~~ x\n", "`", "<b>"),
    *("字。", "😀", "- a\n", "x" * 300),
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=200).map("".join),
    st.builds(
        Limits, st.integers(1, MAX_MESSAGES), st.integers(500, 1_000), st.integers(0, 20_000)
    ),
)
def test_any_reply_fits(markdown: str, limits: Limits) -> None:
    messages = messages_of(markdown, limits, finish=lambda text: text, notice=NOTICE)
    assert len(messages) <= limits.messages
    assert spent(messages) <= max(limits.bytes, spent([NOTICE]))
    assert all(message.strip() for message in messages)
    assert all(len(message) <= limits.characters + len(NOTICE) + 60 for message in messages)
