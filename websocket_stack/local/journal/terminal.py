"""What the terminal says of a turn: one line, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from websocket_stack.local.journal.journal import Invocation


def lines_of(invocation: Invocation) -> list[str]:
    """Return what to print of an invocation; nothing of one that went well and was no turn."""
    lines = [_turn(invocation)] if invocation.turn else []
    for failure in invocation.failures:
        lines += [f"{failure.what} failed:", *_indented(failure.traceback)]
    return lines


def _turn(invocation: Invocation) -> str:
    turn: Mapping[str, Any] = invocation.turn or {}
    parts = [
        time.strftime("%H:%M:%S", time.localtime(invocation.at)),
        str(turn["intent"]),
        f"{turn['outcome']} after {turn['total_seconds']:.2f} s:",
    ]
    facts = [f"{turn['characters']} characters"]
    if turn["first_chunk_seconds"] is not None:
        facts.append(f"the first after {turn['first_chunk_seconds']:.2f} s")
    facts.append(
        f"{turn['frames']} frames ({turn['delivery']})"
        if turn["frames"]
        else f"no frames ({turn['delivery']})"
    )
    if turn["output_tokens"] is not None:
        facts.append(f"{turn['input_tokens']} + {turn['output_tokens']} tokens")
    return " ".join(parts) + " " + ", ".join(facts)


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.rstrip().splitlines()]
