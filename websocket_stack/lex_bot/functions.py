"""Compares a bot's file with the functions that answer its intents."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from websocket_stack.lex_bot.description import BotDescription, Intent

HOOKS = {"intent": "fulfillment_hook", "dialog": "dialog_hook"}


class Registration(NamedTuple):
    """A function that answers an intent.

    Attributes:
        intent: the intent's name.
        kind: by ``@bot.intent`` or ``@bot.dialog``; "any" where only the name is known.
        where: the decorator's place, for messages.
    """

    intent: str
    kind: Literal["intent", "dialog", "any"]
    where: str


def registrations_in(source: bytes, name: str) -> Iterator[Registration]:
    """Yield what a module registers with literal names; it is read, and not run.

    Args:
        source: the module's Python.
        name: what messages call it.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return  # Lambda will say so; it may be a template of something else
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            match decorator:
                case ast.Call(func=ast.Attribute(attr=("intent" | "dialog") as kind), args=names):
                    where = f"{name}, line {decorator.lineno}"
                    for each in names:
                        match each:
                            case ast.Constant(value=str(intent)):
                                yield Registration(intent, kind, where)


def registrations_of(files: Iterable[tuple[str, Path]]) -> list[Registration]:
    """Return what the modules among some files register.

    Args:
        files: names for messages, and paths.
    """
    return [
        registration
        for name, path in files
        if path.suffix == ".py"
        for registration in registrations_in(path.read_bytes(), name)
    ]


def mistakes(bot: BotDescription, registrations: Iterable[Registration]) -> list[str]:
    """Return which functions Lex would never call, and why, a line each.

    Args:
        bot: the bot's description.
        registrations: its functions.
    """
    described: dict[str, list[Intent]] = {}
    for _, name, intent in bot.intents():
        described.setdefault(name, []).append(intent)
    lines = []
    for intent_name, kind, where in registrations:
        if intent_name not in described:
            near = difflib.get_close_matches(intent_name, described, 1)
            hint = f"; is {near[0]} meant?" if near else ""
            lines.append(f"{where}: there is no intent {intent_name}{hint}")
        elif hook := HOOKS.get(kind):
            if not any(getattr(each, hook) for each in described[intent_name]):
                lines.append(f"{where}: {hook} of {intent_name} is off")
    return lines
