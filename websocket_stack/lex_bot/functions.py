"""Compares a bot's file with the functions that answer its intents."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from websocket_stack.lex_bot.description import BotDescription, Intent
from websocket_stack.spelling import hint

HOOKS = {"intent": "fulfillment_hook", "dialog": "dialog_hook"}
# Methods of a turn whose first argument names a slot.
OF_SLOTS = frozenset({"slot", "elicit_slot"})


class Mention(NamedTuple):
    """A place in the code that names an intent or a slot.

    Attributes:
        name: the name.
        kind: by ``@bot.intent`` or ``@bot.dialog``; "any" for an intent of which only the name is
            known; "slot" for a turn's slot.
        where: the place, for messages.
    """

    name: str
    kind: Literal["intent", "dialog", "any", "slot"]
    where: str


def mentions_in(source: bytes, name: str) -> Iterator[Mention]:
    """Yield the literal names in a module, which is read and not run.

    Args:
        source: the module's Python.
        name: what messages call it.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return  # loading or packing it says so, unless it is a template of something else
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            match decorator:
                case ast.Call(func=ast.Attribute(attr=("intent" | "dialog") as kind), args=names):
                    for each in names:
                        yield from _mention(each, kind, name)
        match node:
            case ast.Call(func=ast.Attribute(attr=method), args=[first, *_]) if method in OF_SLOTS:
                yield from _mention(first, "slot", name)


def _mention(
    argument: ast.expr, kind: Literal["intent", "dialog", "slot"], module: str
) -> Iterator[Mention]:
    match argument:
        case ast.Constant(value=str(name)):
            yield Mention(name, kind, f"{module}, line {argument.lineno}")


def mentions_of(files: Iterable[tuple[str, bytes]]) -> Iterator[Mention]:
    """Yield the literal names in the modules among some files.

    Args:
        files: names, and contents.
    """
    for name, content in files:
        if name.endswith(".py"):
            yield from mentions_in(content, name)


def mistakes(bot: BotDescription, mentions: Iterable[Mention]) -> list[str]:
    """Return which functions Lex would never call, and which slots it never fills, a line each.

    Args:
        bot: the bot's description.
        mentions: what its functions name.
    """
    intents: dict[str, list[Intent]] = {}
    for _, name, intent in bot.intents():
        intents.setdefault(name, []).append(intent)
    slots = {slot for _, _, intent in bot.intents() for slot in intent.slots}
    lines = []
    for name, kind, where in mentions:
        known, thing = (slots, "slot") if kind == "slot" else (intents, "intent")
        if name not in known:
            lines.append(f"{where}: there is no {thing} {name}{hint(name, known)}")
        elif (hook := HOOKS.get(kind)) and not any(getattr(each, hook) for each in intents[name]):
            lines.append(f"{where}: {hook} of {name} is off")
    return lines
