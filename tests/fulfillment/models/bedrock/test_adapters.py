"""What all adapters of Bedrock have in common: how their calls fail, break and are closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from fulfillment.errors import ModelInterrupted, ModelRejected, ModelUnavailable
from fulfillment.models.base import Message, Model, ModelStream, Prompt
from fulfillment.models.bedrock.agents import AgentModel
from fulfillment.models.bedrock.converse import ConverseModel
from fulfillment.models.bedrock.knowledge_bases import KnowledgeBaseModel
from fulfillment.models.bedrock.native import ANTHROPIC_MESSAGES, NativeModel
from tests import aws_stub
from tests.fulfillment.models.stream_server import blob, json_blob, read, serving
from websocket_stack.local.bedrock.event_stream import event, exception

PROMPT = Prompt((Message("user", "Hi"),), max_tokens=50)


class Adapter(NamedTuple):
    """An adapter, an event of its service that holds text, and a call that botocore refuses."""

    service: str
    model: Callable[[Any], Model]
    text: Callable[[str], bytes]
    invalid: Callable[[Any], ModelStream]

    def ask(self, *pieces: bytes | Exception) -> ModelStream:
        client, _ = aws_stub.client(self.service, aws_stub.streamed(*pieces))
        return self.model(client).ask(PROMPT)


def converse_text(text: str) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})


def native_text(text: str) -> bytes:
    delta = {"type": "text_delta", "text": text}
    return json_blob({"type": "content_block_delta", "index": 0, "delta": delta})


ADAPTERS = {
    "Converse": Adapter(
        "bedrock-runtime",
        lambda client: ConverseModel(client, "m"),
        converse_text,
        lambda client: ConverseModel(client, "m").ask(PROMPT._replace(max_tokens=0)),
    ),
    "native": Adapter(
        "bedrock-runtime",
        lambda client: NativeModel(client, "m", ANTHROPIC_MESSAGES),
        native_text,
        lambda client: NativeModel(client, "", ANTHROPIC_MESSAGES).ask(PROMPT),
    ),
    "agent": Adapter(
        "bedrock-agent-runtime",
        lambda client: AgentModel(client, "AGENT12345", "ALIAS12345"),
        lambda text: blob(text.encode()),
        lambda client: AgentModel(client, "AGENT12345", "ALIAS12345").ask(
            PROMPT._replace(conversation_id="x")
        ),
    ),
    "knowledge base": Adapter(
        "bedrock-agent-runtime",
        lambda client: KnowledgeBaseModel(client, "KB12345678", "arn"),
        lambda text: event("output", {"text": text}),
        lambda client: KnowledgeBaseModel(
            client, "KB12345678", "arn", search={"numberOfResults": 0}
        ).ask(PROMPT),
    ),
}


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return ADAPTERS[request.param]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("throttlingException", ModelUnavailable),
        ("internalServerException", ModelUnavailable),
        ("validationException", ModelRejected),
    ],
)
def test_an_exception_in_the_stream_is_ours(adapter: Adapter, name: str, expected: type) -> None:
    failing = exception(name, "quotes the prompt")
    written, error = read(adapter.ask(failing))
    assert (written, type(error), str(error)) == ("", expected, name)
    written, error = read(adapter.ask(adapter.text("So far"), failing))
    assert (written, type(error), str(error)) == ("So far", ModelInterrupted, name)


def test_a_stream_that_is_cut_is_not_complete(adapter: Adapter) -> None:
    with serving(adapter.service, adapter.text("So far"), cut=True) as served:
        stream = adapter.model(served.client).ask(PROMPT)
        written, error = read(stream)
    assert (written, type(error)) == ("So far", ModelInterrupted)
    assert stream.completion is None


def test_a_stream_without_text_may_be_tried_again(adapter: Adapter) -> None:
    stream = adapter.ask(event("brandNew", {}))
    assert type(read(stream)[1]) is ModelUnavailable
    assert stream.completion is None


def test_closing_ends_a_read_that_blocks(adapter: Adapter) -> None:
    gate = threading.Event()
    pieces = (adapter.text("So far"), gate, adapter.text("no"))
    with serving(adapter.service, *pieces) as served:
        stream = adapter.model(served.client).ask(PROMPT)
        chunks = iter(stream)
        first = next(chunks)
        outcome: list[Any] = []
        reader = threading.Thread(target=lambda: outcome.append(read(chunks)))
        reader.start()
        stream.close()
        reader.join(5)
        gate.set()
    assert (first, outcome) == ("So far", [("", None)])
    assert stream.completion is None


def test_a_request_that_botocore_refuses_is_rejected(adapter: Adapter) -> None:
    client, sent = aws_stub.client(adapter.service)
    assert type(read(adapter.invalid(client))[1]) is ModelRejected
    assert sent == []


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(429, "ThrottlingException", ModelUnavailable), (400, "ValidationException", ModelRejected)],
)
def test_a_refused_call_is_ours(adapter: Adapter, status: int, code: str, expected: type) -> None:
    client, _ = aws_stub.client(adapter.service, aws_stub.refused(status, code, "quotes"))
    written, error = read(adapter.model(client).ask(PROMPT))
    assert (written, type(error), str(error)) == ("", expected, code)
