"""A tag is in code only if it is there to every renderer."""

from __future__ import annotations

import pytest

from fulfillment.markdown.code_blocks import find_code


def tags(markdown: str) -> list[bool]:
    """Return of each tag whether it is certainly in code."""
    code = find_code(markdown).code
    places = [place for place, character in enumerate(markdown) if character == "<"]
    return [any(start <= place < end for start, end in code) for place in places]


@pytest.mark.parametrize(
    "code",
    [
        "# About `<b>`",
        "> quoted `<b>`",
        "- **`<b>`**: bold\n- `*` and `<i>`",
        "1. `<b>`\n2. `a[0]` and `<i>`",
        "| tag | use |\n|---|---|\n| `<b>` | bold |\n| `a \\| b` | `x` |\n| `<i>` | italic |",
        "text\n\n`<b>`",
        "a ` dangling\n\n`<b>`",
        "```html\n<div>\n\n</div>\n```",
        "Here:\n```html\n<div>\n```\n",
        "```\n[a](javascript:x)\n<div>\n```",
        "````\n```\n<div>\n```\n````",
        "~~~ html\n<div>\n```\n~~~",
        "```\n<div>\n    ```\n<div>\n   ````  \ntext",
        "  ```\n<div>\n ```",
        "1. Do:\n   ```html\n   <div>\n\n     <p>\n   ```\n2. Done",
        "1. Do:\n\n    ```html\n    <div>\n    ```\n\n2. Done",
        "- a\n  - b:\n    ```\n    <div>\n    ```",
        "- ```\n  <div>\n  ```",
        "text\n\n    <div>\n\n\t<p>\n\ntext",
        "```\r\n<div>\r\n```\r\n",
        "> ```\n> x\n> ```\n\n```\n<div>\n```",
    ],
)
def test_code_to_everybody(code: str) -> None:
    assert all(tags(code))


@pytest.mark.parametrize(
    "markdown",
    [
        "- a\n\n  ```\n  x\n<b>",
        "- a\n\n  ```\n  x\n```\n<b>",
        "> ```\n<b>",
        "> ```\n> x\n```\n<b>",
        "- [ ] ```\n<b>",
        "```\nx\n```~\n<b>",
        "```\nx\n```\t\n<b>",
        "```\nx\n``` y\n```\n<b>",
        "```a`b\n<b>",
        "```<b>\nx",
        "text\n    <b>",
        "- a\n\n      <b>",
        "    <b>",
        " \n\n    <b>",
        "text\n       ```\n       <b>\n       ```",
        "\\\U0001f600 *a* `<i>`",
    ],
)
def test_code_to_some(markdown: str) -> None:
    assert not any(tags(markdown))


@pytest.mark.parametrize(
    "doubt", ["> ```\n> <b>", "- a\n  - b\n\n    c\n      ```\n  <b>", "- [ ] ```\n  <b>"]
)
def test_doubt_inside_a_list_or_quote_ends_with_it(doubt: str) -> None:
    assert tags(doubt + "\n\ntext `<i>`\n\n```\n<u>\n```") == [False, True, True]


def test_doubt_about_an_outermost_block_stays() -> None:
    assert tags("```\nx\n```~\n\ntext\n\n```\n<b>\n```\n") == [False]


@pytest.mark.parametrize("joined", ["Do:\n```\n---\na: <b>\n```", "1. Do:\n```\n<b>\n\n<i>\n```"])
def test_a_fence_that_an_empty_line_makes_certain(joined: str) -> None:
    found = find_code(joined)
    assert all(tags(joined))
    assert found.gaps == [joined.index("```")]


@pytest.mark.parametrize(
    ("text", "closing"), [("```\n<div>", "\n```"), ("1. a\n   ~~~~\n   <b>\n", "   ~~~~")]
)
def test_a_fence_that_is_still_open(text: str, closing: str) -> None:
    fence = find_code(text).fence
    assert fence
    assert fence.closing(text) == closing
