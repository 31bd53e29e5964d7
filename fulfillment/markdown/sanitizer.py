"""Raw HTML and dangerous links in a model's Markdown, shown as text instead of run.

Lex Web UI renders a ``CustomPayload`` with ``marked`` into ``v-html`` and sanitises nothing
(lex-web-ui/src/components/MessageText.vue). Here ``<`` stays only where every renderer must see
code, where it opens nothing, or in a line break. In doubt it becomes ``&lt;``: ugly inside code,
never run. It does not judge where a safe link leads, and does not tidy Markdown.

Covered are CommonMark, GFM (cmark-gfm), markdown-it with HTML and tables, and marked 4 to 18, also
with Lex Web UI's own links. Extensions that give other characters a meaning (footnotes, math,
definition lists) are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fulfillment.markdown.code_blocks import LEAD, NEWLINE, TASK, find_code

# CommonMark 6.5, less every character that could mean something else to some renderer. A space is
# allowed in a link's destination only (6.3); elsewhere it is text, for no tag's name has a colon.
_AUTOLINK = r"(?i:https?://|mailto:)[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~ ]++>"
# A line break, the only one that a table's cell can have. Where a block begins it would make it
# HTML, in which nothing is Markdown (CommonMark 4.6, the seventh kind).
_BREAK = r"<(?i:br) {0,2}/?>"
_BLOCK_START = rf"(?<![^\r\n])(?:{LEAD}{TASK}[^\S\r\n]*+)*+"
# A scheme that runs nothing, or no scheme: nothing before the first "/?#" that is, or that
# a renderer would decode to, a colon. Whatever is not listed is refused.
_DESTINATION = (
    r"(?:(?i:https?://|mailto:|tel:)|[/#?.)]|<" + _AUTOLINK + r"|[\w.%+@=,-]++(?=[/?#) \t\r\n]|\Z))"
)
_LINK = rf"[ \t\r\n]*+{_DESTINATION}"
# marked 4 lets the label and the title of a definition run on over blank lines and fences. Then
# what looks like code is not, so only a definition that ends on its own line is left alone.
_TITLE = (
    r"(?:\"(?:\\?[^\"\\\r\n])*+\"|'(?:\\?[^'\\\r\n])*+'|\((?:\\?[^()\\\r\n])*+\))"
    r"[ \t]*+(?=[\r\n]|\Z)"
)
_RUNAWAY_TITLE = rf"[ \t]*+(?:{NEWLINE}[ \t>]*+)?+(?!{_TITLE})[\"'(]"
_DEFINITION = (
    rf"[ \t]*+(?:{NEWLINE}[ \t]*+)?+(?:{NEWLINE}|\Z|{_DESTINATION}\S*+(?!{_RUNAWAY_TITLE}))"
)
_RUNAWAY_LABEL = r"(?:\\[^\r\n]|[^\[\]\\\r\n])*+\\?[\r\n](?:\\[\s\S]|[^\[\]\\])*+\]:"
# At the start of a line it is not shown, and nothing begins behind it.
_SPACE = "&#32;"
# All that may be in a picture's alternative text, where marked 15 and 16 do not escape quotes. A
# simple one certainly ends at its bracket, any other by the end of its paragraph.
_ALTERNATIVE = re.compile(
    rf"!\[[^\[\]\\`<!|\r\n]*+\]|!\\*+\[(?:(?!(?>{NEWLINE}){NEWLINE})[\s\S])*+"
)
_HAZARD = re.compile(
    rf"(?P<first>{_BLOCK_START})(?={_BREAK})"
    # An HTML tag, comment, declaration or instruction starts so, and nothing else does.
    rf"|(?P<escapes>(?<!\\)\\*+)<(?!{_AUTOLINK}|{_BREAK[1:]})(?=[A-Za-z/!?])"
    rf"|\](?:\((?!{_LINK})|:(?!{_DEFINITION}))"
    rf"|(?P<lead>(?<![^\r\n]){LEAD}{TASK})\[(?={_RUNAWAY_LABEL})"
    # A picture is fetched when it is shown: what is in its address is told to its server. marked
    # takes the backslash off a bracket in a link's text, and reads that text once more.
    r"|(?P<picture>(?<!\\)\\*+)!(?=\\*+\[)"
)


def neutralise(markdown: str, *, pictures: bool = False) -> str:
    """Return Markdown with nothing in it that a renderer would run, or fetch by itself.

    Code, ordinary Markdown and links to ``http(s):``, ``mailto:``, ``tel:`` or relative addresses
    come back as written, and so do line breaks (``<br>``). Other HTML and links come back so that
    the reader sees their source, pictures as links. What came from here comes back unchanged.

    Args:
        markdown: one whole message, as it will be rendered: what is code depends on all that
            precedes it.
        pictures: whether pictures are wanted.
    """
    if "<" not in markdown and "](" not in markdown and "]:" not in markdown:
        return markdown
    if pictures:
        markdown = _ALTERNATIVE.sub(lambda found: found[0].replace('"', "&quot;"), markdown)
    found = find_code(markdown)
    edits: list[tuple[int, int, str]] = []
    last_in_code = -1
    for hazard, in_code in _hazards(markdown, found.code):
        if hazard["picture"] is not None and (pictures or len(hazard["picture"]) % 2):
            continue  # wanted, or text already
        if in_code:
            last_in_code = hazard.start()
        else:
            edits.append((hazard.start(), hazard.end(), _as_text(hazard)))
    if last_in_code >= 0:
        edits += ((gap, gap, markdown[gap - 1]) for gap in found.gaps)
    if found.fence and last_in_code > found.fence.start:
        # Before 4.2.13 (Lex Web UI 0.19 has 4.0.12) marked sees no code in what does not end.
        edits.append((len(markdown), len(markdown), found.fence.closing(markdown)))
    return _edited(markdown, sorted(edits))


def _hazards(text: str, code: list[tuple[int, int]]) -> Iterator[tuple[re.Match[str], bool]]:
    spans = iter(code)
    beyond = (len(text) + 1, len(text) + 1)
    start, end = next(spans, beyond)
    for hazard in _HAZARD.finditer(text):
        while end <= hazard.start():
            start, end = next(spans, beyond)
        yield hazard, start <= hazard.start()


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, new in edits:
        parts += (text[position:start], new)
        position = end
    return "".join(parts) + text[position:]


def _as_text(hazard: re.Match[str]) -> str:
    if hazard["first"] is not None:
        return hazard["first"] + "&nbsp;"
    if hazard["escapes"] is not None:
        # "\<" is text already, but "\&lt;" would be read out as "&lt;".
        return hazard["escapes"][: len(hazard["escapes"]) // 2 * 2] + "&lt;"
    if hazard["picture"] is not None:
        return hazard["picture"] + _SPACE
    if hazard["lead"] is not None:
        # Not "\[": it would not stop a label that began before it.
        return f"{hazard['lead']}{_SPACE}["
    return "]\\" + hazard[0][1]
