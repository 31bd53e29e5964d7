import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.lex.dialog_actions import MAX_MESSAGES
from fulfillment.markdown.sanitizer import neutralise
from fulfillment.markdown.splitting import (
    MESSAGE_BYTES,
    closed,
    cut_at_sentence,
    messages_of,
    open_fence,
    split,
)

NOTICE = "There is more."
PARAGRAPHS = "\n\n".join(f"Paragraph {n}. " + "It has some words. " * 10 for n in range(40))
CODE = (
    "Intro.\n\n```python\n" + "\n".join(f"print({n})  # <b>" for n in range(400)) + "\n```\n\nEnd."
)


def encoded_bytes(value):
    return len(json.dumps(value).encode())


def fit(markdown, characters=4_000, room_bytes=24_000, finish=neutralise, most=MAX_MESSAGES):
    return messages_of(
        markdown,
        most=most,
        characters=characters,
        room_bytes=room_bytes,
        encoded_bytes=encoded_bytes,
        finish=finish,
        notice=NOTICE,
    )


def spent(messages):
    return sum(encoded_bytes(message) + MESSAGE_BYTES for message in messages)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def test_a_reply_that_fits_is_one_message_as_it_is():
    assert fit("Hello **there**.") == ["Hello **there**."]


def test_a_longer_one_is_split_between_paragraphs_and_nothing_is_lost():
    messages = fit(PARAGRAPHS)
    assert len(messages) == 3
    assert all(len(message) <= 4_000 for message in messages)
    assert all(message.startswith("Paragraph") for message in messages)
    assert squeezed("".join(messages)) == squeezed(PARAGRAPHS)


def test_what_does_not_fit_is_said_to_be_cut():
    messages = fit(PARAGRAPHS * 10)
    assert messages[-1].endswith(f"\n\n{NOTICE}")
    assert spent(messages) <= 24_000
    assert spent(messages) > 20_000
    kept = "".join(messages).removesuffix(NOTICE)
    assert squeezed(PARAGRAPHS * 10).startswith(squeezed(kept))


@pytest.mark.parametrize("most", [1, 2, MAX_MESSAGES])
def test_there_are_never_more_messages_than_may_be(most):
    messages = fit(PARAGRAPHS, characters=500, most=most)
    assert len(messages) == most
    assert messages[-1].endswith(NOTICE)
    kept = "".join(messages).removesuffix(NOTICE)
    assert squeezed(PARAGRAPHS).startswith(squeezed(kept))
    assert len(kept) > 200 * most


def test_as_many_messages_as_may_be_need_no_notice():
    assert fit(PARAGRAPHS, most=3) == fit(PARAGRAPHS)
    assert NOTICE not in "".join(fit(PARAGRAPHS))


def test_no_text_is_no_message():
    assert fit("") == fit("\n") == []


def test_a_code_block_that_is_cut_is_closed_and_opened_again():
    messages = fit(CODE, characters=2_000)
    assert len(messages) > 2
    for message in messages:
        assert open_fence(message) is None
        # Neutralised one by one, so that code stays code in each.
        assert "&lt;" not in message
    assert messages[1].startswith("```python\nprint(")


def test_with_no_room_at_all_there_is_still_the_notice():
    assert fit("Hello.", room_bytes=0) == [NOTICE]


@pytest.mark.parametrize(
    ("markdown", "fence"),
    [
        ("", None),
        ("```\ncode", "```"),
        ("~~~ python\ncode", "~~~ python"),
        ("```\ncode\n```", None),
        ("```\ncode\n~~~", "```"),
        ("````\n```\n", "````"),
        ("``` not a fence`\n", None),
        ("1. step\n   ```sh\n   ls", "```sh"),
    ],
)
def test_an_open_code_block_is_known(markdown, fence):
    assert open_fence(markdown) == fence
    assert open_fence(closed(markdown)) is None


PIECES = [
    "word ",
    "Ende. ",
    "\n",
    "\n\n",
    "```\n",
    "~~~~ x\n",
    "`",
    "<b>",
    "字。",
    "😀",
    "- a\n",
    "x" * 300,
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=200).map("".join),
    st.integers(500, 1_000),
    st.integers(0, 20_000),
    st.integers(1, MAX_MESSAGES),
)
def test_whatever_the_reply_it_fits_and_keeps_its_order(markdown, characters, room_bytes, most):
    messages = fit(markdown, characters, room_bytes, finish=lambda text: text, most=most)
    assert len(messages) <= most
    assert spent(messages) <= max(room_bytes, spent([NOTICE]))
    assert all(message.strip() for message in messages)
    assert all(len(message) <= characters + len(NOTICE) + 60 for message in messages)


@given(st.text(max_size=3_000), st.integers(500, 1_000))
def test_split_loses_nothing_but_white_space(text, characters):
    if open_fence(text) is None and "```" not in text and "~~~" not in text:
        assert squeezed("".join(split(text, characters))) == squeezed(text)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("One. Two. Thr", "One. Two."),
        ("One. Two.", "One. Two."),
        ("1. First point.\n2. Second po", "1. First point."),
        ("One. Two! “Three?” and fo", "One. Two! “Three?”"),
        ("一。二。三", "一。二。"),
        ("- first\n- second\n- thi", "- first\n- second"),
        ("no end at all", "no end at all"),
        ("Dr. " + "x" * 100, "Dr. " + "x" * 100),
        ("Version 1.2 of", "Version 1.2 of"),
        ("", ""),
    ],
)
def test_a_cut_falls_on_a_sentence_end_where_that_loses_little(text, cut):
    assert cut_at_sentence(text) == cut


@given(st.text())
def test_a_cut_text_is_a_prefix(text):
    assert text.startswith(cut_at_sentence(text))
