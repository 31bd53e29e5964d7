"""Writes what a bot understands in short, for tests of dialogs."""

from __future__ import annotations

import re

from websocket_stack.lex_bot.description import SLOT, Locale


def locale_of(text: str) -> Locale:
    """Return the locale of lines such as ``[Intent]``, ``say {What}`` and ``{What}: Say what?``."""
    intents: dict[str, dict[str, object]] = {}
    utterances: list[str] = []
    slots: dict[str, dict[str, str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            utterances, slots = [], {}
            intents[line.strip("[]")] = {"utterances": utterances, "slots": slots}
        elif prompt := re.fullmatch(r"\{([\w-]+)\}: (.+)", line):
            slots.setdefault(prompt[1], {"type": "AMAZON.FreeFormInput"})["prompt"] = prompt[2]
        else:
            utterances.append(line)
            for name in SLOT.findall(line):
                slots.setdefault(name, {"type": "AMAZON.FreeFormInput"})
    return Locale.model_validate({"intents": intents})
