"""What Lex Web UI shows of the frames of a turn: frame n half a second after frame n+1 arrives.

Taken from what the real client did, not from its code; the last frame is never shown.
"""

from __future__ import annotations

LAG_SECONDS = 0.5


def visible(arrivals: list[tuple[float, str]], now: float) -> str:
    """Return what stands in the bubble at a time before the reply."""
    return "".join(
        frame
        for (_, frame), (next_at, _) in zip(arrivals, arrivals[1:], strict=False)
        if next_at + LAG_SECONDS <= now
    )
