"""What the terminal says of a turn: one line, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fulfillment.streaming.delivery import Status
from fulfillment.telemetry import OFF
from websocket_stack.local.journal.journal import FUNCTION, Invocation

# What became of a reply on its way, where it is not simply "streamed".
_DELIVERIES = {
    OFF: "not streamed",
    Status.UNUSED: "complete before the first frame was due",
    Status.NO_CONNECTION: "the client has not connected",
    Status.CONTESTED: "two clients claim the session",
    Status.LOOKUP_FAILED: "the client's connection could not be looked up",
    Status.GONE: "the client closed its connection",
    Status.FAILED: "a post failed",
}


def lines_of(invocation: Invocation) -> list[str]:
    """Return what to print of an invocation; nothing of one that went well and was no turn."""
    lines = [_turn(invocation)] if invocation.turn else []
    if invocation.turn and (place := invocation.turn.get("cut_at")):
        lines += _indented(f"the handler was at {place}")
    # The function itself has written why it failed.
    for failure in (each for each in invocation.failures if each.what != FUNCTION):
        lines += [f"{failure.what} failed:", *_indented(failure.traceback)]
    return lines


def _turn(invocation: Invocation) -> str:
    turn: Mapping[str, Any] = invocation.turn or {}
    parts = [
        time.strftime("%H:%M:%S", time.localtime(invocation.at)),
        _name(invocation),
        f"{turn['outcome']} after {turn['total_seconds']:.2f} s:",
    ]
    facts = [_said(invocation)]
    if turn["first_chunk_seconds"] is not None:
        facts.append(f"the first after {turn['first_chunk_seconds']:.2f} s")
    facts.append(_delivery(turn))
    if turn["output_tokens"] is not None:
        facts.append(f"{turn['input_tokens']} + {turn['output_tokens']} tokens")
    return " ".join(parts) + " " + ", ".join(facts)


def _name(invocation: Invocation) -> str:
    """Return what the turn was of: an intent, its dialog, or a task."""
    turn: Mapping[str, Any] = invocation.turn or {}
    if "intent" not in turn:
        return f"{turn['door']} ({turn['task_type']})"
    is_dialog = invocation.event.get("invocationSource") == "DialogCodeHook"
    return f"{turn['intent']} (dialog)" if is_dialog else str(turn["intent"])


def _said(invocation: Invocation) -> str:
    """Return how much the user read of the response, or of the text where Lex had no part in it."""
    turn: Mapping[str, Any] = invocation.turn or {}
    response = invocation.response if isinstance(invocation.response, dict) else {}
    if messages := response.get("messages"):
        return f"{sum(len(each.get('content', '')) for each in messages)} characters"
    action = response.get("sessionState", {}).get("dialogAction", {}).get("type")
    return "Lex goes on" if action == "Delegate" else f"{turn['characters']} characters"


def _delivery(turn: Mapping[str, Any]) -> str:
    words = _DELIVERIES.get(turn["delivery"], "")
    if turn["delivery"] == OFF:
        return words
    frames = f"{turn['frames'] or 'no'} frames"
    return f"{frames} ({words})" if words else frames


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.rstrip().splitlines()]
