"""What a model writes must never run in the chat page, and its code must stay readable."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fulfillment.markdown.sanitizer import neutralise
from tests.profiles import examples

ALLOWED_SCHEMES = {"http", "https", "mailto", "tel"}


def _renderer() -> MarkdownIt:
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # Strict: it would drop javascript: links by itself, and marked does not.
    renderer.validateLink = lambda url: True  # type: ignore[method-assign]
    return renderer


def _tokens(tokens: list[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *_tokens(token.children or []))]


def dangers(markdown: str) -> list[str]:
    """What a renderer that trusts its input would run: raw HTML, links with an odd scheme."""
    found = []
    for token in _tokens(_renderer().parse(markdown)):
        if token.type in ("html_block", "html_inline"):
            found.append(token.content)
        for name in ("href", "src"):
            url = re.sub(r"[\x00-\x20]", "", str(token.attrs.get(name, "")))
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", url, re.IGNORECASE)
            if scheme and scheme[1].lower() not in ALLOWED_SCHEMES:
                found.append(url)
    return found


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x onerror=alert(1)>",
        "</p>",
        "<!-- a comment -->",
        "<!DOCTYPE html>",
        "<![CDATA[x]]>",
        "<?php echo 1 ?>",
        "<a\nhref=javascript:alert(1)>",
        "\\\\<b>",
        "<javascript:alert(1)>",
    ],
)
def test_html_in_text_is_shown_as_text(html: str) -> None:
    assert dangers(f"text {html} text")
    shown = html.replace("<", "&lt;").replace("![", "&#32;[")
    assert neutralise(f"text {html} text") == f"text {shown} text"
    assert not dangers(neutralise(f"text {html} text"))


@pytest.mark.parametrize("code", ["Use `<b>` here.", "```html\n<div>\n```", "a\n\n    <p>"])
def test_code_comes_back_as_written(code: str) -> None:
    assert neutralise(code) == code


@pytest.mark.parametrize("doubtful", ["a ` b\n`<b>`", "- a\n\n  ```\n  x\n<b>", "    <b>"])
def test_code_that_not_every_renderer_sees_is_escaped(doubtful: str) -> None:
    assert neutralise(doubtful) == doubtful.replace("<", "&lt;")


@pytest.mark.parametrize(
    ("cut", "closed"),
    [
        ("```html\n<div>", "```html\n<div>\n```"),
        ("~~~~\n<div>\n", "~~~~\n<div>\n~~~~"),
        ("1. Do:\n   ```\n   <div>", "1. Do:\n   ```\n   <div>\n   ```"),
    ],
)
def test_a_fence_that_the_deadline_cut_is_code_and_gets_its_end(cut: str, closed: str) -> None:
    assert neutralise(cut) == closed


def test_a_cut_fence_with_nothing_to_protect_stays_open() -> None:
    assert neutralise("[a](https://example.com)\n```\nx = 1") == (
        "[a](https://example.com)\n```\nx = 1"
    )


@pytest.mark.parametrize(
    ("joined", "apart"),
    [
        ("Config:\n```yaml\n---\na: <b>\n```", "Config:\n\n```yaml\n---\na: <b>\n```"),
        ("1. Do:\n```\n<b>\n\n<i>\n```", "1. Do:\n\n```\n<b>\n\n<i>\n```"),
        ("1. Do:\r```\r<b>\r```", "1. Do:\r\r```\r<b>\r```"),
    ],
)
def test_a_fence_that_marked_4_would_miss_is_set_apart(joined: str, apart: str) -> None:
    assert neutralise(joined) == apart


@pytest.mark.parametrize(
    ("markdown", "safe"),
    [
        ("[a](javascript:x)", "[a]\\(javascript:x)"),
        ("![a](data:text/html,x)", "&#32;[a]\\(data:text/html,x)"),
        ("[a](VbScript:x)", "[a]\\(VbScript:x)"),
        ("[a]( \n javascript:x)", "[a]\\( \n javascript:x)"),
        ("> [a](\n> javascript:x)", "> [a]\\(\n> javascript:x)"),
        ("[a](&#106;avascript:x)", "[a]\\(&#106;avascript:x)"),
        ("[a](javascript&colon;x)", "[a]\\(javascript&colon;x)"),
        ("[a](javascript\\:x)", "[a]\\(javascript\\:x)"),
        ("[a](java\tscript:x)", "[a](java\tscript:x)"),  # not a link: the tab ends it
        ("[a](\x01javascript:x)", "[a]\\(\x01javascript:x)"),
        ("[a](\u00a0javascript:x)", "[a]\\(\u00a0javascript:x)"),
        ("[a](<javascript:x>)", "[a]\\(&lt;javascript:x>)"),
        ("[a](< javascript:x>)", "[a]\\(< javascript:x>)"),
        ("[![a](javascript:x)](/u)", "[&#32;[a]\\(javascript:x)](/u)"),
        ('[[a]](javascript:x "t")', '[[a]]\\(javascript:x "t")'),
        ("[a]\n\n[a]: javascript:x", "[a]\n\n[a]\\: javascript:x"),
        ("[a]\n\n> [a]:\n> javascript:x", "[a]\n\n> [a]\\:\n> javascript:x"),
        ("[a]\n\n[a]:\n  data:x", "[a]\n\n[a]\\:\n  data:x"),
    ],
)
def test_a_link_that_would_run_is_shown_as_its_source(markdown: str, safe: str) -> None:
    assert neutralise(markdown) == safe
    assert not dangers(safe)


@pytest.mark.parametrize(
    "markdown",
    [
        "[a](https://example.com/x?y=1&z=javascript:#a 'title')",
        "[a](HTTP://example.com)",
        "[a](mailto:a@example.com), [b](tel:+41123), [c](/c.png)",
        "[a](#part), [b](?q=x:y), [c](./c), [d](d.html), [e](d/e:f), [f]()",
        '[a][b]\n\n[b]: https://example.com "A title"',
        "[^1]: A note.",
        "As in [1]:\n\n```html\n<b>\n```",
        "<https://example.com/a_b?c=d&e> <mailto:a@example.com>",
        "[a](<https://example.com/(a)>)",
        "[a](<https://example.com/files/User Manual.pdf>)",
        '[a](<https://example.com/a b> "A title") and [b](<mailto:a@example.com?subject=A b>)',
        "[a][b]\n\n[b]: <https://example.com/User Manual.pdf>",
        "| a |\n|---|\n| [b](<https://example.com/c d>) |",
    ],
)
def test_a_safe_link_comes_back_as_written(markdown: str) -> None:
    assert neutralise(markdown) == markdown


@pytest.mark.parametrize(
    ("markdown", "safe"),
    [
        ("[a](<https://b.example/c\nd>)", "[a]\\(&lt;https://b.example/c\nd>)"),
        ("[a](<https://b.example/<b> c>)", "[a]\\(&lt;https://b.example/&lt;b> c>)"),
        ("[a](<javascript:x y>)", "[a]\\(&lt;javascript:x y>)"),
        ('[a](<https://b.example/" c>)', '[a]\\(&lt;https://b.example/" c>)'),
    ],
)
def test_nothing_but_spaces_is_let_into_an_address(markdown: str, safe: str) -> None:
    assert neutralise(markdown) == safe


@pytest.mark.parametrize(
    "markdown",
    [
        "| a | b |\n|---|---|\n| c | one<br>two<br/>three |",
        "One.<br />Two.<BR>Three.",
        "| a |\n|---|\n| <br> |",
        "- an item<br>\n  that goes on",
    ],
)
def test_a_line_break_comes_back_as_written(markdown: str) -> None:
    assert neutralise(markdown) == markdown


@pytest.mark.parametrize(
    ("markdown", "safe"),
    [
        ("<br>\n```\n<b>\n```", "&nbsp;<br>\n```\n<b>\n```"),
        ("- [ ] <br>\n`<b>`", "- [ ] &nbsp;<br>\n`<b>`"),
        ("> 1. <br/><br>", "> 1. &nbsp;<br/><br>"),
        ("\u2003<br>\n`<b>`", "\u2003&nbsp;<br>\n`<b>`"),
    ],
)
def test_a_line_break_begins_no_block_of_html(markdown: str, safe: str) -> None:
    """In such a block a code span or fence would be none."""
    assert neutralise(markdown) == safe
    assert neutralise(safe) == safe


@pytest.mark.parametrize(
    "tag", ["<br onclick=x>", "<br\n>", "<br / >", "<br\t/>", "<br:x>", "</br>", "<brx>"]
)
def test_what_only_resembles_a_line_break_is_shown(tag: str) -> None:
    assert neutralise(f"a {tag}") == f"a &lt;{tag[1:]}"


@pytest.mark.parametrize(
    ("markdown", "safe"),
    [
        ("[a]:\n```\n<b>\n```", "[a]\\:\n```\n<b>\n```"),
        ('[a]: /u "\n```\n"\n<b>\n```', '[a]\\: /u "\n```\n"\n<b>\n```'),
        ('[a]: /u\n"\n```\n"\n<b>\n```', '[a]\\: /u\n"\n```\n"\n<b>\n```'),
        ("[a\n\n```\n]: /u\n<b>\n```", "&#32;[a\n\n```\n]: /u\n<b>\n```"),
        ("[\n- [a\n```\n]: /u\n<b>\n```", "[\n- &#32;[a\n\n```\n]: /u\n<b>\n```"),
    ],
)
def test_a_definition_cannot_take_in_the_start_of_a_fence(markdown: str, safe: str) -> None:
    assert neutralise(markdown) == safe


@pytest.mark.parametrize(
    "markdown",
    ["a < b", "x <= 3", "I <3 you", "<\nb>", "a <", "1 << 2", "\\`a < b", "x <- y"],
)
def test_a_lone_less_than_sign_comes_back_as_written(markdown: str) -> None:
    assert neutralise(markdown) == markdown


@pytest.mark.parametrize(
    ("markdown", "safe"),
    [
        (
            "See ![a](https://a.example/p.png?q=secret).",
            "See &#32;[a](https://a.example/p.png?q=secret).",
        ),
        ("\\\\![a](/p.png)", "\\\\&#32;[a](/p.png)"),
        ("\\![a](/p.png)", "\\![a](/p.png)"),
        ("![a][b]\n\n[b]: https://a.example/p.png", "&#32;[a][b]\n\n[b]: https://a.example/p.png"),
        ("![b]\n\n[b]: /p.png", "&#32;[b]\n\n[b]: /p.png"),
        ("a!![b](/p.png)", "a!&#32;[b](/p.png)"),
        ("[[!\\[a](/p.png)b](/q)", "[[&#32;\\[a](/p.png)b](/q)"),
        ("[[[!\\\\[a](/p.png)b](/q)c](/r)", "[[[&#32;\\\\[a](/p.png)b](/q)c](/r)"),
        ("Wow! [a](/b) and `![a](/p.png)`", "Wow! [a](/b) and `![a](/p.png)`"),
    ],
)
def test_a_picture_becomes_a_link(markdown: str, safe: str) -> None:
    assert neutralise(markdown) == safe
    assert neutralise(safe) == safe
    assert pictures_in(safe) == 0


def test_a_picture_that_is_wanted_stays() -> None:
    wanted = neutralise("![a](/p.png) <b>", pictures=True)
    assert wanted == "![a](/p.png) &lt;b>"
    assert pictures_in(wanted) == 1
    assert neutralise("![a](javascript:x)", pictures=True) == "![a]\\(javascript:x)"


@pytest.mark.parametrize(
    ("markdown", "safe"),
    [
        ('![" onerror=x "](/p)', "![&quot; onerror=x &quot;](/p)"),
        ('![a](/p "A title") "b" ![c"](/p)', '![a](/p "A title") "b" ![c&quot;](/p)'),
        ('![a `"` [b](/c "d")](/p)', "![a `&quot;` [b](/c &quot;d&quot;)](/p)"),
        ('!\\["](/p)\r\n"b"\r\n\r\n"c"', '!\\[&quot;](/p)\r\n&quot;b&quot;\r\n\r\n"c"'),
    ],
)
def test_a_wanted_picture_gets_no_attributes_by_its_text(markdown: str, safe: str) -> None:
    """marked 15 and 16 do not escape the quotes of an alternative text."""
    assert neutralise(markdown, pictures=True) == safe
    assert neutralise(safe, pictures=True) == safe


def test_a_fence_that_may_head_a_table_is_none() -> None:
    """markdown-it looks for tables before fences."""
    document = "~~~x | b\n---|---\n\n<b>"
    assert neutralise(document) == document.replace("<", "&lt;")
    listed = "- ```x|b\n  -|-\n  <b>\n  ```"
    assert neutralise(listed) == listed.replace("<", "&lt;")


def pictures_in(markdown: str) -> int:
    rendered: str = _renderer().render(markdown)
    return rendered.count("<img")


def test_an_escaped_tag_does_not_show_its_entity() -> None:
    assert neutralise("\\<b> \\\\\\<b>") == "&lt;b> \\\\&lt;b>"


FRAGMENTS = st.sampled_from(
    [
        *("<img src=x onerror=alert(1)>", "<b>", "</b>", "<!-- ", "-->", "<?p ?>", "<a\n", "<"),
        *("<https://ok.example/a_b>", "<a@b.cd>", "<javascript:x>", "&lt;", "&#60;b&#62;"),
        *("`", "`", "``", "```", "`<b>`", "``b* <b>``", "`a*<b>`", "`a|<b>`", "\\`"),
        *("```\n", "```html\n", "~~~\n", "````\n", "```~\n", "```\t\n", "   ```\n", "    ```\n"),
        *("\n```\n<b>\n```\n", "  ```\n  <b>\n  ```\n", "    ```\n    <b>\n    ```\n", "\t```\n"),
        *("- ", "* ", "1. ", "2. ", "10. ", "> ", ">", "-\n", "- [ ] ", "   - ", "- - ", "1) "),
        *("- ```\n", "> ```\n", "1. ```\n   <b>\n   ```\n", " ", "  ", "    ", "\t"),
        *("    <b>\n", "\n\n    <b>\n", "\n\n\t<b>\n"),
        *("\n", "\n", "\n\n", "\n\n", "\r\n", "\r", "\n \n", "\u2028", "\x85", "\f", "\u00a0"),
        *("[a](javascript:x)", "[a](", "](", "]", "[", "![", "[x]: javascript:a", "[x]: /u", "[x]"),
        *("![a](/p)", "![x]", "![a][x]", "\\!", "!", "<!["),
        *("[x]:", "]:", "(", ")", '"', "'", "javascript:x", "[a]( \n javascript:x)", "[`"),
        *(
            "[a](&#106;avascript:x)",
            "[a](javascript&colon;x)",
            "[a](java\tscript:x)",
            '[x]: /u "\n',
        ),
        *("[a](<javascript:x>)", "[a](data:x)", "[a](https://x.y)", "https://x.y", "www.x.y"),
        *("*", "**", "_", "~", "~~", "|", "| a | b |\n|---|---|\n", "---\n", "===\n", "# "),
        *("\\", "\\\\", "\\|", "\\\U0001f600", "a", "text\n", "a_b", ":", "&"),
    ]
)
DOCUMENTS = st.lists(FRAGMENTS, max_size=16).map("".join)


@examples(2)
@given(DOCUMENTS)
@example("> a\n```\n<b>\n> ```\n<b>")
@example("- a\n```x`\n`<b>`")
def test_nothing_that_runs_is_left_in_any_document(document: str) -> None:
    assert dangers(neutralise(document)) == []
    assert pictures_in(neutralise(document)) == 0


@given(DOCUMENTS)
def test_its_own_result_comes_back_unchanged(document: str) -> None:
    once = neutralise(document)
    assert neutralise(once) == once


@given(
    st.sampled_from(["", "a < b, [c](/d)\n\n", "- a < b, [c](/d)\n\n"]),
    st.text(alphabet="abc `*_~#>-+.!|()[\\&;:/\n\r\t\f\u2028\U0001f600", max_size=80),
)
def test_text_without_html_and_risky_links_comes_back_as_written(start: str, text: str) -> None:
    assert neutralise(start + text, pictures=True) == start + text


CODE_LINES = st.text(alphabet="ab<>/!`[](): \t&\\*_", max_size=20).filter(
    lambda line: not line.strip().startswith("````")
)
PROSE = st.text(alphabet="ab c,.*_`<", min_size=1, max_size=20).map(lambda text: f"x{text}y")


@given(st.lists(st.tuples(PROSE, st.lists(CODE_LINES, max_size=5)), min_size=1, max_size=4))
def test_the_lines_of_outermost_fences_come_back_as_written(
    parts: list[tuple[str, list[str]]],
) -> None:
    blocks = ["\n".join(("````", *code, "````")) for _, code in parts]
    document = "\n\n".join(
        f"{prose}\n\n{block}" for (prose, _), block in zip(parts, blocks, strict=True)
    )
    safe = neutralise(document)
    for block in blocks:
        assert block in safe
        safe = safe[safe.index(block) + len(block) :]


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        *("`", "` ", "`` ` ", "<", "<a ", "</", "\\", "\\<", "[", "[a\n", "[\\\n", "](", "](\n"),
        *("]:", "]:\n", "]: '", ']:a "x', "> ", "- ", "- [ ] [", "```\n", "~~~\n", "\n", "\r"),
        *("://", "|`a`", "a\n---\n", "<https://", "    <b>\n\n", "[a](b `<i>`", "**`<b>`", "\t"),
        *("<br>", "- <br>", "- [ ] ", "<https://a ", "!\\", "!\\[", '!["', "\u2003"),
    ],
)
@pytest.mark.parametrize("around", [("", ""), ("<b>", "<"), ("[a", "]:\n```\n<b>")])
def test_a_long_hostile_text_is_read_in_one_go(unit: str, around: tuple[str, str]) -> None:
    text = (unit * 10_000)[:10_000].join(around)
    for pictures in (False, True):
        safe = neutralise(text, pictures=pictures)
        assert neutralise(safe, pictures=pictures) == safe
