"""The model port: a prompt in, chunks of text out, and what is known once they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from fulfillment.text import repair_surrogates_in

# For a tool that returns nothing, or a blank text, which Bedrock refuses. It must not sound like a
# failure where something was done, nor like a find where nothing was found.
NO_RESULT = "Done; there is no result."


class StopReason(StrEnum):
    """Why a model ended; in Converse's words, where it has one.

    Each adapter maps the words of its service to these.
    """

    END_TURN = "end_turn"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_USE = "tool_use"
    MAX_TOKENS = "max_tokens"
    """At a limit, its own or the prompt's: it would have written more."""
    REFUSED = "content_filtered"
    """The model, or a filter of its service, refused to go on; what was written stands."""
    BLOCKED = "guardrail_intervened"
    """A guardrail replaced the text before it was streamed; what was written stands."""
    RETRACTED = "retracted"
    """A guardrail objected to text that was streamed already: nothing of it may stand."""
    OTHER = "other"
    """A word that is new to us; taken like ``END_TURN``."""


WITHHELD = frozenset({StopReason.REFUSED, StopReason.BLOCKED, StopReason.RETRACTED})
"""What was asked or written then is not given to a model again: it would be refused again."""


class ToolSpec(NamedTuple):
    """A tool as a model sees it; the schema is a JSON Schema of type ``object``."""

    name: str
    description: str
    schema: Mapping[str, object]


class ToolCall(NamedTuple):
    """A model's request to call a tool."""

    id: str
    name: str
    arguments: Mapping[str, object] | None
    """``None`` where the model did not write a JSON object."""


class ToolResult(NamedTuple):
    """What the model is told about a call."""

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
    provider_content: object = None
    """The message in the adapter's own form, from a completion of the same model. It is sent back
    unchanged, because a model that thinks between tool calls needs its signed thoughts again."""


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
    seconds_left: float | None = None
    """How long the reply may take from now on; ``None`` where that is not known."""

    def extended(self, message: Message, results: Sequence[ToolResult]) -> Prompt:
        """Return the prompt of the next round: with a message and the results of its calls."""
        answer = Message("user", tool_results=tuple(results))
        return self._replace(messages=(*self.messages, message, answer))


class Completion(NamedTuple):
    """How a model call ended; counts are ``None`` where the service did not give them."""

    model_id: str
    stop_reason: StopReason
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None
    """The service's own measure, from request to the last token."""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    provider_content: object = None
    """See :attr:`Message.provider_content`."""


class ModelStream(Protocol):
    """One model call. The call starts when the first chunk is asked for."""

    @property
    def completion(self) -> Completion | None:
        """How the call ended; ``None`` until the model has said that it is done."""
        ...

    def __iter__(self) -> Iterator[str]:
        """Yield the text as it is written, once.

        An empty chunk is a sign of life: the model is at work and has no text yet.

        Raises:
            ModelUnavailable: before the first chunk, and another try may help.
            ModelRejected: before the first chunk, and another try will not help.
            ModelInterrupted: the model began and did not finish.
        """
        ...

    def close(self) -> None:
        """Stop the call, from any thread: a blocked read returns and nothing more is written."""
        ...


class Model(Protocol):
    """Where chunks come from."""

    def ask(self, prompt: Prompt) -> ModelStream:
        """Prepare a call; does not block.

        Raises:
            ModelRejected: the prompt holds nothing to ask.
        """
        ...


def parse_arguments(text: str) -> Mapping[str, object] | None:
    """Return the JSON object that a model wrote as a tool's arguments; ``None`` if it is not one.

    For a tool without arguments, a model may write nothing at all.
    """
    if not text.strip():
        return {}
    try:
        value = json.loads(text)
        # Python reads NaN and the infinities, which JSON has not, and 1e999 as one of them. No
        # service takes them back.
        json.dumps(value, allow_nan=False)
        value = repair_surrogates_in(value)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
