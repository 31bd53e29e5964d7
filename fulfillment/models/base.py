"""The model port: a prompt in, chunks of text out, and what is known once they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol


class Message(NamedTuple):
    """What one side of the conversation said."""

    role: Literal["user", "assistant"]
    text: str


class Prompt(NamedTuple):
    """What a model is asked. The last message is the user's."""

    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int = 1024


class Completion(NamedTuple):
    """How a model call ended; tokens are ``None`` where the service did not say."""

    model_id: str
    stop_reason: str
    """The service's word, an open set: ``end_turn``, ``max_tokens``, ``guardrail_intervened`` …"""
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None
    """The service's own measure, from request to the last token."""


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
