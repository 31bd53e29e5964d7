"""A model that tells the terminal why its server did not answer.

The Lambda learns no more of a failure than Bedrock would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import openai

from fulfillment.errors import ModelError
from fulfillment.models.base import Completion, Model, ModelStream, Prompt

# Some servers answer with a page of HTML.
MAX_CHARACTERS = 500


class ExplainedModel:
    """A model whose failures are told.

    Args:
        model: the model.
        tell: gets a sentence of each failure.
    """

    def __init__(self, model: Model, tell: Callable[[str], None]) -> None:
        self._model = model
        self._tell = tell

    def ask(self, prompt: Prompt) -> ModelStream:
        """Prepare a call; see :class:`fulfillment.models.base.Model`."""
        return _ExplainedStream(self._model.ask(prompt), self._tell)


class _ExplainedStream:
    def __init__(self, stream: ModelStream, tell: Callable[[str], None]) -> None:
        self._stream = stream
        self._tell = tell

    @property
    def completion(self) -> Completion | None:
        return self._stream.completion

    def __iter__(self) -> Iterator[str]:
        try:
            yield from self._stream
        except ModelError as exc:
            self._tell(f"model: {explanation(exc)}")
            raise

    def close(self) -> None:
        self._stream.close()


def explanation(error: ModelError) -> str:
    """Return why a server did not answer: its status, its address and its own sentence."""
    cause = error.__cause__
    if isinstance(cause, openai.APIStatusError):
        body = cause.body
        message = body.get("message", body) if isinstance(body, dict) else body or cause.message
        sentence = " ".join(str(message).split())[:MAX_CHARACTERS]
        return f"{cause.status_code} from {cause.request.url}: {sentence}"
    if isinstance(cause, openai.APIConnectionError):
        reason = cause.__cause__ or cause
        return f"no answer from {cause.request.url}: {reason}"
    return str(cause or error)
