"""The model port: a prompt in, chunks of text out, and what is known once they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, Protocol

# How a model ends that would have had more to say. An open set.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
RAN_OUT = frozenset({"max_tokens", "model_context_window_exceeded"})

# For a tool that returns nothing, or a blank text, which Bedrock refuses. It must not sound like a
# failure where something was done, nor like a find where nothing was found.
NO_RESULT = "Done; there is no result."


class ToolSpec(NamedTuple):
    """A tool as a model sees it; the schema is a JSON Schema of type ``object``."""

    name: str
    description: str
    schema: Mapping[str, object]


class ToolCall(NamedTuple):
    """A model's wish to have a tool called."""

    id: str
    name: str
    arguments: Mapping[str, object] | None
    """``None`` where the model did not write a JSON object."""


class ToolResult(NamedTuple):
    """What the model is told of a call."""

    call_id: str
    text: str
    failed: bool = False


class Message(NamedTuple):
    """What one side of the conversation said.

    The assistant's may hold tool calls; the user's that follows it holds their results.
    """

    role: Literal["user", "assistant"]
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    verbatim: object = None
    """The message in the adapter's own form, from a completion of the same model; handed back as
    it came, for a model that thinks between tool calls wants to read its thoughts again."""


class Prompt(NamedTuple):
    """What a model is asked. The last message is the user's."""

    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int = 1024
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: tuple[str, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    conversation_id: str = ""
    """An unguessable name of the conversation, for services that remember it themselves."""


class Completion(NamedTuple):
    """How a model call ended; tokens are ``None`` where the service did not say."""

    model_id: str
    stop_reason: str
    """The service's word, an open set: ``end_turn``, ``max_tokens``, ``tool_use`` …"""
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None
    """The service's own measure, from request to the last token."""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    verbatim: object = None
    """See :attr:`Message.verbatim`."""
    withdrawn: bool = False
    """A filter found, after it was written, that the text must not stand."""


class Answer(Protocol):
    """One model call. The call starts when the first chunk is asked for."""

    @property
    def completion(self) -> Completion | None:
        """How the call ended; ``None`` until the model has said that it is done."""

    def __iter__(self) -> Iterator[str]:
        """Yield the text as it is written, once.

        An empty chunk is a sign of life: the model is at work and has no text yet.

        Raises:
            ModelUnavailable, ModelRejected: before the first chunk.
            ModelInterrupted: the model began and did not finish.
        """

    def close(self) -> None:
        """Stop the call, from any thread: a blocked read returns and nothing more is written."""


class Model(Protocol):
    """Where chunks come from."""

    def ask(self, prompt: Prompt) -> Answer:
        """Prepare a call; does not block."""
