"""An agent: what it is asked, what it remembers, and the events of its answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from fakes import FakeStream
from fulfillment.errors import ModelInterrupted
from fulfillment.models.base import Message
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock import agents
from websocket_stack.local.bedrock.agents import Invocation, Sessions, invocation_of

PATH = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "session-1"}
CITED = {"generatedResponsePart": {}, "retrievedReferences": []}


def asked(text: str, session: str = "session-1") -> Invocation:
    return Invocation(("AGENT12345", "ALIAS12345", session), text, True, False, "")


def refusal(body: dict[str, Any], path: dict[str, str] = PATH) -> str:
    with pytest.raises(ServiceError) as refused:
        invocation_of(path, body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


def chunks(parts: Iterable[bytes]) -> list[tuple[str, Any]]:
    """Return the text and the attribution of each chunk."""
    buffer = EventStreamBuffer()
    for part in parts:
        buffer.add_data(part)
    payloads = [json.loads(each.payload) for each in buffer]
    return [
        (base64.b64decode(payload["bytes"]).decode(), payload.get("attribution"))
        for payload in payloads
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

    assert invocation_of(PATH, body) == asked("hello")._replace(memory_id="memory-1")
    assert invocation_of(PATH, {"inputText": "hello"}).streams is False


def test_the_end_of_a_session_needs_no_text() -> None:
    assert invocation_of(PATH, {"endSession": True}).ends_session


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_an_agent_is_asked_something(text) -> None:
    assert refusal({"inputText": text}) == "inputText is required and not blank."


def test_the_names_in_the_path_are_checked_too() -> None:
    assert "Value at 'agentId'" in refusal({"inputText": "x"}, PATH | {"agentId": "AGENT-1"})
    assert "Value at 'sessionId'" in refusal({"inputText": "x"}, PATH | {"sessionId": "a b"})


# --- sessions


def test_a_session_remembers_its_turns() -> None:
    sessions = Sessions()
    sessions.remember(asked("hello"), "hi\n")

    assert sessions.prompt(asked("and now?")).messages == (
        Message("user", "hello"),
        Message("assistant", "hi"),
        Message("user", "and now?"),
    )
    assert sessions.prompt(asked("and now?", "session-2")).messages == (
        Message("user", "and now?"),
    )
    other_agent = asked("x")._replace(session=("AGENT67890", "ALIAS12345", "session-1"))
    assert len(sessions.prompt(other_agent).messages) == 1


def test_a_turn_without_an_answer_is_not_remembered() -> None:
    sessions = Sessions()
    sessions.remember(asked("hello"), " ")

    assert len(sessions.prompt(asked("and now?")).messages) == 1


def test_a_session_that_is_ended_is_forgotten() -> None:
    sessions = Sessions()
    sessions.remember(asked("hello"), "hi")
    sessions.end(asked(""))
    sessions.end(asked(""))

    assert len(sessions.prompt(asked("and now?")).messages) == 1


def test_only_the_latest_turns_and_sessions_are_kept() -> None:
    sessions = Sessions()
    for n in range(agents.MOST_TURNS + 5):
        sessions.remember(asked(f"question {n}"), f"answer {n}")
    kept = sessions.prompt(asked("now")).messages
    assert len(kept) == 2 * agents.MOST_TURNS + 1
    assert kept[0] == Message("user", "question 5")

    for n in range(agents.MOST_SESSIONS - 1):
        sessions.remember(asked("x", f"other-{n}"), "y")
    sessions.remember(asked("again"), "yes")
    sessions.remember(asked("x", "one-too-many"), "y")
    assert len(sessions.prompt(asked("now")).messages) > 1
    assert len(sessions.prompt(asked("now", "other-0")).messages) == 1


# --- events


def test_a_streaming_agent_answers_in_chunks() -> None:
    remembered: list[str] = []
    parts = agents.events(FakeStream(["hel", "", "lo"]), True, lambda text: [], remembered.append)

    assert chunks(parts) == [("hel", None), ("lo", None)]
    assert remembered == ["hello"]


def test_its_citations_come_last() -> None:
    parts = agents.events(FakeStream(["hel", "lo"]), True, lambda text: [CITED], lambda text: None)

    assert chunks(parts)[-1] == ("", {"citations": [CITED]})


def test_an_agent_that_does_not_stream_answers_in_one() -> None:
    texts: list[str] = []

    def cite(text: str) -> list[Any]:
        texts.append(text)
        return [CITED]

    parts = agents.events(FakeStream(["Mal", "mö"]), False, cite, lambda text: None)

    assert chunks(parts) == [("Malmö", {"citations": [CITED]})]
    assert texts == ["Malmö"]


def test_what_was_written_is_remembered_even_if_it_broke_or_nobody_reads_on() -> None:
    remembered: list[str] = []
    broken = FakeStream(["hel", ModelInterrupted("broke")])
    with pytest.raises(ModelInterrupted):
        list(agents.events(broken, True, lambda text: [], remembered.append))

    left = agents.events(FakeStream(["hel", "lo"]), True, lambda text: [], remembered.append)
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert remembered == ["hel", "hel"]
