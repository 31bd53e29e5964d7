"""When a frame leaves, what is in it, and when the turn must end. Pure: time is an argument."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

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
# Kept free before the Lambda's own timeout, which would lose the reply.
TIMEOUT_MARGIN_SECONDS = 1.0

# Posting takes at most three eighths of the time, so that the last word seldom waits for it.
SLOW_FLUSH_FACTOR = 8 / 3
# After the channel asked for fewer posts; doubled while it goes on asking.
FIRST_BACK_OFF_SECONDS = 0.2
MAX_BACK_OFF_SECONDS = 2.0


@dataclass(frozen=True)
class Deadline:
    """Clock readings in seconds: when to stop waiting for text, and when to have returned."""

    cut_at: float
    return_by: float

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
            cut_at=started + max(0.0, seconds - WRAP_UP_SECONDS), return_by=started + seconds
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


def cut_at_sentence(text: str) -> str:
    """Return the text up to its last sentence or line end, or all of it if that is far back."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if ends and ends[-1] >= len(text) // 2:
        return text[: ends[-1]].rstrip()
    return text


_SENTENCE_END = re.compile(r"""[.!?…]["'”’)\]*_`]*(?=\s)|[。！？]["'”’」』）]*|\n""")


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


_ZERO_WIDTH_JOINERS = "\u200c\u200d"
_JOINS_PREVIOUS = re.compile(
    # Emoji modifiers and tags, half-width voiced marks, Thai and Lao AM.
    "[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\uff9e\uff9f\u0e33\u0eb3]"
)
_JOINS_NEXT = re.compile(
    # Letters that Unicode lets stand before another one as its part (GCB=Prepend), and two
    # viramas that are spacing marks.
    "[\u0d4e\u1cf5\u1cf6\u1b44\ua9c0\U000111c2\U000111c3\U000113d1\U0001193f\U00011941"
    "\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]"
)
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]")
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]")
_SYLLABLE = re.compile("[\uac00-\ud7a3]")


def _is_boundary(before: str, after: str) -> bool:
    """Whether a text may be cut between two code points.

    Stricter than Unicode's grapheme rules, which need tables that the standard library lacks:
    where these might join two code points it says no.
    https://unicode.org/reports/tr29/#Grapheme_Cluster_Boundary_Rules
    """
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or after in _ZERO_WIDTH_JOINERS:
        return False
    if unicodedata.category(before) == "Cf" or (before, after) == ("\r", "\n"):
        return False
    if unicodedata.category(before) == "Mn" and unicodedata.category(after) == "Lo":
        return False  # a conjunct, as in Devanagari
    if _JOINS_PREVIOUS.match(after) or _JOINS_NEXT.match(before):
        return False
    if _REGIONAL.match(before) and _REGIONAL.match(after):
        return False  # half a flag
    if _JAMO.match(before) and (_JAMO.match(after) or _SYLLABLE.match(after)):
        return False
    return not (_SYLLABLE.match(before) and _JAMO.match(after))
