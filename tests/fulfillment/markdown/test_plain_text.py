"""Frames are a prefix of the reply's plain text at every moment, and hardly behind it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fulfillment.lex.web_ui_framing import PairedText
from fulfillment.markdown.plain_text import HELD_BACK_CHARACTERS, PlainReader, plain
from fulfillment.streaming.delivery import Delivery
from fulfillment.streaming.pacing import Pace
from tests.deliveries import deliver
from tests.fakes import FakeChannel, FakeClock
from tests.profiles import examples

REPLIES = {
    "an explanation": """\
## What is Amazon Lex?

**Amazon Lex** is a service for building *conversational interfaces*. It has two parts:

- **Intents**: what a user wants, such as `BookHotel`
- **Slots**: what you must know first
  - a *city*
  - a `check_in_date` (see [slot types](https://docs.example/lexv2/slots_(built-in).html#dates))

***

### Limits

1. A turn takes **at most 30 s**.
2. A message has ~1,024 characters & 2 * 512 are 1,024, too.

> **Note:** these are quotas of *one* Region.
> Ask for more.

---

Anything else? \U0001f60a""",
    "instructions": """\
To deploy it, do the following.

1. Install the tools:

   ```bash
   # needs **sudo**
   npm i -g aws-cdk && cdk --version
   ```

2. Write `app.py`:

   ```python
   def area(*sizes, **options):
       return sizes[0] * sizes[1]  # _not_ `sum`
   ```

3. Run `cdk deploy`, then open <https://console.example/cdk?a=b_c>.

   - [ ] check the **stack**
   - [x] check the *alarms*

That is all \u2014 ~~no~~ some questions may be left [1], [2].""",
    "a comparison": """\
| Plan | Price | Notes |
|:-----|------:|-------|
| **Basic** | $5* | `1` user |
| Pro | ~~$20~~ $15 | see [terms](/terms) |
| Max | - | *soon* |

\\* a month, without VAT. Prices &lt; $5 are gone.""",
    "a quotation": """\
As the guide says:

> Use the API as follows:
>
> ```js
> const a = b ** 2; // *x*
> ```
>
> - one
> - **two**

Then `a` is *b* squared.
***
Bye""",
    "Chinese": """\
# 计划

**重点**：请参阅[文档](https://x.example/文档)，**然后**再试。

* 第一，`代码`
* 第二，**价格**为*五*美元""",
    "old style": """\
Title
=====

__Section__
-----------

+ _one_
+ __two__ and `` a`b ``

![A chart](chart.png) ***all*** done, ***or** not*.""",
}


def _text(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return "".join(map(_text, token.children or ())) if token.children else token.content


def rendered(markdown: str) -> str:
    """What a renderer shows of a text, words parted by single spaces; bullets and bars in it."""
    shown = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        if token.type == "list_item_open":
            shown.append(token.info + token.markup if token.info else "\u2022")
        elif token.type in ("th_open", "td_open", "tr_close"):
            shown.append("|")
        else:
            shown.append(_text(token))
    return " ".join(" ".join(shown).split())


@pytest.mark.parametrize("name", REPLIES)
def test_it_is_what_a_renderer_shows(name: str) -> None:
    assert " ".join(plain(REPLIES[name]).split()) == rendered(REPLIES[name])


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (
            "# One\n\n###### Six\n####### seven #hash\n#five",
            "One\n\nSix\n####### seven #hash\n#five",
        ),
        ("- a\n* b\n+ c\n  - d\n-e\n-", "\u2022 a\n\u2022 b\n\u2022 c\n  \u2022 d\n-e\n-"),
        ("1. a\n12) b\n2024. c\n   - d", "1. a\n12) b\n2024. c\n   \u2022 d"),
        ("- [ ] a\n- [x] b", "\u2022 [ ] a\n\u2022 [x] b"),
        ("> a\n>b\n> > c\n> - d\n>\n> # e", "a\nb\nc\n\u2022 d\n\ne"),
        ("a\n\n---\n\nb\n* * *\nc\n___\nd", "a\n\n\nb\nc\nd"),
        ("--- a\n-- b\n---c\n==\n| --- | a |", "--- a\n-- b\n---c\n==\n| --- | a |"),
        ("| a | b |\r\n|-|:-:|\r\n| c | d |\r\n", "| a | b |\r\n| c | d |\r\n"),
        ("a | b\n--- | ---\nc | d", "a | b\nc | d"),
        ("| a ` b |\n| **c** |", "| a  b |\n| c |"),
        ("| `a\\|b\\` | c\\|d |\n\n`a\\|b`", "| a|b\\ | c|d |\n\na\\|b"),
        ("| a |\n|---|\n| one<br>two |", "| a |\n| one\ntwo |"),
        ("- ", "\u2022"),
        ("", ""),
    ],
)
def test_marks_at_the_start_of_a_line_go(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("a\n```python title=x\n**b**\n\n# c\n```\n**d**", "a\n**b**\n\n# c\nd"),
        ("~~~\n```\n- a\n~~~~ \n- b", "```\n- a\n\u2022 b"),
        ("````md\n```\n*a*\n```\n````\n*b*", "```\n*a*\n```\nb"),
        ("1. a\n   ```sh\n   *b*\n   ```\n2. *c*", "1. a\n   *b*\n2. c"),
        ("- ```\n  *a*\n  ```\n- *b*", "\u2022  *a*\n\u2022 b"),
        ("> ```\n> *a*\n> > b\n*c*", "*a*\n> b\nc"),
        ("> ```\n > *a*\n  > ```\n> *b*", "*a*\nb"),
        ("      ```\n      *a*\n      ```\n*b*", "            *a*\n      b"),
        ("```x``` *a*", "x a"),
        ("``````\n*a*", "``````\na"),
        ("```\n*a*\n``\n``` x", "*a*\n``\n``` x"),
        ("```\n*a*", "*a*"),
    ],
)
def test_a_fence_goes_and_its_code_stays(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("```" + "a" * 3000 + "\n*b*", "a" * 3000 + "\n*b*"),
        ("-" * 3000 + "\n*b*", "-" * 3000 + "\nb"),
    ],
)
def test_a_line_that_is_too_long_for_a_mark_is_text(markdown: str, text: str) -> None:
    assert plain(markdown) == text


FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "word ",
            "two words",
            " ",
            "   ",
            "      ",
            "\n",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "\u00e9",
        ),
        *("*", "**", "***", "****", "_", "__", "~", "~~", "`", "``", "```", "`code`", "**b**"),
        *("~~~\n", "```PY\n", "\n```\n", "\n   ```\n", "\n~~~~~\n    ~~~~", "``````", "> ```\n> "),
        *("# ", "###### ", "- ", "* ", "+ ", "1. ", "12) ", "> ", ">", "- [ ] ", "---", "\n---\n"),
        *("* * *\n", "===\n", "|", "| a | b |\n|---|:-:|\n", "| - | - |", "|      -", "-      -"),
        *("[", "]", "](", "](HTTPS://X.Y/(Z))", '](X "Y")', "](U V)", ")", "![", "[1]", "[x]", "!"),
        *(
            "<",
            "<https:",
            "<https://x.y>",
            "<mailto:",
            "<br",
            "<br />",
            ">",
            "&",
            "&AMP;",
            "&lt;",
            "&quo",
            "\\",
            "\\*",
            "\\|",
        ),
        *(
            "\\\n",
            "\u91cd\u70b9",
            "\uff1a",
            "\U0001f600",
            "\U0001f468\u200d\U0001f469",
            "e\u0301",
            "2*3",
        ),
    ]
)
DOCUMENTS = st.lists(FRAGMENTS, max_size=14).map("".join) | st.sampled_from([*REPLIES.values()])


@examples(0.5)
@given(DOCUMENTS, st.text(max_size=5))
@example("-      ---\n", "")
@example("[label](https://x)", "")
def test_text_so_far_is_a_prefix_of_later_text(document: str, more: str) -> None:
    document += more
    whole, shown = plain(document), ""
    for end in range(len(document) + 1):
        so_far = plain(document[:end], complete=False)
        if_that_is_all = plain(document[:end])
        assert so_far.startswith(shown)
        assert if_that_is_all.startswith(so_far)
        assert len(if_that_is_all) - len(so_far) <= HELD_BACK_CHARACTERS
        shown = so_far
    assert whole.startswith(shown)


@pytest.mark.parametrize(
    "document", ["a <mailto", "- **bold", "~~~~~\n    ~~~~", "![abcd]", "a &quot", "12) 456", "*a_"]
)
def test_what_is_not_clear_yet_is_kept_back(document: str) -> None:
    assert len(plain(document)) > len(plain(document, complete=False))


@given(DOCUMENTS, st.data())
def test_how_a_text_is_cut_into_chunks_changes_nothing(document: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(document)), max_size=20).map(sorted))
    reader = PlainReader()
    pieces = [document[a:b] for a, b in zip([0, *cuts], [*cuts, len(document)], strict=True)]
    assert "".join(map(reader.feed, pieces)) + reader.finish() == plain(document)


# What links, fences and entities do not show; the rest of a text must be there.
HIDDEN = re.compile(
    r"\]\(\S*(?:[ \t]+[\"'][^\n]*)?|^[ \t>*+\-0-9.)]*(?:`{3,}|~{3,}).*|&\w+;|<br", re.MULTILINE
)


def _letters(text: str) -> list[str]:
    return [character for character in text if character.isalnum()]


@given(DOCUMENTS)
def test_no_letter_is_lost(document: str) -> None:
    document += "\n"  # ends whatever address is still open
    left = iter(_letters(plain(document)))
    assert all(letter in left for letter in _letters(HIDDEN.sub("", document)))


@given(st.text(alphabet=st.characters(exclude_characters="\\`*_~[]!<>&#-+=|:\r\n\t 0123456789")))
def test_what_has_no_marks_stays_as_it_is(text: str) -> None:
    assert plain(f"x{text}") == f"x{text}"


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "`",
            "` ",
            "`` ` ",
            "<",
            "\\",
            "[",
            "[a](",
            "](\n",
            "> ",
            "- ",
            "* ",
            "1. ",
            "```\n",
            "~~~\n",
        ),
        *(
            "\n",
            "\r",
            " ",
            "|-",
            "a\n---\n",
            "<https://",
            "&amp",
            "![",
            "**a",
            "[a](b(",
            '[a](b "c',
        ),
    ],
)
def test_a_long_hostile_text_is_read_in_one_go(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    reader = PlainReader()
    shown = [reader.feed(text[start : start + 4]) for start in range(0, len(text), 4)]
    assert "".join(shown) + reader.finish() == plain(text)


@given(
    st.lists(st.tuples(st.floats(0, 0.4), FRAGMENTS | st.sampled_from([*REPLIES.values()]))),
    st.floats(0, 2),
)
def test_frames_are_a_prefix_of_the_plain_text(
    gaps: list[tuple[float, str]], tail_seconds: float
) -> None:
    clock, at, chunks = FakeClock(), 0.0, []
    for gap, chunk in gaps:
        at += gap
        chunks.append((at, chunk))
    channel, delivery = FakeChannel(), Delivery(PairedText(), Pace(0.2), tail="reply")
    deliver(delivery, chunks, at + tail_seconds, channel, clock, visible=PlainReader().feed)
    shown = "".join(channel.frames)
    text = plain("".join(chunk for _, chunk in chunks))
    assert text.startswith(shown)
    assert delivery.characters == len(shown)
    if tail_seconds > 0.3:
        assert len(text) - len(shown) <= HELD_BACK_CHARACTERS


def test_a_chunk_of_marks_alone_posts_nothing() -> None:
    chunks = [(1.0, "## "), (2.0, "**"), (3.0, "Hello"), (4.0, "**")]
    posted_at: list[float] = []
    clock = FakeClock()
    channel = FakeChannel(on_post=lambda: posted_at.append(clock.now))
    delivery = Delivery(PairedText(), Pace(0.2), tail="reply")
    deliver(delivery, chunks, 9.0, channel, clock, visible=PlainReader().feed)
    assert (channel.frames, posted_at) == (["Hell", "o"], [3.0, 3.0])
