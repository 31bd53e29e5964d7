"""Parts of a reply, rendered one by one, show what the whole would show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fulfillment.markdown.splitting import closed, cut_at_sentence, rest, split
from tests.profiles import examples

PARAGRAPHS = "\n\n".join(f"Paragraph {n}. " + "It has some words. " * 10 for n in range(40))
HEAD = "| Store | City |\n|---|---|\n"
ROWS = "".join(f"| Store number {n:03d} | Sample City {n:03d} |\n" for n in range(60))
TEXT = "Some words of a text. " * 15
LINES = [f"line number {n}" for n in range(60)]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("markdown", ["", "\n\n", "  \n"])
def test_no_text_is_no_part(markdown: str) -> None:
    assert list(split(markdown, 500)) == []


def test_what_fits_is_left_alone() -> None:
    assert list(split("1. a\n1. b\n\n***  \n", 500)) == ["1. a\n1. b\n\n***  "]


def test_text_is_split_between_paragraphs() -> None:
    parts = list(split(PARAGRAPHS, 4_000))
    assert len(parts) == 3
    assert all(len(part) <= 4_000 for part in parts)
    assert all(part.startswith("Paragraph") for part in parts)
    assert squeezed("".join(parts)) == squeezed(PARAGRAPHS)


# --- what is cut goes on as what it was


def test_a_table_has_its_head_in_each_part() -> None:
    parts = list(split(f"The stores:\n\n{HEAD}{ROWS}", 1_000))
    assert len(parts) > 2
    assert all(part.startswith(HEAD) for part in parts[1:])
    rows = "".join(parts).replace(HEAD, "").removeprefix("The stores:\n\n")
    assert squeezed(rows) == squeezed(ROWS)


def test_a_table_that_fits_is_kept_whole() -> None:
    table = HEAD + ROWS[:700]
    assert list(split(f"{TEXT}\n\n{TEXT}\n\n{table}", 1_000))[1] == table.strip()


def test_a_code_block_is_closed_and_opened_again() -> None:
    code = "\n".join(LINES)
    parts = list(split(f"Intro.\n\n```python\n{code}\n```\n\nEnd.", 500))
    assert all(part.count("```") == 2 for part in parts[:-1])
    assert parts[1].startswith("```python\nline")


@pytest.mark.parametrize(
    ("markdown", "beginning"),
    [
        ("> " + TEXT * 5, "> "),
        ("\n".join(f"> {line}" for line in LINES), "> line"),
        ("> " + "\n".join(LINES), "> line"),
        ("\n".join(f"1. {line}" for line in LINES), r"\d{2}. line"),
        ("7) a\n" + "\n".join(f"   - {line}" for line in LINES), r"7\) - line"),
        ("- a\n\n" + "\n".join(f"  > {line}" for line in LINES), "- > line"),
        ("- a\n  ```\n" + "\n".join(f"  {line}" for line in LINES) + "\n  ```", "- ```\n  line"),
        ("**" + TEXT.strip() * 3 + "**", r"\*\*"),
        ("**a *" + TEXT.strip() * 3 + "* b**", r"\*\*\*Some|\*\*\*\w"),
    ],
)
def test_a_part_begins_as_what_was_cut(markdown: str, beginning: str) -> None:
    parts = list(split(markdown, 500))
    assert len(parts) > 1
    assert all(re.match(beginning, part) for part in parts[1:])
    assert all(len(part) <= 500 for part in parts)


# --- where it is cut


@pytest.mark.parametrize("heading", ["## Part", "Part\n----", "**Part**", "These are:"])
def test_a_heading_stays_with_what_is_below_it(heading: str) -> None:
    first, second = split(f"{TEXT}\n\n{heading}\n\n{TEXT}", 400)
    assert second.startswith(heading)


def test_items_are_kept_whole() -> None:
    items = [f"- Item {n}: {TEXT[:100]}\n  - {TEXT[:60]}" for n in range(10)]
    parts = list(split("\n".join(items), 500))
    assert all(part.startswith("- Item") for part in parts)


@pytest.mark.parametrize(
    "element",
    [
        "[a label of some words](https://example.com)",
        "`some code of many words`",
        "**some words that matter**",
        "*some words*",
        "__some [link of words](/a) here__",
        "~~some words~~",
        "![a picture of words](/a.png)",
    ],
)
def test_what_belongs_together_is_not_torn(element: str) -> None:
    parts = list(split(" ".join([element] * 99), 500))
    assert len(parts) > 2
    assert all(part.replace(element, "").strip() == "" for part in parts)


@pytest.mark.parametrize("word", ["-", "1.", "#", ">", "```", "---", "===", "+"])
def test_a_line_does_not_become_another_block(word: str) -> None:
    text = "In words " + f"{word} and words " * 100
    parts = list(split(text, 500))
    assert len(parts) > 2
    assert roles(*parts) == roles(text)


# --- every word stays in what it was in

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
Role = tuple[str, tuple[str, ...]]


def roles(*parts: str) -> list[Role]:
    """Return each word that is shown, and the elements that it is in.

    The head of a table counts once, where the table goes on in the next part.
    """
    words: list[Role] = []
    head: list[Role] = []
    for part in parts:
        found = list(_roles(RENDERER.parse(part)))
        is_repeated = bool(head) and found[: len(head)] == head
        words += found[len(head) :] if is_repeated else found
        for is_head, group in groupby(found, lambda role: "thead" in role[1]):
            head = list(group) if is_head else head
    return words


def _roles(tokens: list[Token]) -> Iterator[Role]:
    inside: list[str] = []
    numbers: list[int] = []
    for token in tokens:
        if token.type == "ordered_list_open":
            numbers.append(int(token.attrs.get("start", 1)))
        if token.type == "list_item_open" and inside[-1] == "ol":
            inside.append(f"item {numbers[-1]}")
            numbers[-1] += 1
        elif token.nesting == 1:
            # Whether a list is loose does not matter.
            inside.append("" if token.tag == "p" else token.tag)
        elif token.nesting == -1:
            if token.type == "ordered_list_close":
                numbers.pop()
            inside.pop()
        else:
            around = list(filter(None, inside))
            children = token.children or [token]
            yield from _inline_roles(children, around)


def _inline_roles(tokens: list[Token], inside: list[str]) -> Iterator[Role]:
    for token in tokens:
        if token.nesting == 1:
            inside.append(str(token.attrs.get("href", token.tag)))
        elif token.nesting == -1:
            inside.pop()
        else:
            yield from ((word, (*inside, token.tag)) for word in token.content.split())


WORDS = st.lists(
    st.sampled_from(["one", "two,", "three.", "four?", "(five)", "字。", "6.", "-", "e_f"]),
    min_size=1,
    max_size=9,
).map(lambda words: " ".join(["word", *words, "end"]))
INLINE = st.lists(
    WORDS
    | WORDS.map("**{}**".format)
    | WORDS.map("*{}*".format)
    | WORDS.map("[{}](https://x.example/a_b)".format)
    | WORDS.map("`{}`".format)
    | WORDS.map("**a *b* [{}](/u)**".format),
    min_size=1,
    max_size=8,
)
PARAGRAPH = st.builds(lambda gap, texts: gap.join(texts), st.sampled_from([" ", "\n"]), INLINE)
HEADING = st.builds("{} {}".format, st.sampled_from(["#", "###"]), WORDS)
TABLE = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=20).map(
    lambda rows: "| Head A | B |\n|:--|---|\n" + "\n".join(f"| {a} | **{b}** |" for a, b in rows)
)
FENCE = st.builds(
    lambda mark, lines: "\n".join([f"{mark} python", *lines, mark]),
    st.sampled_from(["```", "~~~~"]),
    st.lists(WORDS | WORDS.map("    {}".format) | st.just(""), min_size=1, max_size=20),
)


def _items(kind: str, bodies: list[str], *, loose: bool) -> str:
    marks = (f"{n}. " if kind == "1" else f"{kind} " for n in range(3, 99))
    items = (
        mark + body.replace("\n", "\n" + " " * len(mark))
        for mark, body in zip(marks, bodies, strict=False)
    )
    return ("\n\n" if loose else "\n").join(items)


def _containers(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(blocks, min_size=1, max_size=4).map("\n\n".join)
    quote = several.map(lambda text: "> " + text.replace("\n", "\n> "))
    items = st.builds(
        _items,
        st.sampled_from("-*1"),
        st.lists(several, min_size=1, max_size=8),
        loose=st.booleans(),
    )
    # A list, and a rule that keeps it from the list after it.
    return quote | items.map("{}\n\n---".format)


def _with_distinct_heads(document: str) -> str:
    number = count()
    return re.sub("Head", lambda _: f"Head{next(number)}", document)


BLOCKS = st.recursive(PARAGRAPH | HEADING | TABLE | FENCE, _containers, max_leaves=12)
DOCUMENTS = st.lists(BLOCKS, min_size=1, max_size=6).map("\n\n".join).map(_with_distinct_heads)


@examples(0.2)
@given(DOCUMENTS, st.integers(500, 1_500))
def test_every_word_stays_in_what_it_was_in(document: str, characters: int) -> None:
    parts = list(split(document, characters))
    assert all(len(part) <= characters for part in parts)
    assert roles(*parts) == roles(document)


@given(st.text(max_size=3_000), st.integers(500, 1_000))
def test_no_text_is_lost(text: str, characters: int) -> None:
    parts = list(split(text, characters))
    assert all(len(part) <= characters for part in parts)
    if not re.search("```|~~~|[*_>\\-+0-9]|[|]", text):
        assert squeezed("".join(parts)) == squeezed(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "`",
            "` ",
            "``` ",
            "[",
            "[a](b",
            "](",
            "> ",
            "- ",
            "- a\n",
            "  - a\n",
            "```\n",
            "```\n\n",
        ),
        *(
            "\n",
            "a\n",
            "word ",
            "*a ",
            "_*a",
            "*_ ",
            "**a** ",
            "| a | b |\n",
            "a\n---\n",
            "\t",
            "1. a\n",
        ),
    ],
)
def test_a_long_hostile_text_is_cut_at_once(unit: str) -> None:
    """No more than a few times as long as it takes to read it; a bad pattern would take minutes."""
    text = (unit * 25_000)[:25_000]
    assert all(len(part) <= 1_000 for part in split(text, 1_000))


# --- a text that ends in the middle


@pytest.mark.parametrize(
    ("markdown", "closing"),
    [
        ("", ""),
        ("```\ncode", "\n```"),
        ("~~~ python\ncode\n\n", "\n~~~"),
        ("```", "\n```"),
        ("```\ncode\n```", ""),
        ("```\ncode\n~~~", "\n```"),
        ("````\n```\n", "\n````"),
        ("``` not a fence`\n", ""),
        ("1. step\n   ```sh\n   ls", "\n   ```"),
        ("> ```\n> ls", "\n> ```"),
        ("> ```\n> ls\n\ntext", ""),
    ],
)
def test_an_open_code_block_is_closed(markdown: str, closing: str) -> None:
    assert closed(markdown) == (markdown.rstrip("\n") + closing if closing else markdown)
    assert closed(closed(markdown)) == closed(markdown)


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("One. ^Two.\nThree.", "Two.\nThree."),
        ("One.^\n\n\nTwo.", "Two."),
        ("One.^", ""),
        ("^", ""),
        ("```sh\na^\nb\n```\nc", "```sh\nb\n```\nc"),
        ("```sh\na ^b\n```", "```sh\nb\n```"),
        ("```sh^\na\n```", "```sh\na\n```"),
        ("```sh\na^\n```\nb", "b"),
        ("```sh\na^", ""),
        (f"{HEAD}| 1 | 2 |^\n| 3 | 4 |\n\nEnd.", f"{HEAD}| 3 | 4 |\n\nEnd."),
        (f"{HEAD}| 1 | 2 |\n| 3 ^| 4 |", f"{HEAD}| 3 | 4 |"),
        (f"{HEAD}| 1 | 2 |^\n\nEnd.", "End."),
        ("| a |^\n|---|\n| 1 |", "| a |\n|---|\n| 1 |"),
        ("1. one\n2. two ^three\n3. four", "2. three\n3. four"),
        ("> one ^two", "> two"),
    ],
)
def test_the_rest_goes_on_as_what_it_was(markdown: str, shown: str) -> None:
    assert rest(markdown.replace("^", ""), markdown.index("^")) == shown


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
def test_a_cut_falls_on_a_sentence_end_where_that_loses_little(text: str, cut: str) -> None:
    assert cut_at_sentence(text) == cut


@given(st.text())
def test_a_cut_text_is_a_prefix(text: str) -> None:
    assert text.startswith(cut_at_sentence(text))
