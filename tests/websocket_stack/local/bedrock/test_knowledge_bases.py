"""A knowledge base over passages: queries, sessions, retrieval, events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from fulfillment.models.base import Message, Prompt
from fulfillment.models.bedrock.knowledge_bases import question
from fulfillment.testing.scripted_model import ScriptedStream
from tests.websocket_stack.local.mutations import mutated
from tests.websocket_stack.local.stream_events import read_events
from websocket_stack.local.aws_json import ServiceError
from websocket_stack.local.bedrock import knowledge_bases
from websocket_stack.local.bedrock.knowledge_bases import (
    NOTHING_FOUND,
    KnowledgeBaseSessions,
    Query,
    query_of,
    reply_of,
    retrieve,
)
from websocket_stack.local.demo_model.model import tokens_of
from websocket_stack.local.demo_model.passages import Library, Passage

LAMPS = Passage("docs/lamps.md", "Lamps", "The lamp of a lighthouse turns once in ten seconds.")
FOG = Passage("README.md", "Fog", "In fog the horn and the lamp are on.")
LIBRARY = Library([LAMPS, FOG, Passage("README.md", "Sea", "The sea is deep.")])
QUERY = Query(
    "lamp",
    max_passages=2,
    cites=True,
    is_guarded=False,
    max_tokens=100,
    stop_sequences=(),
    session_id="",
)
ORIGIN = "http://127.0.0.1:8000/"


def request(
    text: str = "lamp", generation: Any = None, search: Any = None, **members: Any
) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "knowledgeBaseId": "KB12345678",
        "modelArn": "anthropic.claude",
    }
    if generation is not None:
        configuration["generationConfiguration"] = generation
    if search is not None:
        configuration["retrievalConfiguration"] = {"vectorSearchConfiguration": search}
    return {
        "input": {"text": text},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": configuration,
        },
        **members,
    }


def refusal(body: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as refused:
        query_of(body)
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")
    return refused.value.message


def read(answer: ScriptedStream, *passages: Passage, query: Query = QUERY) -> list[tuple[str, Any]]:
    return read_events(knowledge_bases.events(answer, passages, query, ORIGIN))


# --- requests


def test_a_request_becomes_a_query() -> None:
    body = request(
        "lamp",
        {
            "inferenceConfig": {
                "textInferenceConfig": {"maxTokens": 7, "stopSequences": ["END"], "topP": 0.5}
            },
            "guardrailConfiguration": {"guardrailId": "abc", "guardrailVersion": "1"},
        },
        {"numberOfResults": 1},
        sessionId="session-1",
    )

    assert query_of(body) == Query(
        "lamp",
        max_passages=1,
        cites=True,
        is_guarded=True,
        max_tokens=7,
        stop_sequences=("END",),
        session_id="session-1",
    )
    assert query_of(body).prompt == Prompt(
        (Message("user", "lamp"),), max_tokens=7, stop_sequences=("END",)
    )


def test_a_request_needs_a_text_and_a_knowledge_base() -> None:
    assert query_of(request()) == QUERY._replace(max_tokens=2048)


@pytest.mark.parametrize(
    ("template", "cites"),
    [
        ("Answer from $search_results$. $output_format_instructions$", True),
        ("Answer from $search_results$.", False),
    ],
)
def test_a_custom_template_has_to_ask_for_citations(template: str, cites: bool) -> None:
    body = request(generation={"promptTemplate": {"textPromptTemplate": template}})

    assert query_of(body).cites is cites


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "'input' failed to satisfy constraint: Member must not be null"),
        (
            request("x" * 1001),
            "'input.text' failed to satisfy constraint: Member must have length less than or equal"
            " to 1000",
        ),
        (
            request(search={"numberOfResults": 101}),
            "numberOfResults' failed to satisfy constraint: Member must have value less than or"
            " equal to 100",
        ),
        ({"input": {"text": "lamp"}}, "knowledgeBaseConfiguration is required"),
        (
            {
                "input": {"text": "lamp"},
                "retrieveAndGenerateConfiguration": {"type": "KNOWLEDGE_BASE"},
            },
            "knowledgeBaseConfiguration is required",
        ),
        (
            {
                "input": {"text": "lamp"},
                "retrieveAndGenerateConfiguration": {"type": "EXTERNAL_SOURCES"},
            },
            "no external sources",
        ),
        (
            request(generation={"promptTemplate": {"textPromptTemplate": "Answer!"}}),
            "$search_results$",
        ),
    ],
)
def test_an_invalid_query_is_refused(body: dict[str, Any], message: str) -> None:
    assert message in refusal(body)


# --- sessions


def test_only_the_service_can_name_a_session() -> None:
    sessions = KnowledgeBaseSessions()
    session_id = sessions.begin_or_resume("")

    assert sessions.begin_or_resume(session_id) == session_id
    assert sessions.begin_or_resume("") != session_id
    with pytest.raises(ServiceError, match="Session with Id my-own is not valid") as refused:
        sessions.begin_or_resume("my-own")
    assert (refused.value.status, refused.value.code) == (400, "ValidationException")


# --- retrieval


def test_the_number_of_passages_is_limited() -> None:
    assert retrieve(LIBRARY, QUERY._replace(text="lamp in fog")) == [FOG]
    assert len(retrieve(LIBRARY, QUERY._replace(max_passages=1))) == 1


def test_earlier_questions_do_not_get_in_the_way() -> None:
    texts = ("deep sea", "It is.", "horn in fog")
    messages = [Message("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]

    assert retrieve(LIBRARY, QUERY._replace(text=question(Prompt(tuple(messages))))) == [FOG]


def test_earlier_questions_help_a_short_one() -> None:
    messages = [Message("user", "deep sea"), Message("assistant", "Yes."), Message("user", "Why?")]

    [found] = retrieve(LIBRARY, QUERY._replace(text=question(Prompt(tuple(messages)))))
    assert found.heading == "Sea"


def test_the_reply_is_the_passages_or_an_apology() -> None:
    assert reply_of([LAMPS, FOG]) == f"{LAMPS.text}\n\n{FOG.text}"
    assert reply_of([]) == NOTHING_FOUND


# --- events


def test_each_citation_follows_its_passage() -> None:
    text = reply_of([LAMPS, FOG])
    events = read(ScriptedStream(tokens_of(text)), LAMPS, FOG)

    assert "".join(payload["text"] for name, payload in events if name == "output") == text
    cited = [n for n, (name, _) in enumerate(events) if name == "citation"]
    assert len(cited) == 2
    for place, passage in zip(cited, (LAMPS, FOG), strict=True):
        written = "".join(payload.get("text", "") for _, payload in events[:place])
        payload = events[place][1]
        part = payload["generatedResponsePart"]["textResponsePart"]
        assert part["text"] == passage.text
        # The last character is the end.
        assert written[part["span"]["start"] : part["span"]["end"] + 1] == passage.text
        assert payload["citation"] == {
            "generatedResponsePart": payload["generatedResponsePart"],
            "retrievedReferences": payload["retrievedReferences"],
        }


def test_an_unfinished_passage_is_not_cited() -> None:
    events = read(ScriptedStream(tokens_of(LAMPS.text)[:-1]), LAMPS)

    assert {name for name, _ in events} == {"output"}


def test_without_citations_there_is_only_text() -> None:
    events = read(ScriptedStream([LAMPS.text]), LAMPS, query=QUERY._replace(cites=False))

    assert events == [("output", {"text": LAMPS.text})]


def test_a_guardrail_has_its_event() -> None:
    events = read(ScriptedStream(["", "Sorry."]), query=QUERY._replace(is_guarded=True))

    assert events == [("output", {"text": "Sorry."}), ("guardrail", {"action": "NONE"})]


ANY = request(
    "lamp",
    {
        "inferenceConfig": {"textInferenceConfig": {"maxTokens": 3, "stopSequences": ["x"]}},
        "promptTemplate": {"textPromptTemplate": "$search_results$"},
        "guardrailConfiguration": {"guardrailId": "a", "guardrailVersion": "1"},
    },
    {"numberOfResults": 3},
    sessionId="abc",
)


@given(mutated(ANY))
def test_any_request_is_read_or_refused(body: Any) -> None:
    try:
        assert query_of(body).max_passages in (1, 2)
    except ServiceError as refused:
        assert refused.status == 400
