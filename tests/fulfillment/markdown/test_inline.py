"""Inside a line marks go, and whatever might be meant as text stays."""

from __future__ import annotations

import pytest

from fulfillment.markdown.plain_text import plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**bold** and *slanted*, __bold__ and _slanted_", "bold and slanted, bold and slanted"),
        ("***both*** and **_both_** and *__both__*", "both and both and both"),
        ("**bold *and slanted* too**", "bold and slanted too"),
        ("(**a**), “*b*”, **c**: **d:** e**f**.", "(a), “b”, c: d: e**f**."),
        ("**H**yper **T**ext **M**arkup", "Hyper Text Markup"),
        ("这是**重点**内容，**注意：**内容", "这是重点内容，注意：内容"),
        ("_snake_case_ and __init__", "snake_case and init"),
        ("~~$10~~ $8", "$10 $8"),
        ("**✅ Done**", "✅ Done"),
    ],
)
def test_emphasis_goes(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    "text",
    [
        *("2*3*4 = 24", "2 * 3", "2**3", "x**y", "a ** b", "**", "f**k", "$5* a month", "*****"),
        *("snake_case_name", "a__b__c", "https://x.example/_next/_a_", "tests/__init__.py", "_"),
        *("**** **** **** 4242", "****4242", "about ~5 minutes", "~/bin", "~a~", "~~~~x~~~~"),
    ],
)
def test_what_only_looks_like_emphasis_stays(text: str) -> None:
    assert plain(f"So {text} it is") == f"So {text} it is"


def test_emphasis_ends_with_its_block() -> None:
    assert plain("*a\n\nb* and\n- *c\n- d*") == "a\n\nb* and\n• c\n• d*"


def test_only_as_many_marks_go_at_the_end_as_at_the_beginning() -> None:
    assert plain("**Only $5*** a month, **2*3**.") == "Only $5* a month, 2*3."


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Call `f(*args, **kwargs)`.", "Call f(*args, **kwargs)."),
        ("``a ` b`` and ```c``` and `d\ne`", "a ` b and c and d\ne"),
        ("`**not bold** [a](b) &amp; \\*` **bold**", "**not bold** [a](b) &amp; \\* bold"),
        ("a ` b\n\n**c**", "a  b\n\nc"),
        ("- a ` b\n- **c**", "• a  b\n• c"),
        ("``````not code``````", "``````not code``````"),
    ],
)
def test_code_stays_as_written_without_its_backticks(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("See [the docs](https://x.example/a_(b)?c=*d*).", "See the docs."),
        ("Look [here](/a) and ![this](b).", "Look here and this."),
        ("[**bold** and `code`](/a), [b](<https://c>), [c]()", "bold and code, b, c"),
        ("[a](https://x \"A title\") [b](/c 'd')", "a b"),
        ("![A chart](chart.png) and [![A badge](a.svg)](https://b)", "A chart and A badge"),
        ("[[1]](https://x), [2024 report](https://y)", "[1], [2024 report]"),
    ],
)
def test_of_a_link_its_text_stays(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    "text",
    [
        *("as in [1] and [2, 3]", "[ ] to do [x] done [TBD]", "Great![1]", "[^note]", "a]", "] b"),
        *("[0, 100)", "items[0](x, y)", "a[]", "[-1.5, 2]"),
    ],
)
def test_brackets_of_numbers_and_of_what_is_no_link_stay(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Dear [Customer Name], hello", "Dear Customer Name, hello"),
        ("[handler](event, context) now", "handler(event, context) now"),
        ("[a](https://never\nends **here**", "a(https://never\nends here"),
        ("[a](https://x 'never\nends **here**", "a(https://x 'never\nends here"),
        (f"[a]({'b' * 3000}) **c**", f"a({'b' * 3000}) c"),
        ("[a\n\nb](c)", "a\n\nb](c)"),
    ],
)
def test_what_turns_out_to_be_no_link_loses_no_word(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("\\*not slanted\\*, 1\\. \\# C:\\Users", "*not slanted*, 1. # C:\\Users"),
        ("one\\\ntwo\\", "one\ntwo\\"),
        ("a &lt;b&gt; &amp;amp; &quot;c&quot;&nbsp;&#39;d&apos;", "a <b> &amp; \"c\"\u00a0'd'"),
        ("AT&T, a && b, &unknown; &", "AT&T, a && b, &unknown; &"),
        (
            "<https://x.example/a_b> <mailto:a@b.example>",
            "https://x.example/a_b mailto:a@b.example",
        ),
        ("a < b > c <b> <https://x y>", "a < b > c <b> https://x y>"),
        ("a<br>b<br/>*c*<BR />d<br  >", "a\nb\nc\nd\n"),
        ("<brx> <br\t> <br class=a> <br", "<brx> <br\t> <br class=a> <br"),
        ("`<br>` \\<br>", "<br> <br>"),
        ("👩‍👩‍👧 e\u0301 **e\u0301** ", "👩‍👩‍👧 e\u0301 e\u0301 "),
    ],
)
def test_escapes_entities_and_addresses_are_read_out(markdown: str, text: str) -> None:
    assert plain(markdown) == text
