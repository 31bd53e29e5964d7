"""The lines that open and close a fenced code block (CommonMark 4.5). Pure.

Everything that looks for fences asks here. What may stand before one, and how long its mark may
be, depends on what the answer is for, so each caller says so.
"""

from __future__ import annotations

import re

# A line of nothing but backticks or tildes. It closes a block that a mark no longer opened.
CLOSING = re.compile(r"[ \t]*(?P<mark>`+|~+)[ \t\r]*")


def opening(lead: str = " *", longest: int | None = None) -> re.Pattern[str]:
    """Return the pattern of a line that opens a block, with the groups lead, mark and info.

    Args:
        lead: the pattern of what may stand before the mark.
        longest: the most characters of a mark, or ``None`` for any number; a longer one is text.
    """
    most = "" if longest is None else str(longest)
    # Behind backticks no other backtick may follow: that is a code span.
    return re.compile(
        rf"(?P<lead>{lead})(?P<mark>`{{3,{most}}}+(?![^\n]*`)|~{{3,{most}}}+(?!~))(?P<info>[^\n]*+)"
    )


def closes(line: str, mark: str) -> bool:
    """Return whether a line closes the block that a mark opened."""
    closing = CLOSING.fullmatch(line)
    return closing is not None and closing["mark"].startswith(mark)
