"""What Lex remembers of a conversation. Knows no clock.

https://docs.aws.amazon.com/lexv2/latest/APIReference/API_runtime_SessionState.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class SessionKey(NamedTuple):
    """The name of a session, which belongs to one alias and locale of one bot."""

    bot_id: str
    alias_id: str
    locale_id: str
    session_id: str


@dataclass
class LexSession:
    """A session between two of its requests.

    Attributes:
        used_at: when its last request ended, in seconds of Lex's clock.
        misses: how many utterances in a row have not answered what was asked.
        turn: held while one of its requests is answered.
    """

    key: SessionKey
    used_at: float
    attributes: dict[str, str] = field(default_factory=dict)
    active_contexts: list[Any] = field(default_factory=list)
    intent: dict[str, Any] | None = None
    dialog_action: dict[str, Any] | None = None
    interpretations: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    misses: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def state(self) -> dict[str, Any]:
        """Return the session as a ``SessionState``."""
        state: dict[str, Any] = {
            "activeContexts": self.active_contexts,
            "sessionAttributes": self.attributes,
        }
        if self.dialog_action is not None:
            state["dialogAction"] = self.dialog_action
        if self.intent is not None:
            state["intent"] = self.intent
        return state

    def age(self, seconds: float) -> None:
        """Begin another turn: contexts end after their turns, and after their time.

        Whether a context counts the turn that sets it is not documented; here it does not.

        Args:
            seconds: how long ago the last one ended.
        """
        self.active_contexts = [
            aged for context in self.active_contexts if (aged := _aged(context, seconds))
        ]

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take over a client's or a Lambda's ``SessionState``; what it leaves out stays."""
        if state.get("sessionAttributes") is not None:
            self.attributes = dict(state["sessionAttributes"])
        if state.get("activeContexts") is not None:
            self.active_contexts = list(state["activeContexts"])
        if state.get("dialogAction") is not None:
            self.dialog_action = dict(state["dialogAction"])
            # No intent yet; by its absence Lex Web UI's client.js recognizes such a state.
            if self.dialog_action["type"] == "ElicitIntent":
                self.intent = None
        if state.get("intent") is not None:
            self.intent = dict(state["intent"])


def _aged(context: Any, seconds: float) -> Any:
    """Return a context as the next turn has it, or nothing where it has ended."""
    live = context.get("timeToLive") if isinstance(context, dict) else None
    if not isinstance(live, dict):
        return context
    passed = {"turnsToLive": 1, "timeToLiveInSeconds": int(seconds)}
    after = {
        name: value - passed.get(name, 0) if isinstance(value, int) else value
        for name, value in live.items()
    }
    has_ended = any(isinstance(value, int) and value <= 0 for value in after.values())
    return None if has_ended else context | {"timeToLive": after}
