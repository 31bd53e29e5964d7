"""What stands on the screen of a reader of Lex Web UI, and when."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.benchmark.records import Moment

LEX_WEB_UI_LAG_SECONDS = 0.5


def shown(frames: Sequence[Moment], ended_at: float) -> list[Moment]:
    """Return when Lex Web UI shows which frames.

    It shows a frame half a second after the next one arrives, and none once the turn has ended.

    Args:
        frames: when they arrived.
        ended_at: when the turn returned.
    """
    return [
        Moment(following.at + LEX_WEB_UI_LAG_SECONDS, frame.characters)
        for frame, following in zip(frames, frames[1:], strict=False)
        if following.at + LEX_WEB_UI_LAG_SECONDS < ended_at
    ]
