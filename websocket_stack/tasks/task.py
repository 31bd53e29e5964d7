"""Task: what a handler is given."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from fulfillment.assistant import AskOptions, Assistant
from fulfillment.memory.base import Exchange
from fulfillment.must_read import MustRead

if TYPE_CHECKING:
    from fulfillment.streaming.stream import Chunks


class Task:
    """One task, or one message of a chat.

    Attributes:
        id: the client's own name for it, any JSON value; ``None`` for a message without one.
        type: the type of the task; of a message, ``message``.
        data: what the client sent with it.
        owner: who asks: a Cognito identity, the subject of a token, or, without
            sign-in, a connection.
        connection_id: the connection that it came from, for producers elsewhere; a client that
            reconnects has another.
        assistant: asks models on its behalf.
    """

    def __init__(
        self,
        *,
        id: object,
        type: str,
        data: Mapping[str, Any],
        owner: str,
        connection_id: str,
        assistant: Assistant,
    ) -> None:
        self.id = id
        self.type = type
        self.data = data
        self.owner = owner
        self.connection_id = connection_id
        self.assistant = assistant

    @property
    def prompt(self) -> str:
        """The client's question: that of a task, or the prompt of a message."""
        prompt = self.data.get("prompt") if self.type == "message" else self.data.get("question")
        return prompt if isinstance(prompt, str) else ""

    @property
    def seconds_left(self) -> float:
        """How many seconds there are until the task is cut off."""
        return self.assistant.seconds_left

    def ask(self, prompt: str | None = None, **options: Unpack[AskOptions]) -> Chunks:
        """Ask the model; the result yields its text as it is written: ``yield from task.ask()``.

        Args:
            prompt: the question, by default the client's.
            options: ``system``, ``max_tokens``, ``temperature``, ``top_p``, ``stop_sequences``,
                ``tools``, ``model`` and ``history``, as :meth:`fulfillment.turn.Turn.ask` has them.

        Returns:
            The text, to be iterated once; if it never is, a warning says so. Iterating raises
            :class:`fulfillment.errors.ModelError` if the model does not answer, or not to the end.

        Raises:
            ToolError: a function cannot be a tool.
        """
        chunks = self.assistant.ask(self.prompt if prompt is None else prompt, **options)
        return MustRead(chunks, "task.ask(…)", sys._getframe(1))


def exchanges_of(history: Iterable[Sequence[str]]) -> list[Exchange]:
    """Return what was said before, given as pairs of a role and a text, turn by turn."""
    exchanges: list[Exchange] = []
    for role, text in history:
        last = exchanges[-1] if exchanges else None
        if role == "user" and (last is None or last.reply):
            exchanges.append(Exchange(text, ""))
        elif role == "user":
            exchanges[-1] = Exchange(f"{exchanges[-1].utterance}\n\n{text}", "")
        elif last is None:
            exchanges.append(Exchange("", text))
        else:
            exchanges[-1] = last._replace(reply="\n\n".join(filter(None, [last.reply, text])))
    return exchanges
