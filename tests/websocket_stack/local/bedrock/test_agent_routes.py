"""Agents for Amazon Bedrock Runtime as boto3 speaks it, on a running stack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from starlette.applications import Starlette

from fulfillment.errors import ModelError, ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Prompt
from fulfillment.models.bedrock.agents import AgentModel
from fulfillment.models.bedrock.knowledge_bases import KnowledgeBaseModel
from fulfillment.testing import ScriptedModel
from tests.stack_fixture import client, running_app, running_stack
from websocket_stack.local.aws_json import ServiceError, error_response
from websocket_stack.local.bedrock import agent_routes
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.bedrock.agents import SESSION_ENDED
from websocket_stack.local.bedrock.knowledge_bases import NOTHING_FOUND
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library, Passage

pytestmark = pytest.mark.slow

LAMPS = Passage("docs/lamps.md", "Lamps", "The lamp of a lighthouse turns. Once in ten seconds.")
FOG = Passage("README.md", "Fog", "In fog the horn and also the lamp are on.")
DEMO = DemoModel(Library([LAMPS, FOG]), tokens_per_second=800, thinking_seconds=0.0)
ARN = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
AGENT = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345"}
STREAMING = {"streamFinalResponse": True}


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    routes = [*bedrock_routes.routes(DEMO), *agent_routes.routes(DEMO)]
    with running_stack(model_routes=routes) as stack_origin:
        yield stack_origin


@pytest.fixture(scope="module")
def runtime(origin: str) -> Iterator[Any]:
    with closing(client("bedrock-agent-runtime", origin)) as boto3_client:
        yield boto3_client


def query(text: str, **members: Any) -> dict[str, Any]:
    return {
        "input": {"text": text},
        "retrieveAndGenerateConfiguration": {
            "type": "KNOWLEDGE_BASE",
            "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": ARN},
        },
        **members,
    }


def generated(runtime: Any, text: str, **members: Any) -> tuple[str, list[Any]]:
    """Ask the knowledge base; return the session and the events."""
    response = runtime.retrieve_and_generate_stream(**query(text, **members))
    with closing(response["stream"]) as stream:
        return response["sessionId"], list(stream)


def invoked(runtime: Any, session: str, text: str, **members: Any) -> list[Any]:
    response = runtime.invoke_agent(**AGENT, sessionId=session, inputText=text, **members)
    assert response["sessionId"] == session
    assert response["contentType"] == "application/json"
    with closing(response["completion"]) as stream:
        return [event["chunk"] for event in stream]


def text_of(chunks: list[Any]) -> str:
    return b"".join(chunk["bytes"] for chunk in chunks).decode()


# --- the knowledge base


def test_a_knowledge_base_streams_with_citations(runtime: Any) -> None:
    _, events = generated(runtime, "How does the lamp turn?")

    outputs = [event["output"]["text"] for event in events if "output" in event]
    assert len(outputs) > 10
    assert "".join(outputs) == LAMPS.text
    cited = events[-1]["citation"]
    part = cited["generatedResponsePart"]["textResponsePart"]
    assert part == {"text": LAMPS.text, "span": {"start": 0, "end": len(LAMPS.text) - 1}}
    assert cited["citation"]["retrievedReferences"] == cited["retrievedReferences"]


def test_it_apologizes_where_it_finds_nothing(runtime: Any) -> None:
    _, events = generated(runtime, "quantum chromodynamics")

    assert "".join(event["output"]["text"] for event in events) == NOTHING_FOUND


def test_a_session_is_resumed(runtime: Any) -> None:
    session, _ = generated(runtime, "lamp")

    assert generated(runtime, "fog", sessionId=session)[0] == session
    with pytest.raises(runtime.exceptions.ValidationException, match="Session with Id my-own"):
        generated(runtime, "fog", sessionId="my-own")


def test_the_adapter_reads_the_knowledge_base(runtime: Any, origin: str) -> None:
    answer = KnowledgeBaseModel(runtime, "KB12345678", ARN).ask(
        Prompt((Message("user", "How does the lamp turn?"),))
    )

    assert "".join(answer) == (
        f"{LAMPS.text} [1]\n\n**Sources**\n\n1. [lamps.md]({origin}/docs/lamps.md)"
    )
    assert answer.completion is not None
    assert answer.completion.stop_reason == "end_turn"


# --- the agent


def test_an_agent_streams(runtime: Any) -> None:
    chunks = invoked(
        runtime, "session-1", "How does the lamp turn?", streamingConfigurations=STREAMING
    )

    assert len(chunks) > 10
    assert text_of(chunks).startswith(LAMPS.text)
    [citation] = chunks[-1]["attribution"]["citations"]
    assert citation["generatedResponsePart"]["textResponsePart"]["text"] == LAMPS.text
    assert not any("attribution" in chunk for chunk in chunks[:-1])


def test_an_agent_that_does_not_stream(runtime: Any) -> None:
    [chunk] = invoked(runtime, "session-2", "How does the lamp turn?")

    assert chunk["bytes"].decode().startswith(LAMPS.text)
    assert chunk["attribution"]["citations"]


def test_an_agents_session_ends(runtime: Any) -> None:
    response = runtime.invoke_agent(
        **AGENT, sessionId="session-3", inputText="lamp", memoryId="memory-1", endSession=True
    )
    with closing(response["completion"]) as stream:
        assert [event["chunk"]["bytes"].decode() for event in stream] == [SESSION_ENDED]
    assert response["memoryId"] == "memory-1"


def test_the_adapter_reads_the_agent(runtime: Any) -> None:
    answer = AgentModel(runtime, "AGENT12345", "ALIAS12345").ask(
        Prompt((Message("user", "How does the lamp turn?"),), conversation_id="session-4")
    )

    written = "".join(answer)
    assert written.startswith(LAMPS.text)
    assert "[1]\n\n**Sources**\n\n1. [lamps.md](" in written
    assert answer.completion is not None


@pytest.mark.parametrize(
    ("path", "text"),
    [({"agentId": "not-an-id"}, "hello"), ({"sessionId": "x" * 101}, "hello"), ({}, " ")],
)
def test_an_invalid_invocation_is_refused(runtime: Any, path: dict[str, str], text: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.invoke_agent(**{**AGENT, "sessionId": "session-5", **path}, inputText=text)


# --- a model of the test's own


@pytest.fixture
def modelled() -> Iterator[Any]:
    """A function that runs an agent with a script, and gives a client and the model."""
    with ExitStack() as stack:

        def run(*script: Any) -> tuple[Any, ScriptedModel]:
            model = ScriptedModel(script, repeats=True)
            app = Starlette(
                routes=agent_routes.routes(DEMO, model),
                exception_handlers={ServiceError: error_response},
            )
            origin = stack.enter_context(running_app(app))
            return stack.enter_context(closing(client("bedrock-agent-runtime", origin))), model

        yield run


def test_the_agent_remembers_its_session(modelled: Any) -> None:
    runtime, model = modelled("Hello ", "there.")
    for text in ("Hi", "Again"):
        invoked(runtime, "session-1", text, streamingConfigurations=STREAMING)
    invoked(runtime, "session-2", "Hi")

    assert [prompt.messages for prompt in model.prompts] == [
        (Message("user", "Hi"),),
        (Message("user", "Hi"), Message("assistant", "Hello there."), Message("user", "Again")),
        (Message("user", "Hi"),),
    ]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (ModelRejected("no"), "ValidationException", 400),
        (ModelUnavailable("busy"), "DependencyFailedException", 424),
    ],
)
def test_an_early_failure_is_an_error(
    modelled: Any, error: ModelError, code: str, status: int
) -> None:
    runtime, _ = modelled(error)
    with pytest.raises(ClientError) as failed:
        invoked(runtime, "session-1", "Hi")

    assert failed.value.response["Error"]["Code"] == code
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_later_failure_is_an_error_in_the_stream(modelled: Any) -> None:
    runtime, _ = modelled("Hello ", ModelInterrupted("broke"))
    with pytest.raises(EventStreamError) as broken:
        invoked(runtime, "session-1", "Hi", streamingConfigurations=STREAMING)

    assert broken.value.response["Error"]["Code"] == "dependencyFailedException"
