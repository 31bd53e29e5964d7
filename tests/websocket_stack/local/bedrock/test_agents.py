"""An agent: its requests, its memory, and the events of its replies."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import pytest

from fulfillment.errors import ModelInterrupted
from fulfillment.models.base import Message
from fulfillment.testing.scripted_model import ScriptedStream
from tests.websocket_stack.local.stream_events import read_events
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock import agents
from websocket_stack.local.bedrock.agents import AgentSessions, Invocation, invocation_of

PATH = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "session-1"}
CITED: dict[str, Any] = {"generatedResponsePart": {}, "retrievedReferences": []}


def invocation(text: str, session: str = "session-1") -> Invocation:
    key = ("AGENT12345", "ALIAS12345", session)
    return Invocation(key, text, is_streamed=True, ends_session=False, memory_id="")


def refusal(body: dict[str, Any], path: dict[str, str] = PATH) -> str:
    with pytest.raises(ServiceError) as refused:
        invocation_of(path, body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


def chunks(parts: Iterable[bytes]) -> list[tuple[str, Any]]:
    """Return the text and the attribution of each chunk."""
    return [
        (base64.b64decode(payload["bytes"]).decode(), payload.get("attribution"))
        for _, payload in read_events(parts)
    ]


# --- requests


def test_a_request_becomes_an_invocation() -> None:
    body = {
        "inputText": "hello",
        "streamingConfigurations": {"streamFinalResponse": True},
        "memoryId": "memory-1",
        "enableTrace": True,
        "sessionState": {"sessionAttributes": {"colour": "red"}},
    }

    assert invocation_of(PATH, body) == invocation("hello")._replace(memory_id="memory-1")
    assert invocation_of(PATH, {"inputText": "hello"}).is_streamed is False


def test_the_end_of_a_session_needs_no_text() -> None:
    assert invocation_of(PATH, {"endSession": True}).ends_session


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_an_agent_needs_a_text(text: str | None) -> None:
    assert refusal({"inputText": text}) == "inputText is required and not blank."


def test_the_path_is_validated_too() -> None:
    assert "Value at 'agentId'" in refusal({"inputText": "x"}, PATH | {"agentId": "AGENT-1"})
    assert "Value at 'sessionId'" in refusal({"inputText": "x"}, PATH | {"sessionId": "a b"})


# --- sessions


def test_a_session_remembers_its_turns() -> None:
    sessions = AgentSessions()
    sessions.remember(invocation("hello"), "hi\n")

    assert sessions.prompt(invocation("and now?")).messages == (
        Message("user", "hello"),
        Message("assistant", "hi"),
        Message("user", "and now?"),
    )
    assert sessions.prompt(invocation("and now?", "session-2")).messages == (
        Message("user", "and now?"),
    )
    other_agent = invocation("x")._replace(session=("AGENT67890", "ALIAS12345", "session-1"))
    assert len(sessions.prompt(other_agent).messages) == 1


def test_a_turn_without_a_reply_is_not_remembered() -> None:
    sessions = AgentSessions()
    sessions.remember(invocation("hello"), " ")

    assert len(sessions.prompt(invocation("and now?")).messages) == 1


def test_an_ended_session_is_forgotten() -> None:
    sessions = AgentSessions()
    sessions.remember(invocation("hello"), "hi")
    sessions.end(invocation(""))
    sessions.end(invocation(""))

    assert len(sessions.prompt(invocation("and now?")).messages) == 1


def test_only_the_latest_turns_and_sessions_are_kept() -> None:
    sessions = AgentSessions()
    for n in range(agents.MAX_TURNS + 5):
        sessions.remember(invocation(f"question {n}"), f"answer {n}")
    messages = sessions.prompt(invocation("now")).messages
    assert len(messages) == 2 * agents.MAX_TURNS + 1
    assert messages[0] == Message("user", "question 5")

    for n in range(agents.MAX_SESSIONS - 1):
        sessions.remember(invocation("x", f"other-{n}"), "y")
    sessions.remember(invocation("again"), "yes")
    sessions.remember(invocation("x", "one-too-many"), "y")
    assert len(sessions.prompt(invocation("now")).messages) > 1
    assert len(sessions.prompt(invocation("now", "other-0")).messages) == 1


# --- events


def test_a_streaming_agent_replies_in_chunks() -> None:
    remembered: list[str] = []
    parts = agents.events(
        ScriptedStream(["hel", "", "lo"]), lambda text: [], remembered.append, is_streamed=True
    )

    assert chunks(parts) == [("hel", None), ("lo", None)]
    assert remembered == ["hello"]


def test_its_citations_come_last() -> None:
    parts = agents.events(
        ScriptedStream(["hel", "lo"]), lambda text: [CITED], lambda text: None, is_streamed=True
    )

    assert chunks(parts)[-1] == ("", {"citations": [CITED]})


def test_an_agent_that_does_not_stream() -> None:
    texts: list[str] = []

    def cite(text: str) -> list[Any]:
        texts.append(text)
        return [CITED]

    parts = agents.events(ScriptedStream(["Mal", "mö"]), cite, lambda text: None, is_streamed=False)

    assert chunks(parts) == [("Malmö", {"citations": [CITED]})]
    assert texts == ["Malmö"]


def test_an_unfinished_reply_is_remembered() -> None:
    remembered: list[str] = []
    broken = ScriptedStream(["hel", ModelInterrupted("broke")])
    with pytest.raises(ModelInterrupted):
        list(agents.events(broken, lambda text: [], remembered.append, is_streamed=True))

    left = agents.events(
        ScriptedStream(["hel", "lo"]), lambda text: [], remembered.append, is_streamed=True
    )
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert remembered == ["hel", "hel"]
