"""When a frame leaves, what is in it, and when the turn must end. Pure: time is an argument."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

# A message above 32 KB must be split into several frames, and is billed as several.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
MAX_FRAME_BYTES = 32 * 1024
# A character takes at most four bytes in UTF-8.
MAX_FRAME_CHARACTERS = MAX_FRAME_BYTES // 4
# Lex Web UI swallows a frame that is exactly this.
# https://github.com/aws-samples/aws-lex-web-ui/blob/master/lex-web-ui/src/store/actions.js
SWALLOWED_FRAME = "/stop/"

# Kept free at the end of a turn to let a post in flight return and to build the response.
WRAP_UP_SECONDS = 0.5
# Of that, to build the response.
RESPONSE_SECONDS = 0.1
# Kept free before the Lambda's own timeout, which would lose the reply.
TIMEOUT_MARGIN_SECONDS = 1.0

# Posting takes at most three eighths of the time, so that the last word seldom waits for it.
SLOW_FLUSH_FACTOR = 8 / 3
# After the channel asked for fewer posts; doubled while it goes on asking.
FIRST_BACK_OFF_SECONDS = 0.2
MAX_BACK_OFF_SECONDS = 2.0


class Deadline(NamedTuple):
    """Clock readings in seconds: when to stop waiting for text, and for a post in flight."""

    cut_at: float
    settle_by: float

    @classmethod
    def of_turn(
        cls, started: float, turn_seconds: float, remaining_seconds: float | None = None
    ) -> Deadline:
        """Return the deadline of a turn.

        Takes when it started, the longest it may take, and what the Lambda has left then.
        """
        seconds = turn_seconds
        if remaining_seconds is not None:
            seconds = min(seconds, max(0.0, remaining_seconds - TIMEOUT_MARGIN_SECONDS))
        return cls(
            cut_at=started + max(0.0, seconds - WRAP_UP_SECONDS),
            settle_by=started + max(0.0, seconds - RESPONSE_SECONDS),
        )


class Pace:
    """Says when the next flush may leave.

    Flushes start at least ``interval_seconds`` apart, further where posting is slow. A flush
    that shows nothing yet (a lone first character) does not delay the one that will.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval = interval_seconds
        self._back_off = FIRST_BACK_OFF_SECONDS
        self.next_at = float("-inf")

    def flushed(self, started: float, ended: float, *, shows: bool = True) -> None:
        """Note a flush that was posted from ``started`` to ``ended``."""
        self._back_off = FIRST_BACK_OFF_SECONDS
        took = ended - started
        least = self._interval if shows else 0.0
        self.next_at = started + max(least, took * SLOW_FLUSH_FACTOR if shows else took)

    def busy(self, now: float) -> None:
        """Note that the channel asked for fewer posts."""
        self.next_at = now + self._back_off
        self._back_off = min(2 * self._back_off, MAX_BACK_OFF_SECONDS)


def frames_of(text: str, *, paired: bool) -> list[str]:
    """Cut the text of one flush into frames; joined they are the text.

    With ``paired`` the last character is a frame of its own. Lex Web UI shows a frame only
    half a second after the next one arrives, so this makes it show all but that character.
    """
    frames = _chop(text)
    if paired and frames and (cut := _last_boundary(frames[-1])):
        frames[-1:] = [frames[-1][:cut], frames[-1][cut:]]
    return [part for frame in frames for part in _never_swallowed(frame)]


def _chop(text: str) -> list[str]:
    frames = []
    while len(text) > MAX_FRAME_CHARACTERS:
        # A run of joining characters this long is no text; it is cut rather than kept whole.
        cut = _last_boundary(text[: MAX_FRAME_CHARACTERS + 1]) or MAX_FRAME_CHARACTERS
        frames.append(text[:cut])
        text = text[cut:]
    return [*frames, text] if text else frames


def _never_swallowed(frame: str) -> list[str]:
    return [frame[:-1], frame[-1:]] if frame == SWALLOWED_FRAME else [frame]


def _last_boundary(text: str) -> int:
    """Return the last place inside the text where one character ends and the next begins, or 0."""
    for index in range(len(text) - 1, 0, -1):
        if _is_boundary(text[index - 1], text[index]):
            return index
    return 0


def _characters(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))


# Joiners, emoji modifiers and tags, half-width voiced marks, Thai and Lao AM.
_JOINS_PREVIOUS = _characters(
    (0x200C, 0x200D), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F), (0xFF9E, 0xFF9F), (0xE33, 0xE33)
) | {"\u0eb3"}
# Letters that Unicode lets stand before another one as its part (GCB=Prepend), and two viramas
# that are spacing marks.
_JOINS_NEXT = frozenset(
    "\u0d4e\u1cf5\u1cf6\u1b44\ua9c0\U000111c2\U000111c3\U000113d1\U0001193f\U00011941\U00011a3a"
    "\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88\U00011a89\U00011d46\U00011f02"
)


def _is_boundary(before: str, after: str) -> bool:
    """Whether a text may be cut between two code points.

    Stricter than Unicode's grapheme rules, which need tables that the standard library lacks:
    where these might join two code points it says no.
    https://unicode.org/reports/tr29/#Grapheme_Cluster_Boundary_Rules
    """
    if unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return False
    if unicodedata.category(before) == "Cf" or (before, after) == ("\r", "\n"):
        return False
    if unicodedata.category(before) == "Mn" and unicodedata.category(after) == "Lo":
        return False  # a conjunct, as in Devanagari
    if after in _JOINS_PREVIOUS or before in _JOINS_NEXT:
        return False
    if _is_regional(before) and _is_regional(after):
        return False  # half a flag
    if _is_jamo(before):
        return not (_is_jamo(after) or _is_syllable(after))
    return not (_is_syllable(before) and _is_jamo(after))


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_jamo(character: str) -> bool:
    return (
        "\u1100" <= character <= "\u11ff"
        or "\ua960" <= character <= "\ua97c"
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _is_syllable(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"
