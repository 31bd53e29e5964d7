"""What Lex remembers of a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from websocket_stack.local.lex.intents import new_intent
from websocket_stack.local.lex.sessions import LexSession, SessionKey

KEY = SessionKey("LOCALBOT01", "TSTALIASID", "en_US", "session-1")
CONTEXT = {"name": "Ordering", "timeToLive": {"turnsToLive": 3}}


@pytest.fixture
def session() -> LexSession:
    return LexSession(KEY, used_at=0.0)


def test_a_new_session_has_no_intent(session: LexSession) -> None:
    assert session.state() == {"activeContexts": [], "sessionAttributes": {}}


@pytest.mark.parametrize(
    "state",
    [
        {"sessionAttributes": {"a": "1"}},
        {"activeContexts": [CONTEXT]},
        {"intent": new_intent("Book"), "dialogAction": {"type": "ConfirmIntent"}},
    ],
)
def test_what_a_state_leaves_out_stays(session: LexSession, state: dict[str, Any]) -> None:
    session.merge(state)
    session.merge({name: None for name in state})
    session.merge({})

    assert session.state() == {"activeContexts": [], "sessionAttributes": {}} | state


def test_attributes_are_replaced_as_a_whole(session: LexSession) -> None:
    for attributes in ({"a": "1"}, {"b": "2"}):
        session.merge({"sessionAttributes": attributes})

    assert session.attributes == {"b": "2"}


def test_eliciting_an_intent_ends_the_present_one(session: LexSession) -> None:
    session.merge({"intent": new_intent("Book"), "dialogAction": {"type": "Close"}})
    session.merge({"dialogAction": {"type": "ElicitIntent"}})

    assert "intent" not in session.state()


@pytest.mark.parametrize(
    ("live", "turns"),
    [
        ({"turnsToLive": 3}, 2),
        ({"turnsToLive": 9, "timeToLiveInSeconds": 25}, 2),
        ({"timeToLiveInSeconds": 35}, 3),
        ({"turnsToLive": 1}, 0),
    ],
)
def test_a_context_ends_after_its_turns_or_its_time(
    session: LexSession, live: dict[str, int], turns: int
) -> None:
    """A turn is ten seconds after the last."""
    session.merge({"activeContexts": [{"name": "Ordering", "timeToLive": live}]})
    lived = []
    while session.active_contexts:
        session.age(10.0)
        lived.append(bool(session.active_contexts))
    assert lived == [True] * turns + [False]


@pytest.mark.parametrize("context", [{"name": "Ordering"}, {"timeToLive": {"turnsToLive": "3"}}, 5])
def test_a_context_without_an_end_stays(session: LexSession, context: int | dict[str, Any]) -> None:
    session.merge({"activeContexts": [context]})
    session.age(10.0)
    assert session.active_contexts == [context]
