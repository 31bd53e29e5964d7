"""Random documents over small hostile alphabets, rendered as clients render them.

Nothing that a client would run or fetch by itself may be left. ``--fuzz 20000`` renders hundreds of
thousands instead of tens of thousands: so many of each alphabet.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from fulfillment.markdown.sanitizer import neutralise
from tests.renderers import Marked, dangers, rendered_in_python, why_not_marked

BATCH = 1_000
MOST_PARTS = 14

ATTACK = "<img src=/x onerror=alert(1)>"
# What each is about: a part of a document is one of these.
ALPHABETS = {
    "pictures": ["!", "!", "[", "[", "]", "\\", "(/u)", "](/u)", "![a](/p)", "a", "&", "\n"],
    "references": ["!", "[", "]", "[a]", "\\", "[a]: /u", ":", "(/u)", "\n", "\n\n", "> ", "- "],
    "quotes": ['"', " onerror=x ", "![", "[", "](/u)", '](/u "t")', "\\", "`", "'", "|", "a", "\n"],
    "code": ["`", "``", "```", "~~~", "\n", "\n\n", " ", "    ", ATTACK, "a", "- ", "> ", "\\"],
    "cells": ["|", "\\|", "---|---", "a|b", "\n", "~~~", "```x", "`", ATTACK, "![a](/p)", "[", "]"],
    "tables": ["~~~a|b\n", "a|b\n", "---|---\n", "\n", "~~~\n", "- ", "  ", ATTACK],
    "tags": ["<", ">", "<b>", "<br>", "<br", "/>", "<!--", "</p>", "\n", "a", "`", "- ", "\\", '"'],
    "breaks": ["<br>", "<BR />", "\n", "\n\n", "> ", "- ", "[ ] ", "```\n", f"`{ATTACK}`", "a"],
    "addresses": [
        *("[a]", "(", ")", "<", ">", "javascript:x", "https://e.x/a b", "<https://e.x/a b>", "\\"),
        *("](<https://e.x/a b>)", "\n", "tel:1", "`", ATTACK, "!", "&#32;", "[a]: "),
    ],
    "everything": [
        *("!", "[", "]", "](/u)", "(", "\\", "`", "```", "\n", "\n\n", "- ", "> ", "1. ", "    "),
        *("<", "<br>", ATTACK, "|", "|-|-|", "*", "_", "~~", '"', "https://e.x", "javascript:x"),
        *("]: ", "# ", "---", "\t", "\r\n", "&", "a"),
    ],
}


def documents(name: str, left: int) -> Iterator[list[str]]:
    """Yield so many documents of an alphabet, in batches."""
    chance, alphabet = random.Random(name), ALPHABETS[name]
    while left > 0:
        count = min(left, BATCH)
        lengths = [chance.randint(1, MOST_PARTS) for _ in range(count)]
        yield ["".join(chance.choices(alphabet, k=length)) for length in lengths]
        left -= count


Renderer = Callable[[list[str]], list[dict[str, list[str]]]]


@pytest.fixture(scope="module", params=["python", "marked"])
def render(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    if request.param == "python":
        yield rendered_in_python
    elif reason := why_not_marked():
        pytest.skip(reason)
    else:
        with Marked() as marked:
            yield marked.render


@pytest.mark.slow
@pytest.mark.parametrize("pictures", [False, True], ids=["no pictures", "pictures"])
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_nothing_runs_or_is_fetched(
    alphabet: str, pictures: bool, render: Renderer, request: pytest.FixtureRequest
) -> None:
    for batch in documents(alphabet, request.config.option.fuzz):
        safe = [neutralise(document, pictures=pictures) for document in batch]
        for document, text, htmls in zip(batch, safe, render(safe), strict=True):
            for html, names in htmls.items():
                found = dangers(html, pictures=pictures)
                assert not found, (document, text, html, names)
