"""How the demo model uses tools: which it calls, and what it makes of what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fulfillment.models.base import ToolCall, ToolResult, ToolSpec
from websocket_stack.local.demo_model.arguments import DULL, Missing, arguments_of, spaced, words_in
from websocket_stack.local.demo_model.passages import words_of

LOOKING = "Let me look that up."
ASKING = "For that I need to know one thing more ({missing}). What is it?"
# What is in a tool's name says more of it than what is in its description.
NAME_WEIGHT = 3
# Values that are nested deeper are written as JSON.
MAX_DEPTH = 3
GAP = "\n\n"


class Said(NamedTuple):
    """What the demo model says, and the tools that it calls with it."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()


def act(said: str, tools: Sequence[ToolSpec]) -> Said | None:
    """Return a call of the tool that fits best to what the user said.

    Or a question, if an argument that it needs is missing, or ``None`` if no tool fits.
    """
    tool = chosen(said, tools)
    if tool is None:
        return None
    try:
        arguments = arguments_of(tool, said)
    except Missing as exc:
        return Said(ASKING.format(missing=exc))
    return Said(LOOKING, (ToolCall("tooluse_demo", tool.name, arguments),))


def chosen(said: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """Return the tool that shares the most words with what was said; none if it shares none."""
    words = frozenset(words_of(said)) - DULL
    best = max(tools, key=lambda tool: _shared(words, tool), default=None)
    return best if best and _shared(words, best) else None


def _shared(words: frozenset[str], tool: ToolSpec) -> int:
    name = words.intersection(words_of(spaced(tool.name)))
    return NAME_WEIGHT * len(name) + len(words & words_in(tool))


def told(results: Sequence[ToolResult], calls: Sequence[ToolCall]) -> str:
    """Return the answer that is made of the results of some calls."""
    names = {call.id: call.name for call in calls}
    return "\n\n".join(_told(result, names) for result in results)


def _told(result: ToolResult, names: Mapping[str, str]) -> str:
    name = names.get(result.call_id)
    tool = f"The tool `{name}`" if name else "The tool"
    if result.failed:
        return f"{tool} could not do that. It says: {result.text.strip()}"
    shown = markdown(result.text)
    return f"{tool} says:{GAP if shown.startswith('- ') or GAP[0] in shown else ' '}{shown}"


def markdown(text: str) -> str:
    """Return a tool's result as it is read: a list for a JSON object or list, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
    if isinstance(value, dict) and value:
        return "\n".join(f"- **{_inline(name)}**: {_inline(each)}" for name, each in value.items())
    if isinstance(value, list) and value:
        return "\n".join(f"- {_inline(each)}" for each in value)
    return _inline(value)


def _inline(value: object, depth: int = 1) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
        return ", ".join(
            f"{_inline(name)}: {_inline(each, depth + 1)}" for name, each in value.items()
        )
    if isinstance(value, list) and value and depth < MAX_DEPTH:
        return ", ".join(_inline(each, depth + 1) for each in value)
    return json.dumps(value, ensure_ascii=False)
