import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.markdown.splitting import closed, cut_at_sentence, open_fence, split

PARAGRAPHS = "\n\n".join(f"Paragraph {n}. " + "It has some words. " * 10 for n in range(40))
CODE = "Intro.\n\n```python\n" + "\n".join(f"print({n})" for n in range(400)) + "\n```\n\nEnd."


def squeezed(text):
    return re.sub(r"\s+", "", text)


def test_text_is_split_between_paragraphs():
    parts = list(split(PARAGRAPHS, 4_000))
    assert len(parts) == 3
    assert all(len(part) <= 4_000 for part in parts)
    assert all(part.startswith("Paragraph") for part in parts)
    assert squeezed("".join(parts)) == squeezed(PARAGRAPHS)


def test_a_code_block_that_is_cut_is_closed_and_opened_again():
    parts = list(split(CODE, 2_000))
    assert len(parts) > 2
    assert all(open_fence(part) is None for part in parts)
    assert parts[1].startswith("```python\nprint(")


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
