"""Text that can be encoded: repairs what models and clients cut in the middle of a character."""

from __future__ import annotations


def repair_surrogates(text: str) -> str:
    """Return a text that UTF-8 and JSON can hold.

    The two halves of a surrogate pair become the character that they stand for; a half that is
    alone becomes U+FFFD.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
